module "gateway_role" {
  source = "../.."

  account_id   = "111122223333"
  function_arn = "arn:aws:lambda:us-east-1:111122223333:function:mortgage-dev-credit-check"
  gateway_name = "mortgage-dev-gateway"
  partition    = "aws"
  region       = "us-east-1"
}
