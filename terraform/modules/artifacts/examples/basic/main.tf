module "artifacts" {
  source = "../.."

  account_id      = "111122223333"
  force_destroy   = false
  name_prefix     = "mortgage-dev"
  noncurrent_days = 30
  partition       = "aws"
  region          = "us-east-1"
}
