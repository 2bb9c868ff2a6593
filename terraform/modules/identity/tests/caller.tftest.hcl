mock_provider "aws" {
  override_during = plan
}

variables {
  caller_password      = "Not-a-real-one-1"
  caller_username      = "demo-caller"
  deletion_protection  = false
  domain_prefix        = "demo-dev-111122223333"
  name_prefix          = "demo-dev"
  secret_recovery_days = 0
}

run "no_password_is_an_ordinary_argument" {
  command = plan

  assert {
    condition     = aws_cognito_user.caller.password == null && aws_cognito_user.caller.temporary_password == null
    error_message = "The user's password would be in the state."
  }

  assert {
    condition     = aws_secretsmanager_secret_version.caller.secret_string == null && aws_secretsmanager_secret_version.caller.secret_binary == null
    error_message = "The secret's value would be in the state."
  }

  assert {
    condition     = aws_secretsmanager_secret_version.caller.secret_string_wo_version == 1
    error_message = "The write-only value has no version, so it could never be rotated."
  }
}

run "a_raised_version_rotates_the_password" {
  command = plan

  variables {
    caller_password_version = 2
  }

  assert {
    condition     = aws_secretsmanager_secret_version.caller.secret_string_wo_version == 2
    error_message = "Raising caller_password_version changes nothing."
  }
}

run "the_user_gets_no_mail" {
  command = plan

  assert {
    condition     = aws_cognito_user.caller.message_action == "SUPPRESS"
    error_message = "Cognito would mail an invitation."
  }
}

run "the_recovery_window_is_the_callers" {
  command = plan

  variables {
    secret_recovery_days = 30
  }

  assert {
    condition     = aws_secretsmanager_secret.caller.recovery_window_in_days == 30
    error_message = "The secret's recovery window is not the one asked for."
  }
}
