mock_provider "aws" {
  override_during = plan
}

variables {
  account_id                       = "111122223333"
  agent_runtime_name               = "demo_dev"
  ecr_repository_arn               = "arn:aws:ecr:eu-west-1:111122223333:repository/demo-dev"
  gateway_credential_provider_name = "demo-dev-gateway"
  model_ids                        = ["anthropic.claude-3-haiku-20240307-v1:0", "eu.amazon.nova-lite-v1:0", "zai.glm-4.6"]
  name_prefix                      = "demo-dev"
  partition                        = "aws"
  region                           = "eu-west-1"
}

run "the_role_may_do_the_documented_list_for_this_agent_and_its_trust_is_pinned" {
  command = plan

  # Every statement allows and has a name of its own.
  assert {
    condition = (
      length(distinct([for statement in jsondecode(aws_iam_role_policy.runtime.policy).Statement : statement.Sid]))
      == length(jsondecode(aws_iam_role_policy.runtime.policy).Statement)
    )
    error_message = "Two statements share a Sid."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role_policy.runtime.policy).Statement : statement.Effect == "Allow"])
    error_message = "A statement does not allow."
  }

  # No action beyond the documented list.
  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.runtime.policy).Statement : statement.Action])) == toset([
      "bedrock-agentcore:GetResourceOauth2Token",
      "bedrock:InvokeModel",
      "bedrock:InvokeModelWithResponseStream",
      "cloudwatch:PutMetricData",
      "ecr:BatchGetImage",
      "ecr:GetAuthorizationToken",
      "ecr:GetDownloadUrlForLayer",
      "logs:CreateLogGroup",
      "logs:CreateLogStream",
      "logs:DescribeLogGroups",
      "logs:DescribeLogStreams",
      "logs:PutLogEvents",
      "logs:PutResourcePolicy",
      "secretsmanager:GetSecretValue",
      "xray:GetSamplingRules",
      "xray:GetSamplingTargets",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ])
    error_message = "The role may do: ${jsonencode(flatten([for statement in jsondecode(aws_iam_role_policy.runtime.policy).Statement : statement.Action]))}"
  }

  # No action is a wildcard.
  assert {
    condition = !anytrue([
      for action in flatten([for statement in jsondecode(aws_iam_role_policy.runtime.policy).Statement : statement.Action]) :
      strcontains(action, "*")
    ])
    error_message = "An action is a wildcard."
  }

  # Only actions without resources get all of them.
  assert {
    condition = toset([
      for statement in jsondecode(aws_iam_role_policy.runtime.policy).Statement : statement.Sid if contains(statement.Resource, "*")
    ]) == toset(["Metrics", "RegistryToken", "Traces"])
    error_message = "A statement reaches every resource although its actions could be narrowed."
  }

  # Metrics go to the service's namespace alone.
  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.runtime.policy).Statement : jsonencode(statement.Condition) if statement.Sid == "Metrics"
    ] == [jsonencode({ StringEquals = { "cloudwatch:namespace" = "bedrock-agentcore" } })]
    error_message = "PutMetricData reaches every namespace."
  }

  # Logs are this agent's own.
  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.runtime.policy).Statement : [
        for arn in statement.Resource :
        startswith(arn, "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/bedrock-agentcore/runtimes/demo_dev-")
      ] if contains(["OwnLogGroups", "OwnLogStreams"], statement.Sid)
    ]))
    error_message = "The role writes to log groups of other agents."
  }

  # Images and tokens come from what is this agent's own.
  assert {
    condition = flatten([
      for statement in jsondecode(aws_iam_role_policy.runtime.policy).Statement : statement.Resource if statement.Sid == "PullImage"
    ]) == ["arn:aws:ecr:eu-west-1:111122223333:repository/demo-dev"]
    error_message = "The role pulls from another repository."
  }

  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.runtime.policy).Statement : statement.Sid => statement.Resource
      if contains(["SecretOfTheGatewaysClient", "TokenForTheGateway"], statement.Sid)
      } == {
      SecretOfTheGatewaysClient = ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:bedrock-agentcore-identity!default/oauth2/demo-dev-gateway-??????"]
      TokenForTheGateway = [
        "arn:aws:bedrock-agentcore:eu-west-1:111122223333:token-vault/default",
        "arn:aws:bedrock-agentcore:eu-west-1:111122223333:token-vault/default/oauth2credentialprovider/demo-dev-gateway",
        "arn:aws:bedrock-agentcore:eu-west-1:111122223333:workload-identity-directory/default",
        "arn:aws:bedrock-agentcore:eu-west-1:111122223333:workload-identity-directory/default/workload-identity/demo_dev-*",
      ]
    }
    error_message = "The agent gets tokens of another provider, or as another agent: ${aws_iam_role_policy.runtime.policy}"
  }

  # Models are the ones named whatever dots their names hold.
  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.runtime.policy).Statement : statement.Resource if statement.Sid == "InvokeModels"
      ])) == toset([
      "arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
      "arn:aws:bedrock:eu-west-1::foundation-model/zai.glm-4.6",
      "arn:aws:bedrock:eu-west-1:111122223333:inference-profile/eu.amazon.nova-lite-v1:0",
    ])
    error_message = "InvokeModels does not name exactly the models asked for."
  }

  # A profile's model is reached through the profile alone.
  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.runtime.policy).Statement : [jsonencode(statement.Resource), jsonencode(statement.Condition)]
      if statement.Sid == "InvokeModelsThroughProfiles"
      ] == [[
        jsonencode(["arn:aws:bedrock:*::foundation-model/amazon.nova-lite-v1:0"]),
        jsonencode({ ArnEquals = { "bedrock:InferenceProfileArn" = ["arn:aws:bedrock:eu-west-1:111122223333:inference-profile/eu.amazon.nova-lite-v1:0"] } }),
    ]]
    error_message = "The routed model can be invoked directly in any region, or not at all."
  }

  # Only the runtime service may assume the role.
  assert {
    condition = [
      for statement in jsondecode(aws_iam_role.runtime.assume_role_policy).Statement :
      [statement.Effect, statement.Action, jsonencode(statement.Principal)]
    ] == [["Allow", "sts:AssumeRole", jsonencode({ Service = "bedrock-agentcore.amazonaws.com" })]]
    error_message = "The trust policy lets somebody else in: ${aws_iam_role.runtime.assume_role_policy}"
  }

  # The service may assume it for this account alone.
  assert {
    condition     = jsondecode(aws_iam_role.runtime.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "111122223333"
    error_message = "The trust policy does not pin aws:SourceAccount (confused deputy)."
  }

  assert {
    condition = (
      jsondecode(aws_iam_role.runtime.assume_role_policy).Statement[0].Condition.ArnLike["aws:SourceArn"]
      == "arn:aws:bedrock-agentcore:eu-west-1:111122223333:*"
    )
    error_message = "The trust policy does not pin aws:SourceArn to this account and region."
  }

  # The role has this one policy and no other.
  assert {
    condition = (
      aws_iam_role_policies_exclusive.runtime.role_name == "demo-dev-runtime"
      && toset(aws_iam_role_policies_exclusive.runtime.policy_names) == toset(["demo-dev-runtime"])
    )
    error_message = "An inline policy that somebody puts on the role stays there."
  }

  assert {
    condition = (
      aws_iam_role_policy_attachments_exclusive.runtime.role_name == "demo-dev-runtime"
      && length(aws_iam_role_policy_attachments_exclusive.runtime.policy_arns) == 0
    )
    error_message = "A policy that somebody attaches to the role stays there."
  }
}

