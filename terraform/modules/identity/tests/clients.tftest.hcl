mock_provider "aws" {
  override_during = plan
}

variables {
  caller_password       = "Not-a-real-one-1"
  caller_username       = "demo-caller"
  deletion_protection   = false
  domain_prefix         = "demo-dev-111122223333"
  name_prefix           = "demo-dev"
  password_flow_enabled = true
  secret_recovery_days  = 0
}

run "people_use_password_srp_and_refresh_when_the_password_flow_is_on" {
  command = plan

  assert {
    condition = aws_cognito_user_pool_client.public["user"].explicit_auth_flows == toset([
      "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH",
    ])
    error_message = "Flows of the people client: ${jsonencode(aws_cognito_user_pool_client.public["user"].explicit_auth_flows)}"
  }
}

run "without_the_password_flow_no_client_takes_a_plain_password" {
  command = plan

  variables {
    password_flow_enabled = false
  }

  assert {
    condition = alltrue([
      for client in concat(values(aws_cognito_user_pool_client.public), [aws_cognito_user_pool_client.machine]) :
      length([for flow in client.explicit_auth_flows : flow if strcontains(flow, "PASSWORD")]) == 0
    ])
    error_message = "A client still takes a plain password."
  }

  assert {
    condition     = contains(aws_cognito_user_pool_client.public["user"].explicit_auth_flows, "ALLOW_USER_SRP_AUTH")
    error_message = "People have no way in left."
  }
}

run "people_clients_are_public_and_without_oauth" {
  command = plan

  assert {
    condition = alltrue([
      for client in values(aws_cognito_user_pool_client.public) :
      client.generate_secret == false && client.allowed_oauth_flows_user_pool_client == false
    ])
    error_message = "A public client has a secret or an OAuth flow."
  }
}

run "the_outsider_differs_from_the_people_client_in_its_name_alone" {
  command = plan

  assert {
    condition = alltrue([
      for argument in ["explicit_auth_flows", "generate_secret", "access_token_validity", "id_token_validity",
      "refresh_token_validity", "token_validity_units", "prevent_user_existence_errors", "enable_token_revocation"] :
      jsonencode(aws_cognito_user_pool_client.public["outsider"][argument]) == jsonencode(aws_cognito_user_pool_client.public["user"][argument])
    ])
    error_message = "The outsider's client is configured differently from the people client."
  }

  assert {
    condition     = aws_cognito_user_pool_client.public["outsider"].name != aws_cognito_user_pool_client.public["user"].name
    error_message = "The outsider cannot be told from the people client."
  }
}

run "the_outsiders_id_is_no_admitted_id" {
  command = plan

  override_resource {
    target          = aws_cognito_user_pool_client.public["outsider"]
    override_during = plan
    values          = { id = "outsiderid" }
  }

  override_resource {
    target          = aws_cognito_user_pool_client.public["user"]
    override_during = plan
    values          = { id = "userid" }
  }

  override_resource {
    target          = aws_cognito_user_pool_client.machine
    override_during = plan
    values          = { id = "machineid" }
  }

  assert {
    condition     = [output.outsider_client_id, output.user_client_id, output.machine_client_id] == ["outsiderid", "userid", "machineid"]
    error_message = "An output names another client than its own."
  }
}

run "machines_use_client_credentials_for_the_agents_scope_alone" {
  command = plan

  assert {
    condition = (
      aws_cognito_user_pool_client.machine.generate_secret
      && aws_cognito_user_pool_client.machine.allowed_oauth_flows_user_pool_client
      && aws_cognito_user_pool_client.machine.allowed_oauth_flows == toset(["client_credentials"])
      && aws_cognito_user_pool_client.machine.allowed_oauth_scopes == toset(["agent/invoke"])
    )
    error_message = "The machine client is not confined to client_credentials with agent/invoke."
  }
}

run "no_person_signs_in_through_the_machine_client" {
  command = plan

  assert {
    # Empty would not do: Cognito then opens SRP and custom logins.
    condition     = aws_cognito_user_pool_client.machine.explicit_auth_flows == toset(["ALLOW_REFRESH_TOKEN_AUTH"])
    error_message = "Flows of the machine client: ${jsonencode(aws_cognito_user_pool_client.machine.explicit_auth_flows)}"
  }
}

run "every_client_hides_who_exists_and_can_revoke" {
  command = plan

  assert {
    condition = alltrue([
      for client in concat(values(aws_cognito_user_pool_client.public), [aws_cognito_user_pool_client.machine]) :
      client.prevent_user_existence_errors == "ENABLED" && client.enable_token_revocation
    ])
    error_message = "A client tells whether a user exists, or cannot revoke tokens."
  }
}

run "every_access_token_lives_as_many_minutes_as_asked_for" {
  command = plan

  variables {
    access_token_minutes = 7
  }

  assert {
    condition = alltrue([
      for client in concat(values(aws_cognito_user_pool_client.public), [aws_cognito_user_pool_client.machine]) :
      client.access_token_validity == 7 && one(client.token_validity_units).access_token == "minutes"
    ])
    error_message = "A client issues access tokens of another lifetime."
  }
}
