module "probes" {
  source = "./modules/probes"
  count  = local.makes_probes ? 1 : 0

  access_token_minutes     = var.access_token_minutes
  account_id               = local.account_id
  caller_username          = module.identity[0].caller_username
  elsewhere_policy_arn     = module.probe_invoker_policy["elsewhere"].policy_arn
  gateway_scope            = one(module.gateway_access[*].scope)
  invoker_policy_arn       = module.probe_invoker_policy["iam"].policy_arn
  name_prefix              = local.name_prefix
  partition                = local.partition
  permissions_boundary_arn = var.permissions_boundary_arn
  refresh_token_hours      = var.refresh_token_hours
  refresh_token_rotation   = var.refresh_token_rotation
  role_path                = var.role_path
  second_password          = ephemeral.aws_secretsmanager_random_password.person["second"].random_password
  second_password_version  = var.caller_password_version
  secret_recovery_days     = local.secret_days
  # The other pool has no sign-in page, and a browser proves nothing here that a password does not.
  user_auth_flows = setsubtract(local.user_auth_flows, ["code"])
  user_pool_id    = module.identity[0].user_pool_id
}

module "probe_invoker_policy" {
  source = "./modules/invoker_policy"
  for_each = local.makes_probes ? {
    elsewhere = "${local.agent_runtime_name}_elsewhere"
    iam       = local.probe_runtime_names["iam"]
  } : {}

  account_id         = local.account_id
  agent_runtime_name = each.value
  name               = "${local.name_prefix}-probe-${each.key}"
  partition          = local.partition
  region             = local.region
  role_path          = var.role_path
}
