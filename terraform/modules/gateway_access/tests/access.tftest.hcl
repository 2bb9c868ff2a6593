mock_provider "aws" {
  override_during = plan
}

variables {
  access_token_minutes = 7
  name_prefix          = "demo-dev"
  user_pool_id         = "eu-west-1_Demo"
}

run "one_machine_may_ask_for_the_one_scope" {
  command = plan

  assert {
    condition     = output.scope == "gateway/invoke"
    error_message = "The scope is ${output.scope}."
  }

  assert {
    condition     = [for scope in aws_cognito_resource_server.gateway.scope : "${aws_cognito_resource_server.gateway.identifier}/${scope.scope_name}"] == [output.scope]
    error_message = "The pool knows other scopes: ${jsonencode(aws_cognito_resource_server.gateway.scope)}"
  }
}

run "a_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    access_token_minutes = 61      # a token lifetime of 61 minutes
    name_prefix          = "demo-" # a name ending in a hyphen
    user_pool_id         = "demo"  # a pool without a region
  }

  expect_failures = [
    var.access_token_minutes,
    var.name_prefix,
    var.user_pool_id,
  ]
}
