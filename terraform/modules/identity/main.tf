locals {
  scope_identifier = "agent"
  scope_name       = "invoke"
  # Through the resource server, so that a client naming the scope is made after it.
  agent_scope = "${aws_cognito_resource_server.agent.identifier}/${local.scope_name}"

  # Both clients of this set get the same arguments, so a token of one differs from a token of the other in the
  # client alone: what refuses the outsider can only be the allow-list.
  public_clients = toset(["user", "outsider"])

  public_auth_flows = concat(
    ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
    var.password_flow_enabled ? ["ALLOW_USER_PASSWORD_AUTH"] : [],
  )
}

resource "aws_cognito_user_pool" "callers" {
  name                = "${var.name_prefix}-callers"
  deletion_protection = var.deletion_protection ? "ACTIVE" : "INACTIVE"

  # With an allow-list of clients, whoever may register may call the agent.
  admin_create_user_config {
    allow_admin_create_user_only = true
  }

  password_policy {
    # Not above 12: a user made without a password gets a temporary one from the service, and the local
    # emulator generates it with 12 characters.
    minimum_length                   = 12
    require_lowercase                = true
    require_numbers                  = true
    require_symbols                  = true
    require_uppercase                = true
    temporary_password_validity_days = 1
  }

  # No self-service recovery: the password lives in the secret and is set from there.
  account_recovery_setting {
    recovery_mechanism {
      name     = "admin_only"
      priority = 1
    }
  }

  tags = var.tags
}

# Serves the token endpoint of the client-credentials flow.
resource "aws_cognito_user_pool_domain" "callers" {
  domain       = var.domain_prefix
  user_pool_id = aws_cognito_user_pool.callers.id
}

resource "aws_cognito_resource_server" "agent" {
  identifier   = local.scope_identifier
  name         = "${var.name_prefix}-agent"
  user_pool_id = aws_cognito_user_pool.callers.id

  scope {
    scope_name        = local.scope_name
    scope_description = "Call the agent"
  }
}

resource "aws_cognito_user_pool_client" "public" {
  for_each = local.public_clients

  name         = "${var.name_prefix}-${each.key}"
  user_pool_id = aws_cognito_user_pool.callers.id

  generate_secret                      = false
  allowed_oauth_flows_user_pool_client = false
  explicit_auth_flows                  = local.public_auth_flows
  prevent_user_existence_errors        = "ENABLED"
  enable_token_revocation              = true

  access_token_validity  = var.access_token_minutes
  id_token_validity      = var.access_token_minutes
  refresh_token_validity = 8

  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "hours"
  }
}

resource "aws_cognito_user_pool_client" "machine" {
  name         = "${var.name_prefix}-machine"
  user_pool_id = aws_cognito_user_pool.callers.id

  # The provider reads the generated secret back, so it is in the state; it is in no output.
  generate_secret                      = true
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["client_credentials"]
  allowed_oauth_scopes                 = [local.agent_scope]

  # Left empty, Cognito opens SRP and custom logins too. Refresh alone lets no person in through this client.
  explicit_auth_flows           = ["ALLOW_REFRESH_TOKEN_AUTH"]
  prevent_user_existence_errors = "ENABLED"
  enable_token_revocation       = true

  access_token_validity  = var.access_token_minutes
  id_token_validity      = var.access_token_minutes
  refresh_token_validity = 1

  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "hours"
  }
}
