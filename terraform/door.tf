# Who may call the agent. The provider has no AgentCore resource and the orchestrator makes the runtime, so this resource
# makes nothing: it lets a plan show a change of the door as what it is, client by client.

locals {
  required_group_rules = length(var.required_groups) == 0 ? [] : [
    { name = "cognito:groups", type = "STRING_ARRAY", operator = "CONTAINS_ANY", values = var.required_groups },
  ]

  authorizer = {
    discovery_url = (
      local.uses_cognito
      ? "https://${module.identity[0].user_pool_endpoint}/.well-known/openid-configuration"
      : var.external_oidc.discovery_url
    )
    allowed_clients  = local.uses_cognito ? module.identity[0].allowed_client_ids : var.external_oidc.allowed_clients
    allowed_audience = var.allowed_audience
    allowed_scopes   = var.allowed_scopes
    custom_claims    = concat(var.custom_claims, local.required_group_rules)
  }
}

resource "terraform_data" "authorizer" {
  input = local.authorizer

  lifecycle {
    precondition {
      condition = anytrue([
        length(local.authorizer.allowed_clients) > 0,
        length(local.authorizer.allowed_audience) > 0,
        length(local.authorizer.allowed_scopes) > 0,
        length(local.authorizer.custom_claims) > 0,
      ])
      error_message = "The authorizer has no allow-list: every token of ${var.external_oidc == null ? "the pool" : var.external_oidc.discovery_url} would be let in. Set external_oidc.allowed_clients, allowed_audience, allowed_scopes or custom_claims."
    }
  }
}
