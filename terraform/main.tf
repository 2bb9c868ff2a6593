module "artifacts" {
  source = "./modules/artifacts"

  account_id      = local.account_id
  force_destroy   = !var.deletion_protection
  name_prefix     = local.name_prefix
  noncurrent_days = var.artifact_noncurrent_days
  partition       = local.partition
  region          = local.region
}

module "image_build" {
  source = "./modules/image_build"
  count  = local.makes_images ? 1 : 0

  account_id               = local.account_id
  dns_suffix               = data.aws_partition.current.dns_suffix
  force_delete             = !var.deletion_protection
  name_prefix              = local.name_prefix
  partition                = local.partition
  permissions_boundary_arn = var.permissions_boundary_arn
  region                   = local.region
  role_path                = var.role_path
  source_bucket_name       = module.artifacts.bucket_name
  # Where the starter toolkit puts it.
  source_key = "${local.agent_runtime_name}/source.zip"
}

module "identity" {
  source = "./modules/identity"
  count  = local.uses_cognito ? 1 : 0

  access_token_minutes    = var.access_token_minutes
  app_clients             = var.app_clients
  caller_groups           = var.required_groups
  callback_urls           = var.callback_urls
  caller_password         = ephemeral.aws_secretsmanager_random_password.person["caller"].random_password
  caller_password_version = var.caller_password_version
  caller_username         = var.caller_username
  deletion_protection     = var.deletion_protection
  # Domain prefixes are shared by all accounts of a region, hence the account in it.
  domain_prefix          = "${local.name_prefix}-${local.account_id}"
  groups                 = var.groups
  mfa                    = var.mfa
  name_prefix            = local.name_prefix
  password_policy        = var.password_policy
  refresh_token_hours    = var.refresh_token_hours
  refresh_token_rotation = var.refresh_token_rotation
  secret_recovery_days   = local.secret_days
  user_auth_flows        = local.user_auth_flows
}

module "runtime_role" {
  source = "./modules/runtime_role"
  count  = var.execution_role_arn == null ? 1 : 0

  account_id         = local.account_id
  agent_runtime_name = local.agent_runtime_name
  ecr_repository_arn = one(module.image_build[*].repository_arn)
  # By its name alone: the orchestrator makes it.
  gateway_credential_provider_name = local.gateway_name
  model_ids                        = var.model_ids
  name_prefix                      = local.name_prefix
  partition                        = local.partition
  permissions_boundary_arn         = var.permissions_boundary_arn
  probe_runtime_names              = values(local.probe_runtime_names)
  region                           = local.region
  role_path                        = var.role_path
}

module "invoker_policy" {
  source = "./modules/invoker_policy"

  account_id         = local.account_id
  agent_runtime_name = local.agent_runtime_name
  name               = "${local.name_prefix}-invoker"
  partition          = local.partition
  region             = local.region
  role_path          = var.role_path
}
