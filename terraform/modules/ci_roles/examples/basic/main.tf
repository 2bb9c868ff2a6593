module "ci_roles" {
  source = "../.."

  deploy_policy_arns = { access = "arn:aws:iam::111122223333:policy/deployer-mortgage-dev-access" }
  deploy_subjects    = ["repo:example-org/agents:environment:dev"]
  environment        = "dev"
  plan_policies = {
    access = jsonencode({
      Version   = "2012-10-17"
      Statement = [{ Effect = "Allow", Action = ["iam:GetRole"], Resource = ["arn:aws:iam::111122223333:role/mortgage-dev-runtime"] }]
    })
  }
  plan_subjects = ["repo:example-org/agents:pull_request", "repo:example-org/agents:ref:refs/heads/main"]
  project       = "mortgage"
}
