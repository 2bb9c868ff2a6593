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

override_resource {
  target          = module.identity.aws_cognito_user_pool.callers
  override_during = plan
  values          = { id = "us-east-1_Demo", endpoint = "cognito-idp.us-east-1.amazonaws.com/us-east-1_Demo" }
}

override_resource {
  target          = module.artifacts.aws_ecr_repository.agent
  override_during = plan
  values          = { arn = "arn:aws:ecr:us-east-1:111122223333:repository/inbound-auth-dev" }
}

run "the_authorizer_is_pointed_at_the_issuer_of_the_tokens" {
  command = plan

  assert {
    condition     = output.cognito_discovery_url == "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Demo/.well-known/openid-configuration"
    error_message = "The discovery URL is \"${output.cognito_discovery_url}\"."
  }

  assert {
    condition     = output.cognito_token_url == "https://inbound-auth-dev-111122223333.auth.us-east-1.amazoncognito.com/oauth2/token"
    error_message = "The token URL is \"${output.cognito_token_url}\"."
  }
}

run "names_carry_project_environment_and_account" {
  command = plan

  variables {
    project     = "mortgage-desk"
    environment = "test2"
  }

  assert {
    condition = [output.agent_runtime_name, output.artifact_bucket_name, output.cognito_domain_prefix] == [
      "mortgage_desk_test2", "mortgage-desk-test2-111122223333-us-east-1", "mortgage-desk-test2-111122223333",
    ]
    error_message = "Names: ${output.agent_runtime_name}, ${output.artifact_bucket_name}, ${output.cognito_domain_prefix}"
  }
}

run "the_longest_names_still_fit" {
  command = plan

  variables {
    project     = "pppppppppppppppppppp"
    environment = "eeeeeeeeeeee"
  }

  assert {
    # The longest region names in use have 14 characters, one more than us-gov-west-1.
    condition     = length(output.artifact_bucket_name) - length(output.region) + 14 <= 63 && length(output.cognito_domain_prefix) <= 63
    error_message = "The longest project and environment make names of more than 63 characters."
  }
}

run "an_endpoint_that_is_not_the_issuer_is_refused" {
  command = plan

  override_resource {
    target          = module.identity.aws_cognito_user_pool.callers
    override_during = plan
    values          = { id = "us-east-1_Demo", endpoint = "127.0.0.1:4566/us-east-1_Demo" }
  }

  expect_failures = [output.cognito_discovery_url]
}

run "a_partition_with_another_token_host_is_refused" {
  command = plan

  override_data {
    target          = data.aws_partition.current
    override_during = plan
    values          = { partition = "aws-us-gov", dns_suffix = "amazonaws.com" }
  }

  override_resource {
    target          = module.artifacts.aws_ecr_repository.agent
    override_during = plan
    values          = { arn = "arn:aws-us-gov:ecr:us-east-1:111122223333:repository/inbound-auth-dev" }
  }

  expect_failures = [output.cognito_token_url]
}
