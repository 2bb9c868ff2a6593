locals {
  scope_identifier = "gateway"
  scope_name       = "invoke"
  scope            = "${local.scope_identifier}/${local.scope_name}"
}

resource "aws_cognito_resource_server" "gateway" {
  identifier   = local.scope_identifier
  name         = "${var.name_prefix}-gateway"
  user_pool_id = var.user_pool_id

  scope {
    scope_name        = local.scope_name
    scope_description = "Call the tools behind the gateway"
  }
}

# The agent's own: it is in no allow-list but the gateway's.
module "client" {
  source = "../app_client"

  access_token_minutes = var.access_token_minutes
  kind                 = "machine"
  name                 = "${var.name_prefix}-gateway"
  scopes               = [local.scope]
  # Through the resource server, so that a client naming a scope is made after it.
  user_pool_id = aws_cognito_resource_server.gateway.user_pool_id
}
