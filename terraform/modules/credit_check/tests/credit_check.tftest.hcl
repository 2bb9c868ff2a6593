mock_provider "aws" {
  override_during = plan
}

variables {
  account_id               = "111122223333"
  log_retention_days       = 90
  name_prefix              = "demo-dev"
  package_hash             = "jZae727K08KaOmKSgOaGzww/XVqGr/PKEgIMkjrcbJI="
  package_path             = "credit_check.zip"
  partition                = "aws-us-gov"
  permissions_boundary_arn = "arn:aws-us-gov:iam::111122223333:policy/bounds"
  region                   = "us-gov-west-1"
  role_path                = "/agents/"
}

run "the_function_may_write_its_own_log_and_do_nothing_else" {
  command = plan

  assert {
    condition = jsonencode(jsondecode(aws_iam_role_policy.credit_check.policy).Statement) == jsonencode([{
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Effect   = "Allow"
      Resource = ["arn:aws-us-gov:logs:us-gov-west-1:111122223333:log-group:/aws/lambda/demo-dev-credit-check:log-stream:*"]
      Sid      = "OwnLogStreams"
    }])
    error_message = "The function may: ${aws_iam_role_policy.credit_check.policy}"
  }

  assert {
    condition     = length(aws_iam_role_policy_attachments_exclusive.credit_check.policy_arns) == 0 && aws_iam_role_policies_exclusive.credit_check.policy_names == toset(["demo-dev-credit-check"])
    error_message = "A policy that somebody attaches would stay."
  }

  assert {
    condition = jsonencode([for statement in jsondecode(aws_iam_role.credit_check.assume_role_policy).Statement : [statement.Effect, statement.Action, statement.Principal]]) == jsonencode([
      ["Allow", "sts:AssumeRole", { Service = "lambda.amazonaws.com" }],
    ])
    error_message = "Somebody else may assume the role: ${aws_iam_role.credit_check.assume_role_policy}"
  }

  assert {
    condition     = aws_iam_role.credit_check.permissions_boundary == "arn:aws-us-gov:iam::111122223333:policy/bounds" && aws_iam_role.credit_check.path == "/agents/"
    error_message = "The role is not bounded, or stands in another path."
  }

  assert {
    condition     = aws_cloudwatch_log_group.credit_check.name == "/aws/lambda/demo-dev-credit-check" && aws_cloudwatch_log_group.credit_check.retention_in_days == 90
    error_message = "The log is kept for ${aws_cloudwatch_log_group.credit_check.retention_in_days} days in ${aws_cloudwatch_log_group.credit_check.name}."
  }

  assert {
    condition     = aws_lambda_function.credit_check.logging_config[0].log_group == aws_cloudwatch_log_group.credit_check.name
    error_message = "The function writes to another group than the one with an end."
  }

  assert {
    condition     = output.function_arn == "arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:${aws_lambda_function.credit_check.function_name}"
    error_message = "Handed over: ${output.function_arn}"
  }

  assert {
    condition     = aws_lambda_function.credit_check.source_code_hash == var.package_hash && aws_lambda_function.credit_check.timeout < 10
    error_message = "Changed code is not noticed, or the agent has given up before the function does."
  }
}

run "a_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    account_id               = "11112222333"                                           # an account of 11 digits
    kms_key_arn              = "alias/mine"                                            # a name for an ARN
    log_retention_days       = 0                                                       # a log without an end
    name_prefix              = "demo-"                                                 # a name ending in a hyphen
    package_hash             = "8d969eef6ecad3c29a3a629280e686cf0c3f5d5a86aff3ca12020" # hexadecimal
    package_path             = "handler.py"                                            # a module for a zip
    partition                = "gcp"                                                   # an unknown partition
    permissions_boundary_arn = "bounds"                                                # a name for an ARN
    region                   = "us-east"                                               # a region without a number
    role_path                = "/agents"                                               # a path without its last slash
  }

  expect_failures = [
    var.account_id,
    var.kms_key_arn,
    var.log_retention_days,
    var.name_prefix,
    var.package_hash,
    var.package_path,
    var.partition,
    var.permissions_boundary_arn,
    var.region,
    var.role_path,
  ]
}
