# The demo caller. Terraform makes the user and the secret; the orchestrator sets the user's password from the secret,
# because the provider has no write-only password argument and would keep the password in the state.

resource "aws_cognito_user" "caller" {
  user_pool_id   = aws_cognito_user_pool.callers.id
  username       = var.caller_username
  message_action = "SUPPRESS"
}

resource "aws_cognito_user_in_group" "caller" {
  for_each = var.caller_groups

  group_name   = aws_cognito_user_group.callers[each.key].name
  user_pool_id = aws_cognito_user_pool.callers.id
  username     = aws_cognito_user.caller.username
}

resource "aws_secretsmanager_secret" "caller" {
  name                    = "${var.name_prefix}/caller-password"
  description             = "Password of the demo caller ${var.caller_username}"
  recovery_window_in_days = var.secret_recovery_days

  tags = var.tags
}

resource "aws_secretsmanager_secret_version" "caller" {
  secret_id                = aws_secretsmanager_secret.caller.id
  secret_string_wo         = var.caller_password
  secret_string_wo_version = var.caller_password_version
}
