locals {
  scope_identifier = "agent"
  scope_name       = "invoke"
  acting_name      = "act-for-customers"

  # Both are always there; the others come beside them.
  clients = merge(var.app_clients, {
    machine = { kind = "machine", auth_flows = null, scopes = toset([local.agent_scope, local.acting_scope]) }
    user    = { kind = "person", auth_flows = null, scopes = null }
  })
  # An argument that was left out is the one of the client that is always there.
  client_flows = { for name, client in local.clients : name => client.kind == "person" ? coalesce(client.auth_flows, var.user_auth_flows) : [] }
  client_scopes = {
    for name, client in local.clients : name => client.kind == "machine" ? coalesce(client.scopes, [local.agent_scope]) : contains(local.client_flows[name], "code") ? [local.agent_scope] : []
  }

  scope_descriptions = {
    (local.scope_name)  = "Call the agent"
    (local.acting_name) = "Ask the agent about any customer by id"
  }

  agent_scope  = "${local.scope_identifier}/${local.scope_name}"
  acting_scope = "${local.scope_identifier}/${local.acting_name}"
  # The two scopes that there always are, and each that a client names.
  scope_names = setunion([local.scope_name, local.acting_name], [
    for scope in flatten([for scopes in values(local.client_scopes) : tolist(scopes)]) : trimprefix(scope, "${local.scope_identifier}/")
  ])
}

resource "aws_cognito_resource_server" "agent" {
  identifier   = local.scope_identifier
  name         = "${var.name_prefix}-agent"
  user_pool_id = aws_cognito_user_pool.callers.id

  dynamic "scope" {
    for_each = local.scope_names

    content {
      scope_name        = scope.value
      scope_description = lookup(local.scope_descriptions, scope.value, "Call the agent: ${scope.value}")
    }
  }
}

module "client" {
  source   = "../app_client"
  for_each = local.clients

  access_token_minutes   = var.access_token_minutes
  auth_flows             = local.client_flows[each.key]
  callback_urls          = var.callback_urls
  kind                   = each.value.kind
  name                   = "${var.name_prefix}-${each.key}"
  refresh_token_hours    = var.refresh_token_hours
  refresh_token_rotation = var.refresh_token_rotation
  scopes                 = local.client_scopes[each.key]
  # Through the resource server, so that a client naming a scope is made after it.
  user_pool_id = aws_cognito_resource_server.agent.user_pool_id
}
