module "web" {
  source = "../.."

  access_token_minutes = 15
  auth_flows           = ["refresh", "srp"]
  kind                 = "person"
  name                 = "mortgage-dev-web"
  user_pool_id         = "us-east-1_AbCdEf123"
}
