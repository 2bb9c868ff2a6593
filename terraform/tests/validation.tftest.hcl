# Mocked providers know no ephemeral resources, so these runs use the real provider. Planning what does not exist yet asks
# AWS for nothing but the generated password: AWS_ENDPOINT_URL must name something local that answers GetRandomPassword
# (tests/terraform does).
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target          = data.aws_caller_identity.current
  override_during = plan
  values          = { account_id = "111122223333" }
}

run "a_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    access_token_minutes     = 61                                                                            # a token lifetime of 61 minutes
    alarm_topic_arns         = ["alarms"]                                                                    # a name for an ARN
    auth_log_retention_days  = 7                                                                             # a record of a week
    allowed_account_ids      = ["11112222333"]                                                               # an account of 11 digits
    allowed_audience         = ["agent"]                                                                     # an audience that no Cognito access token carries
    allowed_scopes           = ["agent invoke"]                                                              # a scope with a space
    artifact_noncurrent_days = 0                                                                             # old versions of no day
    caller_customer_id       = "12a4"                                                                        # a customer with a letter
    caller_password_version  = 0                                                                             # a password version of 0
    credit_check_package     = "not-there.zip"                                                               # a package that nobody wrote
    caller_username          = "Demo"                                                                        # a username in capitals
    custom_claims            = [{ name = "my-claim", type = "STRING", operator = "EQUALS", values = ["x"] }] # a claim with a hyphen
    customers                = { somebody = "" }                                                             # a person who is no customer
    environment              = "dev-1"                                                                       # an environment with a hyphen
    execution_role_arn       = "mine"                                                                        # a name for an ARN
    model_ids                = ["*"]                                                                         # a wildcard model
    password_policy          = { minimum_length = 8 }                                                        # passwords of 8 characters
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/*"                                          # a wildcard boundary
    project                  = "ppppppppppppppppppppp"                                                       # a project of 21 characters
    refresh_token_hours      = 0                                                                             # a refresh token of 0 hours
    region                   = "us-east"                                                                     # a region without a number
    repository               = ""                                                                            # an empty repository
    role_path                = "agents"                                                                      # a path without slashes
    tags                     = { Project = "mine" }                                                          # a tag that would replace one of ours
  }

  expect_failures = [
    var.access_token_minutes,
    var.alarm_topic_arns,
    var.auth_log_retention_days,
    var.allowed_account_ids,
    var.allowed_audience,
    var.allowed_scopes,
    var.artifact_noncurrent_days,
    var.caller_customer_id,
    var.caller_password_version,
    var.caller_username,
    var.credit_check_package,
    var.custom_claims,
    var.customers,
    var.environment,
    var.execution_role_arn,
    var.model_ids,
    var.password_policy,
    var.permissions_boundary_arn,
    var.project,
    var.refresh_token_hours,
    var.region,
    var.repository,
    var.role_path,
    var.tags,
  ]
}

run "another_bad_value_is_refused" {
  command = plan

  variables {
    allowed_scopes  = ["agent/invoke", "agent/invoke"]                                               # a scope twice
    app_clients     = { outsider = { kind = "person" } }                                             # the name of a probe
    caller_username = "probe-second"                                                                 # the name of a probe
    custom_claims   = [{ name = "client_id", type = "STRING", operator = "EQUALS", values = ["x"] }] # a claim with a rule of its own
    customers       = { for number in range(100) : "subject-of-person-${number}" => "1234" }         # more than a variable of the runtime holds
    groups          = { probe-callers = { description = "Ours" } }                                   # the name of a probe
    mfa             = "sms"                                                                          # a second factor by SMS
    password_policy = { temporary_password_days = 0 }                                                # a temporary password of no day
    project         = "Inbound"                                                                      # a project with a capital
    tags            = { "aws:thing" = "x" }                                                          # a tag in the reserved space
    user_auth_flows = ["refresh"]                                                                    # no way in
  }

  expect_failures = [
    var.allowed_scopes,
    var.app_clients,
    var.caller_username,
    var.custom_claims,
    var.customers,
    var.groups,
    var.mfa,
    var.password_policy,
    var.project,
    var.tags,
    var.user_auth_flows,
  ]
}

run "a_third_bad_value_is_refused" {
  command = plan

  variables {
    custom_claims   = [{ name = "groups", type = "STRING", operator = "CONTAINS", values = ["x"] }] # an operator of another type
    environment     = "awsdev"                                                                      # an environment with a reserved word
    project         = "in--bound"                                                                   # a project with two hyphens
    required_groups = ["desk"]                                                                      # a group that is not there
  }

  expect_failures = [
    var.custom_claims,
    var.environment,
    var.project,
    var.required_groups,
  ]
}

run "a_fourth_bad_value_is_refused" {
  command = plan

  variables {
    custom_claims   = [{ name = "email", type = "STRING", operator = "EQUALS", values = ["a@example.com"] }] # a value that the service cannot compare
    project         = "amazon-bot"                                                                           # a project with a reserved word
    user_auth_flows = ["implicit", "srp"]                                                                    # a flow outside the set
  }

  expect_failures = [
    var.custom_claims,
    var.project,
    var.user_auth_flows,
  ]
}

run "two_values_for_one_are_refused_and_an_issuer_without_tls_is" {
  command = plan

  variables {
    custom_claims = [{ name = "groups", type = "STRING_ARRAY", operator = "CONTAINS", values = ["x", "y"] }]
    environment   = "ddddddddddddd" # an environment of 13 characters
    external_oidc = { discovery_url = "http://idp.example.com/.well-known/openid-configuration" }
  }

  expect_failures = [
    var.custom_claims,
    var.environment,
    var.external_oidc,
  ]
}

run "a_client_of_the_other_provider_without_an_id_is_refused" {
  command = plan

  variables {
    external_oidc = {
      discovery_url   = "https://idp.example.com/.well-known/openid-configuration"
      allowed_clients = { desk = "" }
    }
  }

  expect_failures = [var.external_oidc]
}

run "cognitos_own_settings_beside_another_provider_are_refused" {
  command = plan

  variables {
    allowed_audience = [""]                                # an empty audience
    app_clients      = { web = { kind = "person" } }       # a client in no pool
    gateway_enabled  = true                                # a gateway whose client is in no pool
    groups           = { desk = { description = "Ours" } } # a group in no pool
    external_oidc = {
      discovery_url   = "https://idp.example.com/.well-known/openid-configuration"
      allowed_clients = { desk = "abc" }
    }
  }

  expect_failures = [
    var.allowed_audience,
    var.app_clients,
    var.gateway_enabled,
    var.groups,
  ]
}

run "prod_refuses_password_probes_and_destruction" {
  command = plan

  variables {
    app_clients         = { web = { kind = "person", auth_flows = ["password"] } }
    deletion_protection = false
    environment         = "prod"
    mfa                 = "optional"
    probes_enabled      = true
    user_auth_flows     = ["password", "srp"]
  }

  expect_failures = [
    var.app_clients,
    var.deletion_protection,
    var.mfa,
    var.probes_enabled,
    var.user_auth_flows,
  ]
}

run "another_name_of_production_refuses_the_same" {
  command = plan

  variables {
    app_clients         = { web = { kind = "person", auth_flows = ["password"] } }
    deletion_protection = false
    environment         = "live"
    mfa                 = "off"
    probes_enabled      = true
    user_auth_flows     = ["password", "srp"]
  }

  expect_failures = [
    var.app_clients,
    var.deletion_protection,
    var.mfa,
    var.probes_enabled,
    var.user_auth_flows,
  ]
}

run "stage_is_no_production" {
  command = plan

  variables {
    environment = "stage"
    mfa         = "off"
  }

  assert {
    condition     = !local.is_prod && local.makes_probes && contains(local.user_auth_flows, "password")
    error_message = "stage is held to the rules of production."
  }
}

run "prod_without_a_say_on_flows_has_no_password_flow" {
  command = plan

  variables {
    deletion_protection = true
    environment         = "prod"
    mfa                 = "on"
    probes_enabled      = false
  }

  assert {
    condition     = local.user_auth_flows == toset(["code", "refresh", "srp"])
    error_message = "Flows: ${jsonencode(local.user_auth_flows)}"
  }
}
