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
    access_token_minutes    = 61                      # a token lifetime of 61 minutes
    allowed_account_ids     = ["11112222333"]         # an account of 11 digits
    caller_password_version = 0                       # a password version of 0
    caller_username         = "Demo"                  # a username in capitals
    environment             = "dev-1"                 # an environment with a hyphen
    model_ids               = ["*"]                   # a wildcard model
    project                 = "ppppppppppppppppppppp" # a project of 21 characters
    region                  = "us-east"               # a region without a number
    repository              = ""                      # an empty repository
    tags                    = { Project = "mine" }    # a tag that would replace one of ours
  }

  expect_failures = [
    var.access_token_minutes,
    var.allowed_account_ids,
    var.caller_password_version,
    var.caller_username,
    var.environment,
    var.model_ids,
    var.project,
    var.region,
    var.repository,
    var.tags,
  ]
}

run "another_bad_value_is_refused" {
  command = plan

  variables {
    environment = "ddddddddddddd"       # an environment of 13 characters
    project     = "Inbound"             # a project with a capital
    tags        = { "aws:thing" = "x" } # a tag in the reserved space
  }

  expect_failures = [
    var.environment,
    var.project,
    var.tags,
  ]
}

run "a_third_bad_value_is_refused" {
  command = plan

  variables {
    environment = "awsdev"    # an environment with a reserved word
    project     = "in--bound" # a project with two hyphens
  }

  expect_failures = [
    var.environment,
    var.project,
  ]
}

run "a_fourth_bad_value_is_refused" {
  command = plan

  variables {
    project = "amazon-bot" # a project with a reserved word
  }

  expect_failures = [
    var.project,
  ]
}

run "prod_refuses_the_password_flow_and_demands_deletion_protection" {
  command = plan

  variables {
    deletion_protection   = false
    environment           = "prod"
    password_flow_enabled = true
  }

  expect_failures = [
    var.deletion_protection,
    var.password_flow_enabled,
  ]
}

run "prod_without_the_password_flow_and_with_protection_is_accepted" {
  command = plan

  variables {
    deletion_protection   = true
    environment           = "prod"
    password_flow_enabled = false
  }

  assert {
    condition     = output.agent_runtime_name == "inbound_auth_prod"
    error_message = "The runtime name is \"${output.agent_runtime_name}\"."
  }
}
