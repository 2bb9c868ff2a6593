mock_provider "aws" {
  override_during = plan

  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
  }
}

variables {
  deploy_policy_arns = { access = "arn:aws:iam::111122223333:policy/deployer-demo-dev-access" }
  deploy_subjects    = ["repo:example-org/agents:environment:dev"]
  environment        = "dev"
  plan_policies      = { access = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  plan_subjects      = ["repo:example-org/agents:pull_request", "repo:example-org/agents:ref:refs/heads/main"]
  project            = "demo"
}

run "each_role_trusts_its_own_jobs_and_holds_its_own_policies" {
  command = plan

  # A token of this issuer, for this audience, of one of these subjects in full, and nothing looser.
  assert {
    condition = {
      for name, role in aws_iam_role.ci : name => jsondecode(role.assume_role_policy).Statement
      } == {
      for name, subjects in { deploy = var.deploy_subjects, plan = var.plan_subjects } : name => [{
        Sid       = "JobsOfTheseSubjects"
        Effect    = "Allow"
        Action    = "sts:AssumeRoleWithWebIdentity"
        Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
        Condition = {
          StringEquals = {
            "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
            "token.actions.githubusercontent.com:sub" = [for subject in subjects : subject]
          }
        }
      }]
    }
    error_message = "A role trusts other jobs: ${jsonencode({ for name, role in aws_iam_role.ci : name => role.assume_role_policy })}"
  }

  # What deploys never reaches the role of a pull request.
  assert {
    condition = (
      alltrue([for attachment in aws_iam_role_policy_attachment.plan : attachment.role == "ci-plan-demo-dev"])
      && alltrue([for attachment in aws_iam_role_policy_attachment.deploy : attachment.role == "ci-deploy-demo-dev"])
      && toset([for attachment in aws_iam_role_policy_attachment.deploy : attachment.policy_arn]) == toset(values(var.deploy_policy_arns))
    )
    error_message = "A policy is attached to the other role."
  }

  assert {
    condition     = aws_iam_openid_connect_provider.ci[0].url == "https://token.actions.githubusercontent.com" && aws_iam_openid_connect_provider.ci[0].client_id_list == toset(["sts.amazonaws.com"])
    error_message = "The provider is of another issuer or audience."
  }
}

run "a_provider_that_is_there_is_trusted_and_none_is_made" {
  command = plan

  variables {
    audience     = "https://gitlab.example.com"
    issuer       = "gitlab.example.com"
    provider_arn = "arn:aws-us-gov:iam::111122223333:oidc-provider/gitlab.example.com"
    role_path    = "/agents/"
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.ci) == 0
    error_message = "A second provider of the issuer is made."
  }

  assert {
    condition = alltrue([for role in aws_iam_role.ci : (
      jsondecode(role.assume_role_policy).Statement[0].Principal.Federated == var.provider_arn
      && jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["gitlab.example.com:aud"] == var.audience
      && role.path == "/agents/"
    )])
    error_message = "A role trusts another issuer, or stands in another path."
  }
}

run "a_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    deploy_subjects = ["repo:example-org/agents:*"] # every job of the repository
    environment     = "Dev"                         # a capital
    issuer          = "https://gitlab.com"          # a URL
    plan_subjects   = []                            # nobody
    project         = "d--emo"                      # two hyphens
    provider_arn    = "gitlab.com"                  # no ARN
    role_path       = "agents"                      # no slashes
  }

  expect_failures = [
    var.deploy_subjects,
    var.environment,
    var.issuer,
    var.plan_subjects,
    var.project,
    var.provider_arn,
    var.role_path,
  ]
}

run "a_pull_request_may_not_deploy" {
  command = plan

  variables {
    deploy_subjects = ["repo:example-org/agents:pull_request"]
  }

  expect_failures = [var.deploy_subjects]
}

run "nobody_is_no_deployer" {
  command = plan

  variables {
    deploy_subjects = []
  }

  expect_failures = [var.deploy_subjects]
}
