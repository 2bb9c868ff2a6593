resource "aws_cognito_user_pool" "callers" {
  name                = "${var.name_prefix}-callers"
  deletion_protection = var.deletion_protection ? "ACTIVE" : "INACTIVE"
  mfa_configuration   = local.mfa_modes[var.mfa]

  # With an allow-list of clients, whoever may register may call the agent.
  admin_create_user_config {
    allow_admin_create_user_only = true
  }

  password_policy {
    minimum_length                   = var.password_policy.minimum_length
    require_lowercase                = true
    require_numbers                  = true
    require_symbols                  = true
    require_uppercase                = true
    temporary_password_validity_days = var.password_policy.temporary_password_days
  }

  # No self-service recovery: the password lives in the secret and is set from there.
  account_recovery_setting {
    recovery_mechanism {
      name     = "admin_only"
      priority = 1
    }
  }

  # Codes by SMS or mail would need a sender; an authenticator app needs nothing.
  dynamic "software_token_mfa_configuration" {
    for_each = var.mfa == "off" ? [] : [1]

    content {
      enabled = true
    }
  }

  tags = var.tags
}

locals {
  mfa_modes = { off = "OFF", on = "ON", optional = "OPTIONAL" }
}

# Serves the token endpoint of the client-credentials flow.
resource "aws_cognito_user_pool_domain" "callers" {
  domain       = var.domain_prefix
  user_pool_id = aws_cognito_user_pool.callers.id
}

resource "aws_cognito_user_group" "callers" {
  for_each = var.groups

  name         = each.key
  description  = each.value.description
  user_pool_id = aws_cognito_user_pool.callers.id
}
