# Callers whom the agent's own door must refuse, and the one whom the probes' scope door admits. None of them is in the
# agent's allow-list.

locals {
  scope_identifier = "probe"
  scope_names = {
    scope  = "call"
    longer = "call-more" # begins like the one above: a door that compares beginnings lets it in
    other  = "other"
  }
  scopes = { for key, name in local.scope_names : key => "${local.scope_identifier}/${name}" }

  clients = {
    # As the client "user" of the pool: what refuses it can only be the allow-list.
    outsider         = { kind = "person", pool = var.user_pool_id, scopes = [] }
    outsider-machine = { kind = "machine", pool = aws_cognito_resource_server.probe.user_pool_id, scopes = [local.scopes.scope] }
    probe-machine    = { kind = "machine", pool = aws_cognito_resource_server.probe.user_pool_id, scopes = values(local.scopes) }
    other-pool       = { kind = "person", pool = aws_cognito_user_pool.other.id, scopes = [] }
  }
  # May ask for the gateway's scope: what refuses it there can only be the allow-list.
  gateway_clients = {
    for scope in var.gateway_scope == null ? [] : [var.gateway_scope] : "outsider-gateway" => { kind = "machine", pool = var.user_pool_id, scopes = [scope] }
  }
}

resource "aws_cognito_resource_server" "probe" {
  identifier   = local.scope_identifier
  name         = "${var.name_prefix}-probe"
  user_pool_id = var.user_pool_id

  dynamic "scope" {
    for_each = toset(values(local.scope_names))

    content {
      scope_name        = scope.value
      scope_description = "Probe of the scope rule: ${scope.value}"
    }
  }
}

module "client" {
  source   = "../app_client"
  for_each = merge(local.clients, local.gateway_clients)

  access_token_minutes   = var.access_token_minutes
  auth_flows             = each.value.kind == "person" ? var.user_auth_flows : []
  kind                   = each.value.kind
  name                   = "${var.name_prefix}-${each.key}"
  refresh_token_hours    = var.refresh_token_hours
  refresh_token_rotation = var.refresh_token_rotation
  scopes                 = each.value.scopes
  user_pool_id           = each.value.pool
}
