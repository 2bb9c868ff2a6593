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

run "only_the_runtime_service_may_assume_the_role" {
  command = plan

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role.runtime.assume_role_policy).Statement :
      [statement.Effect, statement.Action, jsonencode(statement.Principal)]
    ] == [["Allow", "sts:AssumeRole", jsonencode({ Service = "bedrock-agentcore.amazonaws.com" })]]
    error_message = "The trust policy lets somebody else in: ${aws_iam_role.runtime.assume_role_policy}"
  }
}

run "the_service_may_assume_it_for_this_account_alone" {
  command = plan

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
