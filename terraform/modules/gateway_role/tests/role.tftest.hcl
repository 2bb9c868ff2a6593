mock_provider "aws" {
  override_during = plan
}

variables {
  account_id               = "111122223333"
  function_arn             = "arn:aws:lambda:eu-west-1:111122223333:function:demo-dev-credit-check"
  gateway_name             = "demo-dev-gateway"
  partition                = "aws"
  permissions_boundary_arn = "arn:aws:iam::111122223333:policy/bounds"
  region                   = "eu-west-1"
  role_path                = "/agents/"
}

run "one_gateway_may_assume_the_role_and_call_one_function" {
  command = plan

  assert {
    condition = jsonencode(jsondecode(aws_iam_role.gateway.assume_role_policy).Statement) == jsonencode([{
      Action = "sts:AssumeRole"
      Condition = {
        ArnLike      = { "aws:SourceArn" = "arn:aws:bedrock-agentcore:eu-west-1:111122223333:gateway/demo-dev-gateway-??????????" }
        StringEquals = { "aws:SourceAccount" = "111122223333" }
      }
      Effect    = "Allow"
      Principal = { Service = "bedrock-agentcore.amazonaws.com" }
      Sid       = "OneGatewayOfThisAccount"
    }])
    error_message = "The trust: ${aws_iam_role.gateway.assume_role_policy}"
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_role_policy.gateway.policy).Statement) == jsonencode([{
      Action   = ["lambda:InvokeFunction"]
      Effect   = "Allow"
      Resource = ["arn:aws:lambda:eu-west-1:111122223333:function:demo-dev-credit-check"]
      Sid      = "CallTheTool"
    }])
    error_message = "The gateway may: ${aws_iam_role_policy.gateway.policy}"
  }

  assert {
    condition     = length(aws_iam_role_policy_attachments_exclusive.gateway.policy_arns) == 0 && aws_iam_role_policies_exclusive.gateway.policy_names == toset(["demo-dev-gateway"])
    error_message = "A policy that somebody attaches would stay."
  }

  assert {
    condition     = aws_iam_role.gateway.permissions_boundary == "arn:aws:iam::111122223333:policy/bounds" && aws_iam_role.gateway.path == "/agents/"
    error_message = "The role is not bounded, or stands in another path."
  }
}

run "a_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    account_id               = "11112222333"                                               # an account of 11 digits
    function_arn             = "arn:aws:lambda:eu-west-1:111122223333:function:demo-dev-*" # a wildcard function
    gateway_name             = "demo_dev_gateway"                                          # a runtime's name
    partition                = "gcp"                                                       # an unknown partition
    permissions_boundary_arn = "bounds"                                                    # a name for an ARN
    region                   = "us-east"                                                   # a region without a number
    role_path                = "/agents"                                                   # a path without its last slash
  }

  expect_failures = [
    var.account_id,
    var.function_arn,
    var.gateway_name,
    var.partition,
    var.permissions_boundary_arn,
    var.region,
    var.role_path,
  ]
}
