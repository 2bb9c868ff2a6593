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

run "nobody_can_register" {
  command = plan

  assert {
    condition     = one(aws_cognito_user_pool.callers.admin_create_user_config).allow_admin_create_user_only
    error_message = "Self sign-up is open: whoever registers passes an allow-list of clients."
  }
}

run "passwords_are_long_and_mixed_and_fit_a_generated_one" {
  command = plan

  assert {
    condition     = one(aws_cognito_user_pool.callers.password_policy).minimum_length == 12
    error_message = "The minimum is not 12, the length of the emulator's temporary password."
  }

  assert {
    condition = alltrue([for policy in aws_cognito_user_pool.callers.password_policy :
      policy.require_lowercase && policy.require_uppercase && policy.require_numbers && policy.require_symbols
    ])
    error_message = "A character class is not required."
  }
}

run "the_pool_can_be_deleted_by_default_of_the_caller" {
  command = plan

  assert {
    condition     = aws_cognito_user_pool.callers.deletion_protection == "INACTIVE"
    error_message = "Deletion protection is on although it was not asked for."
  }
}

run "deletion_protection_reaches_the_pool" {
  command = plan

  variables {
    deletion_protection = true
  }

  assert {
    condition     = aws_cognito_user_pool.callers.deletion_protection == "ACTIVE"
    error_message = "Deletion protection was asked for and is off."
  }
}

run "the_scope_is_agent_invoke" {
  command = plan

  assert {
    condition = (
      aws_cognito_resource_server.agent.identifier == "agent"
      && [for scope in aws_cognito_resource_server.agent.scope : scope.scope_name] == ["invoke"]
      && output.scope == "agent/invoke"
    )
    error_message = "The resource server does not define the one scope agent/invoke, or the output names another."
  }
}
