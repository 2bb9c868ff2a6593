mock_provider "aws" {
  override_during = plan
}

variables {
  account_id               = "111122223333"
  environment              = "dev"
  partition                = "aws"
  permissions_boundary_arn = "arn:aws:iam::111122223333:policy/bounds"
  project                  = "demo"
  region                   = "eu-west-1"
  state_bucket_name        = "inbound-auth-tfstate-111122223333-eu-west-1"
}

run "actions_are_named_and_reach_this_deployment_inside_the_boundary_alone" {
  command = plan

  # Every statement allows named actions and has a name of its own.
  assert {
    condition = alltrue(flatten([for policy in values(aws_iam_policy.deployer) : [
      for statement in jsondecode(policy.policy).Statement : statement.Effect == "Allow" && !anytrue([for action in statement.Action : strcontains(action, "*")])
    ]]))
    error_message = "An action is a wildcard, or a statement does not allow."
  }

  assert {
    condition = (
      length(flatten([for policy in values(aws_iam_policy.deployer) : jsondecode(policy.policy).Statement]))
      == length(distinct(flatten([for policy in values(aws_iam_policy.deployer) : jsondecode(policy.policy).Statement[*].Sid])))
    )
    error_message = "Two statements share a Sid."
  }

  # What is recorded of the commands' calls is held to these documents (docs/aws-calls.md).
  assert {
    condition = (
      jsonencode({ for name, policy in aws_iam_policy.deployer : name => jsondecode(policy.policy) })
      == jsonencode(jsondecode(file("${path.module}/tests/documents.json")))
    )
    error_message = "The statements are not those of tests/documents.json: python -m scripts.aws_calls --policies"
  }

  assert {
    condition = (
      jsonencode({ for name, policy in output.reading_policies : name => jsondecode(policy) })
      == jsonencode(jsondecode(file("${path.module}/tests/reading.json")))
    )
    error_message = "The reading statements are not those of tests/reading.json: python -m scripts.aws_calls --policies"
  }

  # Only actions without resources get all of them.
  assert {
    condition = toset(flatten([for policy in values(aws_iam_policy.deployer) : [
      for statement in jsondecode(policy.policy).Statement : statement.Action if contains(statement.Resource, "*")
      ]])) == toset([
      "bedrock-agentcore:CreateAgentRuntime",
      "bedrock-agentcore:CreateGateway",
      "bedrock-agentcore:ListAgentRuntimes",
      "bedrock-agentcore:ListGateways",
      "bedrock-agentcore:ListOauth2CredentialProviders",
      "bedrock-agentcore:ListWorkloadIdentities",
      "cloudwatch:DescribeAlarms",
      "codebuild:ListProjects",
      "cognito-idp:CreateUserPool",
      "cognito-idp:DescribeUserPoolDomain",
      "cognito-idp:ListUserPools",
      "ecr:DescribeRepositories",
      "iam:GetAccountSummary",
      "iam:ListPolicies",
      "iam:ListRoles",
      "lambda:ListFunctions",
      "logs:DeleteQueryDefinition",
      "logs:DescribeQueryDefinitions",
      "logs:PutQueryDefinition",
      "s3:ListAllMyBuckets",
      "secretsmanager:GetRandomPassword",
      "secretsmanager:ListSecrets",
      "servicequotas:ListServiceQuotas",
      "tag:GetResources",
    ])
    error_message = "An action reaches every resource although it could be narrowed."
  }

  # Roles are made and written inside the boundary alone.
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_policy.deployer["access"].policy).Statement :
      statement.Condition.ArnEquals["iam:PermissionsBoundary"] == "arn:aws:iam::111122223333:policy/bounds"
      if length(setintersection(statement.Action, ["iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"])) > 0
    ])
    error_message = "A role can be made or widened outside of the boundary."
  }

  assert {
    condition     = !strcontains(join("", [for policy in values(aws_iam_policy.deployer) : policy.policy]), "DeleteRolePermissionsBoundary")
    error_message = "The boundary can be taken off."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_policy.deployer["access"].policy).Statement :
      statement.Condition.ArnLike["iam:PolicyARN"] if contains(statement.Action, "iam:AttachRolePolicy")
      ] == [[
        "arn:aws:iam::111122223333:policy/demo-dev-invoker",
        "arn:aws:iam::111122223333:policy/demo-dev-probe-elsewhere",
        "arn:aws:iam::111122223333:policy/demo-dev-probe-iam",
    ]]
    error_message = "A policy of somebody else's can be attached."
  }

  # Each role is handed to its own service alone.
  assert {
    condition = toset(flatten([for policy in values(aws_iam_policy.deployer) : [
      for statement in jsondecode(policy.policy).Statement : "${join(" ", statement.Resource)} ${jsonencode(statement.Condition)}" if contains(statement.Action, "iam:PassRole")
      ]])) == toset([
      "arn:aws:iam::111122223333:role/demo-dev-credit-check ${jsonencode({ StringEquals = { "iam:PassedToService" = "lambda.amazonaws.com" } })}",
      "arn:aws:iam::111122223333:role/demo-dev-gateway ${jsonencode({ StringEquals = { "iam:PassedToService" = "bedrock-agentcore.amazonaws.com" } })}",
      "arn:aws:iam::111122223333:role/demo-dev-runtime ${jsonencode({ StringEquals = { "iam:PassedToService" = "bedrock-agentcore.amazonaws.com" } })}",
    ])
    error_message = "Another role can be passed, or to another service."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_policy.deployer["access"].policy).Statement :
      [jsonencode(statement.Resource), jsonencode(statement.Condition)] if contains(statement.Action, "iam:CreateServiceLinkedRole")
      ] == [[
        jsonencode(["arn:aws:iam::111122223333:role/aws-service-role/runtime-identity.bedrock-agentcore.amazonaws.com/*"]),
        jsonencode({ StringEquals = { "iam:AWSServiceName" = "runtime-identity.bedrock-agentcore.amazonaws.com" } }),
    ]]
    error_message = "A service-linked role of another service can be made."
  }

  # Pools of other deployments are out of reach.
  assert {
    condition = { for statement in jsondecode(aws_iam_policy.deployer["infrastructure"].policy).Statement :
      statement.Sid => jsonencode(statement.Condition) if contains(["MakeTaggedPools", "TaggedPools"], statement.Sid)
      } == {
      MakeTaggedPools = jsonencode({ StringEquals = { "aws:RequestTag/Environment" = "dev", "aws:RequestTag/Project" = "demo" } })
      TaggedPools     = jsonencode({ StringEquals = { "aws:ResourceTag/Environment" = "dev", "aws:ResourceTag/Project" = "demo" } })
    }
    error_message = "Any pool of the account can be changed."
  }

  # Nothing gets other tags while it has no id yet.
  assert {
    condition = [
      for statement in flatten([for policy in values(aws_iam_policy.deployer) : jsondecode(policy.policy).Statement]) :
      [jsonencode(statement.Action), jsonencode(statement.Condition)] if statement.Sid == "TagWhatIsMade"
      ] == [[
        jsonencode(["bedrock-agentcore:TagResource"]),
        jsonencode({ StringEquals = { "aws:RequestTag/Environment" = "dev", "aws:RequestTag/Project" = "demo" } }),
    ]]
    error_message = "A gateway or a runtime of somebody else's can be tagged as anything."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_policy.deployer["infrastructure"].policy).Statement : contains(["LookUpDomains", "MakeTaggedPools", "TaggedPools"], statement.Sid)
      if anytrue([for action in statement.Action : startswith(action, "cognito-idp:")])
    ])
    error_message = "A statement about pools has no condition."
  }

  # A policy that others hold is never rewritten.
  assert {
    condition     = !strcontains(join("", [for policy in values(aws_iam_policy.deployer) : policy.policy]), "iam:CreatePolicyVersion")
    error_message = "Whoever holds the invoker policy, outside of the boundary, can be given anything."
  }

  # Everything else is named after the deployment.
  assert {
    condition = alltrue(flatten([for policy in values(aws_iam_policy.deployer) : [
      for statement in jsondecode(policy.policy).Statement : [
        for arn in statement.Resource : strcontains(replace(arn, "demo_dev", "demo-dev"), "demo-dev") || contains(["arn:aws:bedrock-agentcore:eu-west-1:111122223333:token-vault/default", "arn:aws:bedrock-agentcore:eu-west-1:111122223333:workload-identity-directory/default"], arn) || startswith(arn, "arn:aws:s3:::inbound-auth-tfstate-111122223333-eu-west-1")
      ] if !contains(["FindTheRecord", "GeneratePasswords", "LookAtPools", "LookAtQuotas", "LookForRemains", "LookUpDomains", "MakeAndListGateways", "MakeAndListRuntimes", "MakeTaggedPools", "RuntimeIdentityRole", "SavedQueries", "TagWhatIsMade", "TaggedPools"], statement.Sid)
    ]]))
    error_message = "A statement reaches what is not of this deployment."
  }

  assert {
    condition     = alltrue([for policy in values(aws_iam_policy.deployer) : startswith(policy.name, "deployer-")])
    error_message = "The deployer may rewrite its own policy."
  }
}

