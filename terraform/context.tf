data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.name

  name_prefix = "${var.project}-${var.environment}"

  # Runtime names know no hyphen.
  agent_runtime_name = replace("${var.project}_${var.environment}", "-", "_")

  # The same names as PRODUCTION in orchestration/settings/deployment.py.
  is_prod         = contains(["live", "prd", "prod", "production"], var.environment)
  uses_cognito    = var.external_oidc == null
  makes_gateway   = local.uses_cognito && coalesce(var.gateway_enabled, true)
  makes_images    = var.deployment == "container"
  makes_probes    = local.uses_cognito && var.probes_enabled
  secret_days     = local.is_prod ? 30 : 0
  user_auth_flows = coalesce(var.user_auth_flows, toset(local.is_prod ? ["code", "refresh", "srp"] : ["code", "password", "refresh", "srp"]))

  # The runtimes that the smoke matrix launches beside the agent's own, each with another authorizer.
  probe_runtime_names = local.makes_probes ? {
    for door in ["audience", "group", "iam", "scope"] : door => "${local.agent_runtime_name}_probe_${door}"
  } : {}

  # The gateway's name, its credential provider's too: so each is found again by whoever has lost its id.
  gateway_name = local.makes_gateway ? "${local.name_prefix}-gateway" : null

  # What the pool's tokens name as their issuer, without scheme.
  pool_issuer = local.uses_cognito ? "cognito-idp.${local.region}.${data.aws_partition.current.dns_suffix}/${module.identity[0].user_pool_id}" : null
}
