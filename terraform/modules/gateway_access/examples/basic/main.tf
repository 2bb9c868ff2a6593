module "gateway_access" {
  source = "../.."

  name_prefix  = "mortgage-dev"
  user_pool_id = "us-east-1_AbCdEf123"
}