run "without_models_and_gateway_nothing_of_them_is_allowed" {
  command = plan

  variables {
    gateway_credential_provider_name = null
    model_ids                        = []
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.runtime.policy, "bedrock-agentcore:GetResourceOauth2Token") && !strcontains(aws_iam_role_policy.runtime.policy, "secretsmanager:")
    error_message = "The agent may get tokens although there is no gateway."
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.runtime.policy, "bedrock:")
    error_message = "A model may be invoked although none was named."
  }
}

run "another_partition_reaches_every_arn" {
  command = plan

  variables {
    ecr_repository_arn = "arn:aws-us-gov:ecr:us-gov-west-1:111122223333:repository/demo-dev"
    model_ids          = ["anthropic.claude-v2", "us-gov.anthropic.claude-v2"]
    partition          = "aws-us-gov"
    region             = "us-gov-west-1"
  }

  assert {
    condition     = !strcontains(aws_iam_role.runtime.assume_role_policy, "arn:aws:") && !strcontains(aws_iam_role_policy.runtime.policy, "arn:aws:")
    error_message = "An ARN is fixed to the partition aws."
  }
}

run "logs_of_the_probes_are_reached_only_where_there_are_probes" {
  command = plan

  variables {
    probe_runtime_names = ["demo_dev_probe_iam"]
  }

  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.runtime.policy).Statement : statement.Sid => statement.Resource
      if contains(["OwnLogGroups", "OwnLogStreams"], statement.Sid)
      } == {
      OwnLogGroups = [
        "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/bedrock-agentcore/runtimes/demo_dev-*",
        "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/bedrock-agentcore/runtimes/demo_dev_probe_iam-*",
      ]
      OwnLogStreams = [
        "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/bedrock-agentcore/runtimes/demo_dev-*:log-stream:*",
        "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/bedrock-agentcore/runtimes/demo_dev_probe_iam-*:log-stream:*",
      ]
    }
    error_message = "The probes' runtimes cannot write logs, or others can: ${aws_iam_role_policy.runtime.policy}"
  }
}

