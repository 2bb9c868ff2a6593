mock_provider "aws" {
  override_during = plan
}

variables {
  account_id         = "111122223333"
  agent_runtime_name = "demo_dev"
  ecr_repository_arn = "arn:aws:ecr:eu-west-1:111122223333:repository/demo-dev"
  model_ids          = []
  name_prefix        = "demo-dev"
  partition          = "aws"
  region             = "eu-west-1"
}

run "a_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    account_id         = "11112222333"                                     # an account of 11 digits
    agent_runtime_name = "demo-dev"                                        # a runtime name with a hyphen
    ecr_repository_arn = "arn:aws:ecr:eu-west-1:111122223333:repository/*" # a wildcard repository
    model_ids          = ["anthropic.*"]                                   # a wildcard model
    name_prefix        = "1demo"                                           # a name beginning with a digit
    partition          = "gcp"                                             # an unknown partition
    region             = "eu-west-1a"                                      # a zone for a region
  }

  expect_failures = [
    var.account_id,
    var.agent_runtime_name,
    var.ecr_repository_arn,
    var.model_ids,
    var.name_prefix,
    var.partition,
    var.region,
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