run "no_name_of_another_project_is_reached" {
  command = plan

  # "inbound" in "auth" begins as everything of "inbound-auth" does.
  variables {
    environment = "auth"
    project     = "inbound"
  }

  assert {
    condition = alltrue(flatten([for policy in values(aws_iam_policy.deployer) : [
      for statement in jsondecode(policy.policy).Statement : [
        for arn in statement.Resource : !can(regex("inbound[-_]auth[-_][a-z_-]*\\*", arn)) || can(regex("runtimes?/inbound_auth(_probe_(audience|group|iam|scope))?-\\*", arn)) || can(regex("/inbound-auth-credit-check:\\*$", arn))
      ]
    ]]))
    error_message = "A pattern takes in names of inbound-auth-dev."
  }
}

run "without_probes_and_state_neither_is_reached" {
  command = plan

  variables {
    probes_enabled    = false
    state_bucket_name = null
  }

  assert {
    condition     = !strcontains(aws_iam_policy.deployer["runtime"].policy, "probe") && !strcontains(aws_iam_policy.deployer["runtime"].policy, "arn:aws:s3")
    error_message = "A probe or a state is reached: ${aws_iam_policy.deployer["runtime"].policy}"
  }
}

run "who_ships_containers_builds_and_keeps_this_deployments_images_alone" {
  command = plan

  variables {
    deployment = "container"
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_policy.deployer["image"].policy).Statement : statement.Sid => jsonencode(statement.Resource) } == {
      HandTheBuildsRoleToCodeBuild = jsonencode(["arn:aws:iam::111122223333:role/demo-dev-image"])
      ImageBuild                   = jsonencode(["arn:aws:codebuild:eu-west-1:111122223333:project/demo-dev-image"])
      ImageRepository              = jsonencode(["arn:aws:ecr:eu-west-1:111122223333:repository/demo-dev"])
      LogOfTheBuild = jsonencode([
        "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/codebuild/demo-dev-image",
        "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/codebuild/demo-dev-image:*",
      ])
    }
    error_message = "Reached with an image: ${aws_iam_policy.deployer["image"].policy}"
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_policy.deployer["image"].policy).Statement : statement.Condition.StringEquals["iam:PassedToService"] if contains(statement.Action, "iam:PassRole")
    ] == ["codebuild.amazonaws.com"]
    error_message = "The build's role can be passed to another service."
  }

  assert {
    condition     = contains(flatten([for statement in jsondecode(aws_iam_policy.deployer["roles"].policy).Statement : statement.Resource if statement.Sid == "Roles"]), "arn:aws:iam::111122223333:role/demo-dev-image")
    error_message = "The build's role cannot be made."
  }
}

