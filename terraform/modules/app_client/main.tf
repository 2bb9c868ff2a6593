locals {
  is_machine = var.kind == "machine"
  # The pool's own sign-in page, with an authorization code for the redirect; a public client proves itself by PKCE.
  by_browser = contains(var.auth_flows, "code")

  # With rotation a refresh goes through GetTokensFromRefreshToken alone, and a client that rotates must not offer the older
  # flow (Cognito API: RefreshTokenRotationType).
  rotates = !local.is_machine && var.refresh_token_rotation && contains(var.auth_flows, "refresh")

  flow_names = {
    password = "ALLOW_USER_PASSWORD_AUTH"
    refresh  = "ALLOW_REFRESH_TOKEN_AUTH"
    srp      = "ALLOW_USER_SRP_AUTH"
  }
  person_flows = [for flow in var.auth_flows : local.flow_names[flow] if flow != "code" && !(flow == "refresh" && local.rotates)]
}

resource "aws_cognito_user_pool_client" "this" {
  name         = var.name
  user_pool_id = var.user_pool_id

  # The provider reads a generated secret back, so it is in the state; it is in no output.
  generate_secret                      = local.is_machine
  allowed_oauth_flows_user_pool_client = local.is_machine || local.by_browser
  allowed_oauth_flows                  = local.is_machine ? ["client_credentials"] : local.by_browser ? ["code"] : null
  allowed_oauth_scopes                 = local.is_machine ? var.scopes : local.by_browser ? setunion(["openid"], var.scopes) : null
  callback_urls                        = local.by_browser ? var.callback_urls : null
  supported_identity_providers         = local.by_browser ? ["COGNITO"] : null

  # Left empty, Cognito opens SRP and custom logins too. Refresh alone lets no person in through a machine's client.
  explicit_auth_flows           = local.is_machine ? ["ALLOW_REFRESH_TOKEN_AUTH"] : local.person_flows
  prevent_user_existence_errors = "ENABLED"
  enable_token_revocation       = true

  access_token_validity  = var.access_token_minutes
  id_token_validity      = var.access_token_minutes
  refresh_token_validity = local.is_machine ? 1 : var.refresh_token_hours

  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "hours"
  }

  dynamic "refresh_token_rotation" {
    for_each = local.rotates ? [1] : []

    content {
      feature = "ENABLED"
      # A client whose answer got lost asks again with the token that it has.
      retry_grace_period_seconds = 10
    }
  }
}
