# Applied once, by an administrator, before CI can deploy. Edit the four lines below; give the boundary's ARN to the deployment as
# permissions_boundary_arn and the role's to CI.

locals {
  account_id  = "111122223333"
  environment = "dev"
  region      = "us-east-1"
  # Whose jobs may deploy: this repository's, in the GitHub environment of the same name.
  repository = "example-org/agentcore-inbound-auth"

  partition     = "aws"
  project       = "inbound-auth"
  github_issuer = "token.actions.githubusercontent.com"
}

module "deployer_policy" {
  source = "../../modules/deployer_policy"

  account_id               = local.account_id
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
    Statement = [
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
    ]
  })
}

resource "aws_iam_role" "deployer" {
  name                 = "deployer-${local.project}-${local.environment}"
  description          = "Assumed by CI to deploy ${local.project}-${local.environment}"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "JobsOfOneRepositoryAndEnvironment"
        Effect    = "Allow"
        Action    = "sts:AssumeRoleWithWebIdentity"
        Principal = { Federated = "arn:${local.partition}:iam::${local.account_id}:oidc-provider/${local.github_issuer}" }
        Condition = {
          StringEquals = {
            "${local.github_issuer}:aud" = "sts.amazonaws.com"
            "${local.github_issuer}:sub" = "repo:${local.repository}:environment:${local.environment}"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "deployer" {
  for_each = module.deployer_policy.policy_arns

  role       = aws_iam_role.deployer.name
  policy_arn = each.value
}
