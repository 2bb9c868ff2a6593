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

run "a_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    access_token_minutes    = 4             # a token lifetime of 4 minutes
    caller_password_version = 0             # a password version of 0
    caller_username         = "demo caller" # a username with a space
    domain_prefix           = "Demo"        # a domain with a capital
    name_prefix             = "demo-"       # a name ending in a hyphen
    secret_recovery_days    = 6             # a recovery window of 6 days
  }

  expect_failures = [
    var.access_token_minutes,
    var.caller_password_version,
    var.caller_username,
    var.domain_prefix,
    var.name_prefix,
    var.secret_recovery_days,
  ]
}

run "another_bad_value_is_refused" {
  command = plan

  variables {
    access_token_minutes = 61                                                                 # a token lifetime of 61 minutes
    domain_prefix        = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd" # a domain of 64 characters
    secret_recovery_days = 31                                                                 # a recovery window of 31 days
  }

  expect_failures = [
    var.access_token_minutes,
    var.domain_prefix,
    var.secret_recovery_days,
  ]
}

run "a_third_bad_value_is_refused" {
  command = plan

  variables {
    access_token_minutes = 5.5               # a token lifetime of half minutes
    domain_prefix        = "my-cognito-pool" # a domain with a reserved word
  }

  expect_failures = [
    var.access_token_minutes,
    var.domain_prefix,
  ]
}
