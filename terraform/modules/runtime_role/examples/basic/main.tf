module "runtime_role" {
  source = "../.."

  account_id               = "111122223333"
  agent_runtime_name       = "mortgage_dev"
  ecr_repository_arn       = "arn:aws:ecr:us-east-1:111122223333:repository/mortgage-dev"
  model_ids                = ["us.anthropic.claude-3-7-sonnet-20250219-v1:0"]
  name_prefix              = "mortgage-dev"
  partition                = "aws"
  permissions_boundary_arn = "arn:aws:iam::111122223333:policy/workload-boundary"
  region                   = "us-east-1"
  role_path                = "/agents/"
}
