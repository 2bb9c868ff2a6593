module "artifacts" {
  source = "./modules/artifacts"

  account_id    = local.account_id
  force_delete  = !var.deletion_protection
  force_destroy = !var.deletion_protection
  name_prefix   = local.name_prefix
  partition     = local.partition
  region        = local.region
}

module "identity" {
  source = "./modules/identity"

  access_token_minutes    = var.access_token_minutes
  caller_password         = ephemeral.aws_secretsmanager_random_password.caller.random_password
  caller_password_version = var.caller_password_version
  caller_username         = var.caller_username
  deletion_protection     = var.deletion_protection
  # Domain prefixes are shared by all accounts of a region, hence the account in it.
  domain_prefix         = "${local.name_prefix}-${local.account_id}"
  name_prefix           = local.name_prefix
  password_flow_enabled = var.password_flow_enabled
  secret_recovery_days  = local.is_prod ? 30 : 0
}

module "runtime_role" {
  source = "./modules/runtime_role"

  account_id         = local.account_id
  agent_runtime_name = local.agent_runtime_name
  ecr_repository_arn = module.artifacts.ecr_repository_arn
  model_ids          = var.model_ids
  name_prefix        = local.name_prefix
  partition          = local.partition
  region             = local.region
}
