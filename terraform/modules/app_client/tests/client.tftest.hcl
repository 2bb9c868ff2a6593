mock_provider "aws" {
  override_during = plan
}

variables {
  access_token_minutes = 7
  auth_flows           = ["password", "refresh", "srp"]
  kind                 = "person"
  name                 = "demo-dev-user"
  refresh_token_hours  = 3
  user_pool_id         = "eu-west-1_Demo"
}

run "a_persons_client_has_no_secret_hides_who_exists_and_can_revoke" {
  command = plan

  # A person has neither secret nor oauth.
  assert {
    condition     = aws_cognito_user_pool_client.this.generate_secret == false && aws_cognito_user_pool_client.this.allowed_oauth_flows_user_pool_client == false
    error_message = "A person's client has a secret or an OAuth flow."
  }

  # Refresh tokens rotate and the older refresh is not offered.
  assert {
    condition     = [for rotation in aws_cognito_user_pool_client.this.refresh_token_rotation : rotation.feature] == ["ENABLED"]
    error_message = "A stolen refresh token would work beside the real one."
  }

  assert {
    condition     = aws_cognito_user_pool_client.this.explicit_auth_flows == toset(["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"])
    error_message = "Flows: ${jsonencode(aws_cognito_user_pool_client.this.explicit_auth_flows)}"
  }

  # It hides who exists and can revoke.
  assert {
    condition     = aws_cognito_user_pool_client.this.prevent_user_existence_errors == "ENABLED" && aws_cognito_user_pool_client.this.enable_token_revocation
    error_message = "The client tells whether a user exists, or cannot revoke tokens."
  }

  # Tokens live as long as asked for.
  assert {
    condition = (
      aws_cognito_user_pool_client.this.access_token_validity == 7
      && aws_cognito_user_pool_client.this.id_token_validity == 7
      && aws_cognito_user_pool_client.this.refresh_token_validity == 3
      && [for units in aws_cognito_user_pool_client.this.token_validity_units : "${units.access_token} ${units.id_token} ${units.refresh_token}"] == ["minutes minutes hours"]
    )
    error_message = "A token has another lifetime than asked for."
  }
}

run "without_rotation_the_older_refresh_is_offered" {
  command = plan

  variables {
    refresh_token_rotation = false
  }

  assert {
    condition = (
      length(aws_cognito_user_pool_client.this.refresh_token_rotation) == 0
      && aws_cognito_user_pool_client.this.explicit_auth_flows == toset(["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"])
    )
    error_message = "Flows: ${jsonencode(aws_cognito_user_pool_client.this.explicit_auth_flows)}"
  }
}

run "srp_alone_is_srp_alone" {
  command = plan

  variables {
    auth_flows = ["srp"]
  }

  assert {
    condition = (
      aws_cognito_user_pool_client.this.explicit_auth_flows == toset(["ALLOW_USER_SRP_AUTH"])
      && length(aws_cognito_user_pool_client.this.refresh_token_rotation) == 0
    )
    error_message = "Flows: ${jsonencode(aws_cognito_user_pool_client.this.explicit_auth_flows)}"
  }
}

run "a_browser_gets_a_code_for_loopback_and_no_token" {
  command = plan

  variables {
    auth_flows = ["code", "refresh", "srp"]
    scopes     = ["agent/invoke"]
  }

  assert {
    condition = (
      aws_cognito_user_pool_client.this.allowed_oauth_flows == toset(["code"])
      && aws_cognito_user_pool_client.this.allowed_oauth_scopes == toset(["agent/invoke", "openid"])
      && alltrue([for url in aws_cognito_user_pool_client.this.callback_urls : startswith(url, "http://localhost:")])
      && aws_cognito_user_pool_client.this.generate_secret == false
    )
    error_message = "The browser is given more than a code for this machine."
  }

  assert {
    condition     = aws_cognito_user_pool_client.this.explicit_auth_flows == toset(["ALLOW_USER_SRP_AUTH"])
    error_message = "Flows: ${jsonencode(aws_cognito_user_pool_client.this.explicit_auth_flows)}"
  }
}

run "a_callback_in_the_clear_is_refused" {
  command = plan

  variables {
    auth_flows    = ["code", "srp"]
    callback_urls = ["http://example.com/callback"]
  }

  expect_failures = [var.callback_urls]
}

run "a_machine_uses_client_credentials_for_its_scopes_and_lets_no_person_in" {
  command = plan

  variables {
    auth_flows = []
    kind       = "machine"
    scopes     = ["agent/invoke"]
  }

  assert {
    condition = (
      aws_cognito_user_pool_client.this.generate_secret
      && aws_cognito_user_pool_client.this.allowed_oauth_flows_user_pool_client
      && aws_cognito_user_pool_client.this.allowed_oauth_flows == toset(["client_credentials"])
      && aws_cognito_user_pool_client.this.allowed_oauth_scopes == toset(["agent/invoke"])
    )
    error_message = "The machine is not confined to client_credentials with its scope."
  }

  assert {
    # Empty would not do: Cognito then opens SRP and custom logins.
    condition     = aws_cognito_user_pool_client.this.explicit_auth_flows == toset(["ALLOW_REFRESH_TOKEN_AUTH"])
    error_message = "Flows: ${jsonencode(aws_cognito_user_pool_client.this.explicit_auth_flows)}"
  }
}

run "a_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    access_token_minutes = 61           # a token lifetime of 61 minutes
    auth_flows           = ["implicit"] # a flow outside the set
    name                 = "-user"      # a name beginning with a hyphen
    refresh_token_hours  = 0            # a refresh token of 0 hours
    scopes               = ["agent/*"]  # a wildcard scope
    user_pool_id         = "pool"       # a pool without a region
  }

  expect_failures = [
    var.access_token_minutes,
    var.auth_flows,
    var.name,
    var.refresh_token_hours,
    var.scopes,
    var.user_pool_id,
  ]
}

run "a_person_without_a_way_in_is_refused" {
  command = plan

  variables {
    access_token_minutes = 4.5         # half minutes
    auth_flows           = ["refresh"] # nothing to refresh
    refresh_token_hours  = 87601       # more than ten years
  }

  expect_failures = [
    var.access_token_minutes,
    var.auth_flows,
    var.refresh_token_hours,
  ]
}

run "a_machine_that_signs_people_in_and_has_no_scope_is_refused" {
  command = plan

  variables {
    auth_flows = ["srp"]
    kind       = "machine"
    scopes     = []
  }

  expect_failures = [var.auth_flows, var.scopes]
}

run "neither_a_person_nor_a_machine_is_refused" {
  command = plan

  variables {
    kind = "robot"
  }

  expect_failures = [var.kind]
}