run "without_a_repository_nothing_is_pulled" {
  command = plan

  variables {
    ecr_repository_arn = null
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.runtime.policy, "ecr:")
    error_message = "Images can be pulled although none are run: ${aws_iam_role_policy.runtime.policy}"
  }
}

run "boundary_and_path_reach_the_role" {
  command = plan

  variables {
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/bounds"
    role_path                = "/agents/"
  }

  assert {
    condition     = aws_iam_role.runtime.permissions_boundary == "arn:aws:iam::111122223333:policy/bounds" && aws_iam_role.runtime.path == "/agents/"
    error_message = "The role is not bounded, or stands in another path."
  }
}

run "a_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    account_id                       = "11112222333"                                     # an account of 11 digits
    agent_runtime_name               = "demo-dev"                                        # a runtime name with a hyphen
    ecr_repository_arn               = "arn:aws:ecr:eu-west-1:111122223333:repository/*" # a wildcard repository
    gateway_credential_provider_name = "*"                                               # every provider
    model_ids                        = ["anthropic.*"]                                   # a wildcard model
    name_prefix                      = "1demo"                                           # a name beginning with a digit
    partition                        = "gcp"                                             # an unknown partition
    permissions_boundary_arn         = "arn:aws:iam::111122223333:role/admin"            # a role for a boundary
    probe_runtime_names              = ["demo-dev-probe"]                                # a runtime name with hyphens
    region                           = "eu-west-1a"                                      # a zone for a region
    role_path                        = "agents"                                          # a path without slashes
  }

  expect_failures = [
    var.account_id,
    var.agent_runtime_name,
    var.ecr_repository_arn,
    var.gateway_credential_provider_name,
    var.model_ids,
    var.name_prefix,
    var.partition,
    var.permissions_boundary_arn,
    var.probe_runtime_names,
    var.region,
    var.role_path,
  ]
}

run "another_bad_value_is_refused" {
  command = plan

  variables {
    agent_runtime_name = "ddddddddddddddddddddddddddddddddddddddddddddddddd" # a runtime name of 49 characters
    model_ids          = ["*"]                                               # a bare wildcard model
  }

  expect_failures = [
    var.agent_runtime_name,
    var.model_ids,
  ]
}

run "a_third_bad_value_is_refused" {
  command = plan

  variables {
    model_ids = ["arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-v2"] # a model arn
  }

  expect_failures = [
    var.model_ids,
  ]
}

run "a_fourth_bad_value_is_refused" {
  command = plan

  variables {
    model_ids = [""] # an empty model
  }

  expect_failures = [
    var.model_ids,
  ]
}
