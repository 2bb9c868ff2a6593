mock_provider "aws" {
  override_during = plan

  mock_resource "aws_cognito_user_pool" {
    defaults = { id = "eu-west-1_Demo" }
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

run "a_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    access_token_minutes    = 4                                         # a token lifetime of 4 minutes
    app_clients             = { "Web" = { kind = "person" } }           # a client in capitals
    caller_password_version = 0                                         # a password version of 0
    caller_username         = "demo caller"                             # a username with a space
    domain_prefix           = "Demo"                                    # a domain with a capital
    groups                  = { "the desk" = { description = "Ours" } } # a group with a space
    mfa                     = "sms"                                     # a second factor by SMS
    name_prefix             = "demo-"                                   # a name ending in a hyphen
    password_policy         = { minimum_length = 11 }                   # passwords of 11 characters
    refresh_token_hours     = 0                                         # a refresh token of 0 hours
    secret_recovery_days    = 6                                         # a recovery window of 6 days
    user_auth_flows         = ["implicit"]                              # a flow outside the set
  }

  expect_failures = [
    var.access_token_minutes,
    var.app_clients,
    var.caller_password_version,
    var.caller_username,
    var.domain_prefix,
    var.groups,
    var.mfa,
    var.name_prefix,
    var.password_policy,
    var.refresh_token_hours,
    var.secret_recovery_days,
    var.user_auth_flows,
  ]
}

run "another_bad_value_is_refused" {
  command = plan

  variables {
    access_token_minutes = 61                                                                 # a token lifetime of 61 minutes
    app_clients          = { machine = { kind = "person" } }                                  # a second client of that name
    domain_prefix        = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd" # a domain of 64 characters
    groups               = { desk = { description = "" } }                                    # a group without a description
    password_policy      = { minimum_length = 33 }                                            # longer than the generated one
    refresh_token_hours  = 87601                                                              # more than ten years
    secret_recovery_days = 31                                                                 # a recovery window of 31 days
    user_auth_flows      = ["refresh"]                                                        # no way in
  }

  expect_failures = [
    var.access_token_minutes,
    var.app_clients,
    var.domain_prefix,
    var.groups,
    var.password_policy,
    var.refresh_token_hours,
    var.secret_recovery_days,
    var.user_auth_flows,
  ]
}

run "a_third_bad_value_is_refused" {
  command = plan

  variables {
    access_token_minutes = 5.5                               # a token lifetime of half minutes
    app_clients          = { web = { kind = "robot" } }      # neither a person nor a machine
    domain_prefix        = "my-cognito-pool"                 # a domain with a reserved word
    password_policy      = { temporary_password_days = 366 } # a temporary password of more than a year
  }

  expect_failures = [
    var.access_token_minutes,
    var.app_clients,
    var.domain_prefix,
    var.password_policy,
  ]
}

run "a_demo_caller_in_a_group_that_is_not_there_is_refused" {
  command = plan

  variables {
    caller_groups = ["desk"]
    groups        = { audit = { description = "Auditors" } }
  }

  expect_failures = [var.caller_groups]
}

run "a_person_with_scopes_is_refused" {
  command = plan

  variables {
    app_clients = { web = { kind = "person", scopes = ["agent/invoke"] } }
  }

  expect_failures = [var.app_clients]
}

run "a_machine_with_sign_in_flows_is_refused" {
  command = plan

  variables {
    app_clients = { batch = { kind = "machine", auth_flows = ["srp"] } }
  }

  expect_failures = [var.app_clients]
}

run "a_flow_of_a_client_outside_the_set_is_refused" {
  command = plan

  variables {
    app_clients = { web = { kind = "person", auth_flows = ["implicit", "srp"] } }
  }

  expect_failures = [var.app_clients]
}

run "a_scope_of_another_resource_server_is_refused" {
  command = plan

  variables {
    app_clients = { batch = { kind = "machine", scopes = ["probe/call"] } }
  }

  expect_failures = [var.app_clients]
}