run "who_ships_code_neither_builds_nor_keeps_images" {
  command = plan

  assert {
    condition = alltrue([
      for policy in values(aws_iam_policy.deployer) : !can(regex("demo-dev-image|codebuild:[^L]|ecr:[^D]", policy.policy))
    ])
    error_message = "Images can be built or deleted although none are shipped."
  }
}

run "an_own_execution_role_and_a_path_reach_the_policies" {
  command = plan

  variables {
    execution_role_arn = "arn:aws:iam::111122223333:role/mine"
    role_path          = "/agents/"
  }

  assert {
    condition = flatten([
      for statement in jsondecode(aws_iam_policy.deployer["access"].policy).Statement : statement.Resource if contains(statement.Action, "iam:PassRole")
    ]) == ["arn:aws:iam::111122223333:role/mine"]
    error_message = "The role that is brought cannot be passed."
  }

  assert {
    condition = flatten([
      for statement in jsondecode(aws_iam_policy.deployer["roles"].policy).Statement : statement.Resource if statement.Sid == "Roles"
      ]) == [
      "arn:aws:iam::111122223333:role/agents/demo-dev-runtime",
      "arn:aws:iam::111122223333:role/agents/demo-dev-probe-elsewhere",
      "arn:aws:iam::111122223333:role/agents/demo-dev-probe-invoker",
      "arn:aws:iam::111122223333:role/agents/demo-dev-probe-stranger",
      "arn:aws:iam::111122223333:role/agents/demo-dev-credit-check",
      "arn:aws:iam::111122223333:role/agents/demo-dev-gateway",
    ]
    error_message = "Roles are reached outside of the path."
  }
}

