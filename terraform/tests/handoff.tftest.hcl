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
  target          = module.identity[0].aws_cognito_user_pool.callers
  override_during = plan
  values          = { id = "us-east-1_Demo", endpoint = "cognito-idp.us-east-1.amazonaws.com/us-east-1_Demo" }
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
    target          = module.identity[0].aws_cognito_user_pool.callers
    override_during = plan
    values          = { id = "us-east-1_Demo", endpoint = "127.0.0.1:4566/us-east-1_Demo" }
  }

  expect_failures = [output.authorizer_discovery_url]
}

run "a_partition_with_another_token_host_is_refused" {
  command = plan

  override_data {
    target          = data.aws_partition.current
    override_during = plan
    values          = { partition = "aws-us-gov", dns_suffix = "amazonaws.com" }
  }

  expect_failures = [output.cognito_token_url]
}

run "each_door_names_its_own_callers_and_nobody_else" {
  command = plan

  override_module {
    target  = module.identity[0].module.client["user"]
    outputs = { client_id = "userid" }
  }

  override_module {
    target  = module.identity[0].module.client["machine"]
    outputs = { client_id = "machineid" }
  }

  override_module {
    target  = module.gateway_access[0].module.client
    outputs = { client_id = "gatewayid" }
  }

  assert {
    condition = jsonencode(terraform_data.gateway_authorizer[0].input) == jsonencode({
      allowed_audience = []
      allowed_clients  = { gateway = "gatewayid" }
      allowed_scopes   = ["gateway/invoke"]
      custom_claims    = []
      discovery_url    = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Demo/.well-known/openid-configuration"
    })
    error_message = "The gateway's door: ${jsonencode(terraform_data.gateway_authorizer[0].input)}"
  }

  assert {
    condition     = jsonencode(output.gateway_authorizer) == jsonencode(terraform_data.gateway_authorizer[0].input) && output.gateway_client_id == "gatewayid"
    error_message = "Handed over: ${jsonencode(output.gateway_authorizer)}"
  }

  assert {
    condition     = "${output.gateway_name} ${output.gateway_credential_provider_name} ${output.gateway_function_arn}" == "inbound-auth-dev-gateway inbound-auth-dev-gateway arn:aws:lambda:us-east-1:111122223333:function:inbound-auth-dev-credit-check"
    error_message = "Handed over: ${output.gateway_name} ${output.gateway_credential_provider_name} ${output.gateway_function_arn}"
  }

  assert {
    condition = jsonencode(terraform_data.authorizer.input) == jsonencode({
      allowed_audience = []
      allowed_clients  = { machine = "machineid", user = "userid" }
      allowed_scopes   = []
      custom_claims    = []
      discovery_url    = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Demo/.well-known/openid-configuration"
    })
    error_message = "The door: ${jsonencode(terraform_data.authorizer.input)}"
  }

  assert {
    condition     = jsonencode(output.authorizer_allowed_clients) == jsonencode({ machine = "machineid", user = "userid" })
    error_message = "Handed over: ${jsonencode(output.authorizer_allowed_clients)}"
  }

  # Pointed at the issuer of the tokens.
  assert {
    condition     = output.authorizer_discovery_url == "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Demo/.well-known/openid-configuration"
    error_message = "The discovery URL is \"${output.authorizer_discovery_url}\"."
  }

  assert {
    condition     = output.cognito_token_url == "https://inbound-auth-dev-111122223333.auth.us-east-1.amazoncognito.com/oauth2/token"
    error_message = "The token URL is \"${output.cognito_token_url}\"."
  }
}

run "clients_of_unknown_id_scopes_claims_and_required_groups_are_named_at_the_door" {
  command = plan

  variables {
    allowed_scopes  = ["agent/invoke"]
    app_clients     = { web = { kind = "person" } }
    custom_claims   = [{ name = "username", type = "STRING", operator = "EQUALS", values = ["demo-caller"] }]
    groups          = { desk = { description = "Mortgage desk" } }
    required_groups = ["desk"]
  }

  assert {
    condition     = join(" ", keys(terraform_data.authorizer.input.allowed_clients)) == "machine user web"
    error_message = "The door names ${jsonencode(keys(terraform_data.authorizer.input.allowed_clients))}."
  }

  assert {
    condition     = output.authorizer_allowed_scopes == tolist(["agent/invoke"])
    error_message = "Scopes: ${jsonencode(output.authorizer_allowed_scopes)}"
  }

  assert {
    condition = jsonencode(output.authorizer_custom_claims) == jsonencode([
      { name = "username", operator = "EQUALS", type = "STRING", values = ["demo-caller"] },
      { name = "cognito:groups", operator = "CONTAINS_ANY", type = "STRING_ARRAY", values = ["desk"] },
    ])
    error_message = "Claims: ${jsonencode(output.authorizer_custom_claims)}"
  }
}

