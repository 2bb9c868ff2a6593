mock_provider "aws" {
  override_during = plan
}

variables {
  account_id         = "111122223333"
  agent_runtime_name = "demo_dev"
  name               = "demo-dev-invoker"
  partition          = "aws"
  region             = "eu-west-1"
}

run "this_runtime_is_invoked_as_oneself_and_nothing_else_is" {
  command = plan

  # It allows invoking this runtime and its endpoints and nothing else.
  assert {
    condition = [for statement in jsondecode(aws_iam_policy.invoker.policy).Statement : jsonencode(statement)] == [jsonencode({
      Action = ["bedrock-agentcore:InvokeAgentRuntime"]
      Effect = "Allow"
      Resource = [
        "arn:aws:bedrock-agentcore:eu-west-1:111122223333:runtime/demo_dev-*",
        "arn:aws:bedrock-agentcore:eu-west-1:111122223333:runtime/demo_dev-*/runtime-endpoint/*",
      ]
      Sid = "InvokeRuntimeAndItsEndpoints"
    })]
    error_message = "The policy allows more or less: ${aws_iam_policy.invoker.policy}"
  }

  # Nobody acts for a user whom nobody verified.
  assert {
    condition     = !strcontains(aws_iam_policy.invoker.policy, "ForUser")
    error_message = "A signed caller may name any user."
  }
}

run "partition_and_path_reach_the_policy" {
  command = plan

  variables {
    partition = "aws-us-gov"
    region    = "us-gov-west-1"
    role_path = "/agents/"
  }

  assert {
    condition     = !strcontains(aws_iam_policy.invoker.policy, "arn:aws:") && aws_iam_policy.invoker.path == "/agents/"
    error_message = "An ARN is fixed to the partition aws, or the policy stands in another path."
  }
}

run "a_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    account_id         = "1111222233334" # an account of 13 digits
    agent_runtime_name = "demo*"         # a wildcard name
    name               = "Invoker"       # a name with a capital
    partition          = "gcp"           # an unknown partition
    region             = "*"             # every region
    role_path          = "agents/"       # a path without its first slash
  }

  expect_failures = [
    var.account_id,
    var.agent_runtime_name,
    var.name,
    var.partition,
    var.region,
    var.role_path,
  ]
}