run "the_longest_names_still_fit" {
  command = plan

  variables {
    environment              = "eeeeeeeeeeee"
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/a-boundary-with-a-name-that-is-rather-long-for-a-policy"
    project                  = "pppppppppppppppppppp"
    region                   = "ap-southeast-1"
    role_path                = "/${join("/", [for number in range(19) : "workloads"])}/"
  }

  assert {
    condition     = alltrue([for policy in values(aws_iam_policy.deployer) : length(policy.policy) <= 6144])
    error_message = "Characters: ${jsonencode({ for name, policy in aws_iam_policy.deployer : name => length(policy.policy) })}"
  }
}

run "a_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    account_id         = "11112222333" # an account of 11 digits
    deployment         = "zip"         # neither of the two
    environment        = "dev-1"       # an environment with a hyphen
    execution_role_arn = "mine"        # a name for an ARN
    partition          = "gcp"         # an unknown partition
    project            = "in--bound"   # a project with two hyphens
    region             = "eu-west"     # a region without a number
    role_path          = "agents"      # a path without slashes
    state_bucket_name  = "*"           # every bucket
  }

  expect_failures = [
    var.account_id,
    var.deployment,
    var.environment,
    var.execution_role_arn,
    var.partition,
    var.project,
    var.region,
    var.role_path,
    var.state_bucket_name,
  ]
}

run "a_wildcard_boundary_is_refused" {
  command = plan

  variables {
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/*"
  }

  expect_failures = [var.permissions_boundary_arn]
}

run "a_boundary_in_a_path_of_the_deployments_name_is_refused" {
  command = plan

  variables {
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/demo-dev-team/boundary"
  }

  expect_failures = [var.permissions_boundary_arn]
}

run "so_is_one_behind_the_deployments_path" {
  command = plan

  variables {
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/agents/demo-dev-team/boundary"
    role_path                = "/agents/"
  }

  expect_failures = [var.permissions_boundary_arn]
}

run "a_boundary_that_the_deployer_could_rewrite_is_refused" {
  command = plan

  variables {
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/demo-dev-bounds"
  }

  expect_failures = [var.permissions_boundary_arn]
}

run "who_plans_reads_what_the_deployer_reads_and_writes_nothing" {
  command = plan

  assert {
    condition = alltrue(flatten([for policy in values(output.reading_policies) : [
      for statement in jsondecode(policy).Statement : [for action in statement.Action :
        can(regex(":(Admin(Get|List)|BatchGetProjects|Describe|Get|List)", action))
      ]
    ]]))
    error_message = "Who plans may change something: ${jsonencode(output.reading_policies)}"
  }

  # Each statement keeps resources and conditions of the deployer's.
  assert {
    condition = alltrue(flatten([for name, policy in output.reading_policies : [
      for statement in jsondecode(policy).Statement : contains(
        [for whole in jsondecode(aws_iam_policy.deployer[name].policy).Statement : jsonencode(merge(whole, { Action = statement.Action }))],
        jsonencode(statement)
      )
    ]]))
    error_message = "A statement reaches further than the deployer's."
  }

  assert {
    condition     = contains(flatten([for statement in jsondecode(output.reading_policies.runtime).Statement : statement.Action]), "bedrock-agentcore:GetAgentRuntime")
    error_message = "Drift of a runtime cannot be looked for."
  }
}
