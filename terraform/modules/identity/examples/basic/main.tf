ephemeral "aws_secretsmanager_random_password" "caller" {
  password_length            = 32
  require_each_included_type = true
}

module "identity" {
  source = "../.."

  app_clients = {
    batch  = { kind = "machine", scopes = ["agent/batch"] }
    mobile = { kind = "person", auth_flows = ["refresh", "srp"] }
  }
  caller_groups        = ["desk"]
  caller_password      = ephemeral.aws_secretsmanager_random_password.caller.random_password
  caller_username      = "demo-caller"
  deletion_protection  = true
  domain_prefix        = "mortgage-dev-111122223333"
  groups               = { desk = { description = "Mortgage desk" } }
  name_prefix          = "mortgage-dev"
  secret_recovery_days = 30
}
