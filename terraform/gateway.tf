# The agent's tools behind AgentCore Gateway: what the gateway calls, as whom, and who may call it. The provider has no gateway
# resource and the orchestrator makes the gateway, its target and the credential provider, as it makes the runtime.

module "credit_check" {
  source = "./modules/credit_check"
  count  = local.makes_gateway ? 1 : 0

  account_id               = local.account_id
  name_prefix              = local.name_prefix
  package_hash             = filebase64sha256(var.credit_check_package)
  package_path             = var.credit_check_package
  partition                = local.partition
  permissions_boundary_arn = var.permissions_boundary_arn
  region                   = local.region
  role_path                = var.role_path
}

module "gateway_role" {
  source = "./modules/gateway_role"
  count  = local.makes_gateway ? 1 : 0

  account_id               = local.account_id
  function_arn             = module.credit_check[0].function_arn
  gateway_name             = local.gateway_name
  partition                = local.partition
  permissions_boundary_arn = var.permissions_boundary_arn
  region                   = local.region
  role_path                = var.role_path
}

module "gateway_access" {
  source = "./modules/gateway_access"
  count  = local.makes_gateway ? 1 : 0

  access_token_minutes = var.access_token_minutes
  name_prefix          = local.name_prefix
  user_pool_id         = module.identity[0].user_pool_id
}

locals {
  gateway_authorizer = local.makes_gateway ? {
    discovery_url    = local.authorizer.discovery_url
    allowed_clients  = { gateway = module.gateway_access[0].client_id }
    allowed_audience = []
    allowed_scopes   = [module.gateway_access[0].scope]
    custom_claims    = []
  } : null
}

# Makes nothing, as terraform_data.authorizer: it lets a plan show a change of the gateway's door.
resource "terraform_data" "gateway_authorizer" {
  count = local.makes_gateway ? 1 : 0

  input = local.gateway_authorizer
}
