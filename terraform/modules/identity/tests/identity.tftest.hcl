mock_provider "aws" {
  override_during = plan

  mock_resource "aws_cognito_user_pool" {
    defaults = { id = "eu-west-1_Demo", endpoint = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Demo" }
  }
}

variables {
  caller_password      = "Not-a-real-one-1"
  caller_username      = "demo-caller"
  deletion_protection  = false
  domain_prefix        = "demo-dev-111122223333"
  name_prefix          = "demo-dev"
  secret_recovery_days = 0
}

run "strangers_stay_out_of_the_pool_and_passwords_out_of_the_state" {
  command = plan

  # Nobody can register.
  assert {
    condition     = one(aws_cognito_user_pool.callers.admin_create_user_config).allow_admin_create_user_only
    error_message = "Self sign-up is open: whoever registers passes an allow-list of clients."
  }

  # Passwords are long and mixed and fit a generated one.
  assert {
    condition     = one(aws_cognito_user_pool.callers.password_policy).minimum_length == 12
    error_message = "The minimum is not 12, the length of the emulator's temporary password."
  }

  assert {
    condition = alltrue([for policy in aws_cognito_user_pool.callers.password_policy :
      policy.require_lowercase && policy.require_uppercase && policy.require_numbers && policy.require_symbols && policy.temporary_password_validity_days == 1
    ])
    error_message = "A character class is not required, or a temporary password lives longer than a day."
  }

  # Nobody recovers an account alone.
  assert {
    condition     = [for mechanism in one(aws_cognito_user_pool.callers.account_recovery_setting).recovery_mechanism : mechanism.name] == ["admin_only"]
    error_message = "An account can be recovered without an administrator."
  }

  # A second factor is an authenticator app and optional unless asked for.
  assert {
    condition     = aws_cognito_user_pool.callers.mfa_configuration == "OPTIONAL" && one(aws_cognito_user_pool.callers.software_token_mfa_configuration).enabled
    error_message = "Nobody can set up an authenticator app."
  }

  assert {
    condition     = length(aws_cognito_user_pool.callers.sms_configuration) == 0
    error_message = "Codes would go by SMS."
  }

  # The pool can be deleted unless protection is asked for.
  assert {
    condition     = aws_cognito_user_pool.callers.deletion_protection == "INACTIVE"
    error_message = "Deletion protection is on although it was not asked for."
  }

  # No password is an ordinary argument.
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

  assert {
    condition     = aws_cognito_user.caller.message_action == "SUPPRESS"
    error_message = "Cognito would mail an invitation."
  }

  # People and machines get a client each without the password flow.
  assert {
    condition     = { for name, flows in local.client_flows : name => join(" ", sort(flows)) } == { machine = "", user = "refresh srp" }
    error_message = "Flows: ${jsonencode(local.client_flows)}"
  }

  assert {
    condition     = { for name, scopes in local.client_scopes : name => join(" ", sort(scopes)) } == { machine = "agent/act-for-customers agent/invoke", user = "" }
    error_message = "Scopes: ${jsonencode(local.client_scopes)}"
  }

  assert {
    condition     = toset([for scope in aws_cognito_resource_server.agent.scope : scope.scope_name]) == toset(["act-for-customers", "invoke"]) && aws_cognito_resource_server.agent.identifier == "agent"
    error_message = "The resource server does not define agent/invoke and agent/act-for-customers, and no more."
  }

  assert {
    condition     = output.scope == "agent/invoke" && output.acting_scope == "agent/act-for-customers"
    error_message = "Scopes handed over: ${output.scope}, ${output.acting_scope}"
  }
}

run "mfa_on_demands_a_second_factor_of_everybody" {
  command = plan

  variables {
    mfa = "on"
  }

  assert {
    condition     = aws_cognito_user_pool.callers.mfa_configuration == "ON" && one(aws_cognito_user_pool.callers.software_token_mfa_configuration).enabled
    error_message = "mfa is \"on\" and the pool's mode is ${aws_cognito_user_pool.callers.mfa_configuration}."
  }
}

run "mfa_off_is_off" {
  command = plan

  variables {
    mfa = "off"
  }

  assert {
    condition     = aws_cognito_user_pool.callers.mfa_configuration == "OFF" && length(aws_cognito_user_pool.callers.software_token_mfa_configuration) == 0
    error_message = "mfa is \"off\" and the pool's mode is ${aws_cognito_user_pool.callers.mfa_configuration}."
  }
}

run "deletion_protection_and_password_length_reach_the_pool" {
  command = plan

  variables {
    deletion_protection = true
    password_policy     = { minimum_length = 20, temporary_password_days = 3 }
  }

  assert {
    condition     = aws_cognito_user_pool.callers.deletion_protection == "ACTIVE"
    error_message = "Deletion protection was asked for and is off."
  }

  assert {
    condition     = [for policy in aws_cognito_user_pool.callers.password_policy : [policy.minimum_length, policy.temporary_password_validity_days]] == [[20, 3]]
    error_message = "The password policy is not the one asked for."
  }
}

run "a_raised_version_rotates_the_password_and_the_recovery_window_is_the_one_asked_for" {
  command = plan

  variables {
    caller_password_version = 2
    secret_recovery_days    = 30
  }

  assert {
    condition     = aws_secretsmanager_secret_version.caller.secret_string_wo_version == 2
    error_message = "Raising caller_password_version changes nothing."
  }

  assert {
    condition     = aws_secretsmanager_secret.caller.recovery_window_in_days == 30
    error_message = "The secret's recovery window is not the one asked for."
  }
}

run "further_clients_have_their_own_flows_and_scopes_or_the_usual_ones" {
  command = plan

  variables {
    user_auth_flows = ["password", "srp"]
    app_clients = {
      batch  = { kind = "machine", scopes = ["agent/batch"] }
      feed   = { kind = "machine" }
      mobile = { kind = "person", auth_flows = ["srp"] }
      web    = { kind = "person" }
    }
  }

  assert {
    condition = { for name, flows in local.client_flows : name => join(" ", sort(flows)) } == {
      batch = "", feed = "", machine = "", mobile = "srp", user = "password srp", web = "password srp"
    }
    error_message = "Flows: ${jsonencode(local.client_flows)}"
  }

  assert {
    condition = { for name, scopes in local.client_scopes : name => join(" ", sort(scopes)) } == {
      batch = "agent/batch", feed = "agent/invoke", machine = "agent/act-for-customers agent/invoke", mobile = "", user = "", web = ""
    }
    error_message = "Scopes: ${jsonencode(local.client_scopes)}"
  }

  assert {
    condition     = toset([for scope in aws_cognito_resource_server.agent.scope : scope.scope_name]) == toset(["act-for-customers", "batch", "invoke"])
    error_message = "The resource server lacks a scope that a client names, or has one more."
  }
}

run "every_client_is_allowed_in_under_its_own_id" {
  command = plan

  variables {
    app_clients = { web = { kind = "person" } }
  }

  override_module {
    target  = module.client["web"]
    outputs = { client_id = "webid" }
  }

  override_module {
    target  = module.client["user"]
    outputs = { client_id = "userid" }
  }

  override_module {
    target  = module.client["machine"]
    outputs = { client_id = "machineid" }
  }

  assert {
    condition = jsonencode([output.allowed_client_ids, output.user_client_id, output.machine_client_id]) == jsonencode([
      { machine = "machineid", user = "userid", web = "webid" }, "userid", "machineid",
    ])
    error_message = "Allowed: ${jsonencode(output.allowed_client_ids)}, user ${output.user_client_id}, machine ${output.machine_client_id}"
  }
}

run "groups_are_made_and_the_demo_caller_joins_the_ones_asked_for" {
  command = plan

  variables {
    groups        = { desk = { description = "Mortgage desk" }, audit = { description = "Auditors" } }
    caller_groups = ["desk"]
  }

  assert {
    condition     = { for name, group in aws_cognito_user_group.callers : name => group.description } == { audit = "Auditors", desk = "Mortgage desk" }
    error_message = "A group is missing or has another description."
  }

  assert {
    condition     = [for membership in values(aws_cognito_user_in_group.caller) : "${membership.username} ${membership.group_name}"] == ["demo-caller desk"]
    error_message = "The demo caller is not in the group, or in another one."
  }
}
