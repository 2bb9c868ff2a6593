module "invoker_policy" {
  source = "../.."

  account_id         = "111122223333"
  agent_runtime_name = "mortgage_dev"
  name               = "mortgage-dev-invoker"
  partition          = "aws"
  region             = "us-east-1"
}
