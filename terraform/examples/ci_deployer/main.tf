# Applied once, by an administrator, before CI can deploy. Edit the lines below; give the boundary's ARN to the deployment as
# permissions_boundary_arn and the roles' to CI.

locals {
  account_id = "111122223333"
  # "container" where the agent is shipped as an image.
  deployment  = "code"
  environment = "dev"
  region      = "us-east-1"
  # Whose jobs: this repository's. They deploy in the GitHub environment of the same name, with its approvals.
  repository = "example-org/agentcore-inbound-auth"
  # Null: the account has no OIDC provider of GitHub's yet, and it is made here.
  provider_arn = null

  partition = "aws"
  project   = "inbound-auth"

  # What the role needs that builds an image.
  build = {
    Sid    = "BuildAnImage"
    Effect = "Allow"
    Action = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:CompleteLayerUpload",
      "ecr:GetAuthorizationToken",
      "ecr:InitiateLayerUpload",
      "ecr:PutImage",
      "ecr:UploadLayerPart",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "s3:GetObject",
      "s3:GetObjectVersion",
    ]
    # "*": a boundary allows nothing by itself; the role's own policy names the resources.
    Resource = ["*"]
  }
}

module "deployer_policy" {
  source = "../../modules/deployer_policy"

  account_id               = local.account_id
  deployment               = local.deployment
  environment              = local.environment
  partition                = local.partition
  permissions_boundary_arn = "arn:${local.partition}:iam::${local.account_id}:policy/${aws_iam_policy.boundary.name}"
  project                  = local.project
  region                   = local.region
  state_bucket_name        = "inbound-auth-tfstate-${local.account_id}-${local.region}"
}

# What no role of the deployment can exceed, whatever CI writes into it: the execution role's needs, the gateway's, the probes'.
resource "aws_iam_policy" "boundary" {
  name        = "agent-boundary"
  description = "Most that a role made by CI may do"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.deployment == "container" ? [local.build] : [], [
      {
        Sid    = "RunAnAgent"
        Effect = "Allow"
        Action = [
          "bedrock:InvokeModel",
          "bedrock:InvokeModelWithResponseStream",
          "bedrock-agentcore:GetResourceOauth2Token",
          "bedrock-agentcore:InvokeAgentRuntime",
          "cloudwatch:PutMetricData",
          "ecr:BatchGetImage",
          "ecr:GetAuthorizationToken",
          "ecr:GetDownloadUrlForLayer",
          "lambda:InvokeFunction",
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
        ]
        # "*": a boundary allows nothing by itself; the role's own policy names the resources.
        Resource = ["*"]
      },
    ])
  })
}

module "ci_roles" {
  source = "../../modules/ci_roles"

  deploy_policy_arns = module.deployer_policy.policy_arns
  deploy_subjects    = ["repo:${local.repository}:environment:${local.environment}"]
  environment        = local.environment
  plan_policies      = module.deployer_policy.reading_policies
  # A pull request's jobs, and what runs on main before the approval and every night.
  plan_subjects = ["repo:${local.repository}:pull_request", "repo:${local.repository}:ref:refs/heads/main"]
  project       = local.project
  provider_arn  = local.provider_arn
}

output "roles" {
  description = "What CI is told: variables of the repository."
  value = {
    AWS_DEPLOY_ROLE_ARN = module.ci_roles.deploy_role_arn
    AWS_PLAN_ROLE_ARN   = module.ci_roles.plan_role_arn
  }
}