run "a_probe_or_the_gateways_client_at_the_door_is_refused" {
  command = plan

  override_module {
    target  = module.gateway_access[0].module.client
    outputs = { client_id = "same" }
  }

  override_module {
    target  = module.probes[0].module.client["outsider-gateway"]
    outputs = { client_id = "same" }
  }

  override_module {
    target  = module.identity[0].module.client["user"]
    outputs = { client_id = "same" }
  }

  override_module {
    target  = module.probes[0].module.client["outsider"]
    outputs = { client_id = "same" }
  }

  override_module {
    target  = module.probes[0].module.client["outsider-machine"]
    outputs = { client_id = "same" }
  }

  override_module {
    target  = module.probes[0].module.client["probe-machine"]
    outputs = { client_id = "same" }
  }

  expect_failures = [
    output.gateway_authorizer,
    output.probe_gateway_outsider_client_id,
    output.probe_machine_client_id,
    output.probe_outsider_client_id,
    output.probe_outsider_machine_client_id,
  ]
}

run "with_a_provider_of_ones_own_nothing_of_cognito_is_made" {
  command = plan

  variables {
    customers        = { somebody = "3333" }
    allowed_audience = ["agent"]
    external_oidc = {
      discovery_url   = "https://idp.example.com/.well-known/openid-configuration"
      allowed_clients = { desk = "abc" }
    }
  }

  assert {
    condition     = length(module.identity) == 0 && length(module.probes) == 0 && length(module.probe_invoker_policy) == 0
    error_message = "A pool or a probe is made beside the own provider."
  }

  assert {
    condition     = length(module.gateway_access) + length(module.gateway_role) + length(module.credit_check) == 0 && output.gateway_name == null && output.gateway_authorizer == null
    error_message = "A gateway is prepared without a client that could call it."
  }

  assert {
    condition = alltrue([for value in [
      output.caller_username, output.cognito_token_url, output.cognito_user_pool_id, output.probe_group, output.probe_other_discovery_url, output.probe_scope,
    ] : value == null])
    error_message = "An output promises what is not there."
  }

  assert {
    condition = jsonencode(terraform_data.authorizer.input) == jsonencode({
      allowed_audience = ["agent"]
      allowed_clients  = { desk = "abc" }
      allowed_scopes   = []
      custom_claims    = []
      discovery_url    = "https://idp.example.com/.well-known/openid-configuration"
    })
    error_message = "The door: ${jsonencode(terraform_data.authorizer.input)}"
  }

  # Customers are those named.
  assert {
    condition     = jsonencode(output.customers) == jsonencode({ somebody = "3333" }) && output.customers_scope == null
    error_message = "Customers: ${jsonencode(output.customers)}"
  }
}

run "a_door_without_any_allow_list_is_refused" {
  command = plan

  variables {
    external_oidc = { discovery_url = "https://idp.example.com/.well-known/openid-configuration" }
  }

  expect_failures = [terraform_data.authorizer]
}

run "an_execution_role_of_ones_own_is_handed_over" {
  command = plan

  variables {
    execution_role_arn = "arn:aws:iam::111122223333:role/agents/mine"
  }

  assert {
    condition     = output.runtime_role_arn == "arn:aws:iam::111122223333:role/agents/mine" && length(module.runtime_role) == 0
    error_message = "Handed over: ${output.runtime_role_arn}"
  }
}

run "an_execution_role_of_another_account_is_refused" {
  command = plan

  variables {
    execution_role_arn = "arn:aws:iam::999988887777:role/mine"
  }

  expect_failures = [output.runtime_role_arn]
}

run "without_probes_and_gateway_none_is_made_and_none_is_handed_over" {
  command = plan

  variables {
    caller_customer_id   = null
    credit_check_package = "not-there.zip"
    gateway_enabled      = false
    probes_enabled       = false
  }

  assert {
    condition = (
      length(module.gateway_access) + length(module.gateway_role) + length(module.credit_check) + length(terraform_data.gateway_authorizer) == 0
      && output.gateway_scope == null && output.gateway_authorizer == null && output.probe_gateway_outsider_client_id == null
    )
    error_message = "Something of the gateway is left."
  }

  assert {
    condition     = length(module.probes) == 0 && output.probe_group == null && output.probe_invoker_role_arn == null && output.cognito_scope == "agent/invoke"
    error_message = "A probe is left, or the callers are gone with them."
  }

  # A demo caller who is no customer is told as none.
  assert {
    condition     = length(output.customers) == 0
    error_message = "Customers: ${jsonencode(output.customers)}"
  }
}

run "the_agent_is_told_whose_customer_each_caller_is" {
  command = plan

  variables {
    customers = { somebody = "3333" }
  }

  override_resource {
    target          = module.identity[0].aws_cognito_user.caller
    override_during = plan
    values          = { sub = "sub-of-the-caller" }
  }

  override_resource {
    target          = module.probes[0].aws_cognito_user.second
    override_during = plan
    values          = { sub = "sub-of-the-second" }
  }

  assert {
    condition     = jsonencode(output.customers) == jsonencode({ somebody = "3333", sub-of-the-caller = "1234", sub-of-the-second = "2222" })
    error_message = "Customers: ${jsonencode(output.customers)}"
  }

  assert {
    condition     = output.customers_scope == "agent/act-for-customers"
    error_message = "The scope is \"${output.customers_scope}\"."
  }
}

