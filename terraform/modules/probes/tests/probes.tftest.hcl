mock_provider "aws" {
  override_during = plan

  mock_resource "aws_cognito_user_pool" {
    defaults = { id = "eu-west-1_Other", endpoint = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other" }
  }
}

variables {
  access_token_minutes = 15
  account_id           = "111122223333"
  caller_username      = "demo-caller"
  elsewhere_policy_arn = "arn:aws:iam::111122223333:policy/demo-dev-probe-elsewhere"
  gateway_scope        = "gateway/invoke"
  invoker_policy_arn   = "arn:aws:iam::111122223333:policy/demo-dev-probe-iam"
  name_prefix          = "demo-dev"
  partition            = "aws"
  second_password      = "Not-a-real-one-1"
  secret_recovery_days = 0
  user_auth_flows      = ["password", "srp"]
  user_pool_id         = "eu-west-1_Demo"
}

run "each_probe_is_of_its_kind_and_reaches_nothing_of_the_agents_own" {
  command = plan

  # Each client is of its kind in its pool with its scopes.
  assert {
    condition = { for name, client in merge(local.clients, local.gateway_clients) : name => "${client.kind} ${client.pool} ${join(" ", sort(client.scopes))}" } == {
      other-pool       = "person eu-west-1_Other "
      outsider         = "person eu-west-1_Demo "
      outsider-gateway = "machine eu-west-1_Demo gateway/invoke"
      outsider-machine = "machine eu-west-1_Demo probe/call"
      probe-machine    = "machine eu-west-1_Demo probe/call probe/call-more probe/other"
    }
    error_message = "Clients: ${jsonencode(local.clients)}"
  }

  # No probe may ask for the agent's own scope.
  assert {
    condition     = aws_cognito_resource_server.probe.identifier == "probe" && !strcontains(jsonencode(local.clients), "agent/")
    error_message = "A probe's token could pass for a caller's: ${jsonencode(local.clients)}"
  }

  assert {
    condition     = toset([for scope in aws_cognito_resource_server.probe.scope : scope.scope_name]) == toset(["call", "call-more", "other"])
    error_message = "The resource server defines other scopes than the probes ask for."
  }

  # The caller is in the group and the second person is in none.
  assert {
    condition     = "${aws_cognito_user_in_group.caller.user_pool_id} ${aws_cognito_user_in_group.caller.username} ${aws_cognito_user_in_group.caller.group_name}" == "eu-west-1_Demo demo-caller probe-callers"
    error_message = "The group has another member."
  }

  assert {
    condition     = aws_cognito_user.second.username == "probe-second" && aws_cognito_user.second.user_pool_id == "eu-west-1_Demo" && aws_cognito_user.other.username == "probe-second" && aws_cognito_user.other.user_pool_id == "eu-west-1_Other"
    error_message = "The second person is not one person in both pools."
  }

  # No password is an ordinary argument and nobody gets mail.
  assert {
    condition = alltrue([
      for user in [aws_cognito_user.second, aws_cognito_user.other] :
      user.password == null && user.temporary_password == null && user.message_action == "SUPPRESS"
    ])
    error_message = "A user's password would be in the state, or in a mail."
  }

  assert {
    condition     = aws_secretsmanager_secret_version.second.secret_string == null && aws_secretsmanager_secret_version.second.secret_string_wo_version == 1
    error_message = "The secret's value would be in the state, or could never be rotated."
  }

  # Nobody can register at the other pool either.
  assert {
    condition     = one(aws_cognito_user_pool.other.admin_create_user_config).allow_admin_create_user_only
    error_message = "Self sign-up is open."
  }

  # Each role trusts this account alone.
  assert {
    condition = alltrue([for role in values(aws_iam_role.caller) : [
      for statement in jsondecode(role.assume_role_policy).Statement : [statement.Effect, statement.Action, jsonencode(statement.Principal)]
    ] == [["Allow", "sts:AssumeRole", jsonencode({ AWS = "arn:aws:iam::111122223333:root" })]]])
    error_message = "Somebody outside the account may assume a role."
  }

  # Only the invoker may invoke and the stranger may do nothing.
  assert {
    condition     = toset(keys(aws_iam_role.caller)) == toset(["elsewhere", "invoker", "stranger"])
    error_message = "Roles: ${jsonencode(keys(aws_iam_role.caller))}"
  }

  assert {
    condition = { for name, attachment in aws_iam_role_policy_attachment.caller : "${name} ${attachment.role}" => attachment.policy_arn } == {
      "elsewhere demo-dev-probe-elsewhere" = "arn:aws:iam::111122223333:policy/demo-dev-probe-elsewhere"
      "invoker demo-dev-probe-invoker"     = "arn:aws:iam::111122223333:policy/demo-dev-probe-iam"
    }
    error_message = "A role has another policy than its own."
  }
}

run "each_output_names_its_own_client" {
  command = plan

  override_module {
    target  = module.client["outsider"]
    outputs = { client_id = "outsiderid" }
  }

  override_module {
    target  = module.client["outsider-machine"]
    outputs = { client_id = "outsidermachineid" }
  }

  override_module {
    target  = module.client["outsider-gateway"]
    outputs = { client_id = "gatewayid" }
  }

  override_module {
    target  = module.client["probe-machine"]
    outputs = { client_id = "probemachineid" }
  }

  override_module {
    target  = module.client["other-pool"]
    outputs = { client_id = "otherid" }
  }

  assert {
    condition = [output.outsider_client_id, output.outsider_machine_client_id, output.machine_client_id, output.other_client_id, output.gateway_outsider_client_id] == [
      "outsiderid", "outsidermachineid", "probemachineid", "otherid", "gatewayid",
    ]
    error_message = "An output names another client than its own."
  }

  assert {
    condition     = output.scopes == { scope = "probe/call", longer = "probe/call-more", other = "probe/other" }
    error_message = "Scopes: ${jsonencode(output.scopes)}"
  }
}

run "boundary_and_path_reach_every_role_and_without_a_gateway_none_of_its_probes_is_made" {
  command = plan

  variables {
    gateway_scope            = null
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/bounds"
    role_path                = "/agents/"
  }

  assert {
    condition     = alltrue([for role in values(aws_iam_role.caller) : role.permissions_boundary == "arn:aws:iam::111122223333:policy/bounds" && role.path == "/agents/"])
    error_message = "A role is not bounded, or stands in another path."
  }

  assert {
    condition     = !contains(keys(module.client), "outsider-gateway") && output.gateway_outsider_client_id == null
    error_message = "A client asks for a scope that no gateway knows."
  }
}

run "a_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    access_token_minutes     = 61                                            # a token lifetime of 61 minutes
    account_id               = "11112222333"                                 # an account of 11 digits
    caller_username          = "Demo"                                        # a username in capitals
    elsewhere_policy_arn     = "arn:aws:iam::111122223333:policy/*"          # a wildcard policy
    gateway_scope            = "gateway/*"                                   # a wildcard scope
    invoker_policy_arn       = "arn:aws:iam::aws:policy/AdministratorAccess" # AWS's own policy
    name_prefix              = "demo-"                                       # a name ending in a hyphen
    partition                = "gcp"                                         # an unknown partition
    permissions_boundary_arn = "bounds"                                      # a name for an ARN
    refresh_token_hours      = 0.5                                           # half an hour
    role_path                = "/agents"                                     # a path without its last slash
    second_password_version  = 0                                             # a password version of 0
    secret_recovery_days     = 6                                             # a recovery window of 6 days
    user_auth_flows          = []                                            # no way in
    user_pool_id             = "demo"                                        # a pool without a region
  }

  expect_failures = [
    var.access_token_minutes,
    var.account_id,
    var.caller_username,
    var.elsewhere_policy_arn,
    var.gateway_scope,
    var.invoker_policy_arn,
    var.name_prefix,
    var.partition,
    var.permissions_boundary_arn,
    var.refresh_token_hours,
    var.role_path,
    var.second_password_version,
    var.secret_recovery_days,
    var.user_auth_flows,
    var.user_pool_id,
  ]
}
