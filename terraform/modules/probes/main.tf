locals {
  second_username = "probe-second"
}

# The demo caller is in it, the second person is not: the group door has to tell them apart.
resource "aws_cognito_user_group" "probe" {
  name         = "probe-callers"
  description  = "Admitted at the group door of the probes; means nothing at the agent's own door"
  user_pool_id = var.user_pool_id
}

resource "aws_cognito_user_in_group" "caller" {
  group_name   = aws_cognito_user_group.probe.name
  user_pool_id = var.user_pool_id
  username     = var.caller_username
}

# Made without a password, as the demo caller: the orchestrator sets it from the secret.
resource "aws_cognito_user" "second" {
  user_pool_id   = var.user_pool_id
  username       = local.second_username
  message_action = "SUPPRESS"
}

resource "aws_secretsmanager_secret" "second" {
  name                    = "${var.name_prefix}/probe-second-password"
  description             = "Password of the probes' second person ${local.second_username}, in both pools"
  recovery_window_in_days = var.secret_recovery_days

  tags = var.tags
}

resource "aws_secretsmanager_secret_version" "second" {
  secret_id                = aws_secretsmanager_secret.second.id
  secret_string_wo         = var.second_password
  secret_string_wo_version = var.second_password_version
}

# Another issuer with keys of its own, whose tokens are good everywhere but here.
resource "aws_cognito_user_pool" "other" {
  name                = "${var.name_prefix}-probe-other"
  deletion_protection = "INACTIVE"

  admin_create_user_config {
    allow_admin_create_user_only = true
  }

  password_policy {
    minimum_length                   = 12
    require_lowercase                = true
    require_numbers                  = true
    require_symbols                  = true
    require_uppercase                = true
    temporary_password_validity_days = 1
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "admin_only"
      priority = 1
    }
  }

  tags = var.tags
}

resource "aws_cognito_user" "other" {
  user_pool_id   = aws_cognito_user_pool.other.id
  username       = local.second_username
  message_action = "SUPPRESS"
}
