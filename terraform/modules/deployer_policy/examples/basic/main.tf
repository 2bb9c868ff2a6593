module "deployer_policy" {
  source = "../.."

  account_id               = "111122223333"
  environment              = "dev"
  partition                = "aws"
  permissions_boundary_arn = "arn:aws:iam::111122223333:policy/workload-boundary"
  project                  = "mortgage"
  region                   = "us-east-1"
  state_bucket_name        = "inbound-auth-tfstate-111122223333-us-east-1"
}
