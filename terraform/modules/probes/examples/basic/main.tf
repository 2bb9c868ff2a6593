ephemeral "aws_secretsmanager_random_password" "second" {
  password_length            = 32
  require_each_included_type = true
}

module "probes" {
  source = "../.."

  access_token_minutes = 15
  account_id           = "111122223333"
  caller_username      = "demo-caller"
  elsewhere_policy_arn = "arn:aws:iam::111122223333:policy/mortgage-dev-probe-elsewhere"
  invoker_policy_arn   = "arn:aws:iam::111122223333:policy/mortgage-dev-probe-iam"
  name_prefix          = "mortgage-dev"
  partition            = "aws"
  second_password      = ephemeral.aws_secretsmanager_random_password.second.random_password
  secret_recovery_days = 0
  user_pool_id         = "us-east-1_AbCdEf123"
}
