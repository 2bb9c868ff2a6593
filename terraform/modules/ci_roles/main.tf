locals {
  provider_arn = coalesce(var.provider_arn, one(aws_iam_openid_connect_provider.ci[*].arn))

  roles = {
    deploy = { purpose = "deploy", subjects = var.deploy_subjects }
    plan   = { purpose = "plan and look for drift in", subjects = var.plan_subjects }
  }
}

# Whose tokens AWS takes. An account has one of an issuer, so where there is one already it is passed in.
resource "aws_iam_openid_connect_provider" "ci" {
  count = var.provider_arn == null ? 1 : 0

  url            = "https://${var.issuer}"
  client_id_list = [var.audience]

  tags = var.tags
}

# Named before the deployment, so that none of the names that a deployer may rewrite begins like these.
resource "aws_iam_role" "ci" {
  for_each = local.roles

  name                 = "ci-${each.key}-${var.project}-${var.environment}"
  path                 = var.role_path
  description          = "Assumed by CI to ${each.value.purpose} ${var.project}-${var.environment}"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "JobsOfTheseSubjects"
        Effect    = "Allow"
        Action    = "sts:AssumeRoleWithWebIdentity"
        Principal = { Federated = local.provider_arn }
        Condition = {
          StringEquals = {
            "${var.issuer}:aud" = var.audience
            "${var.issuer}:sub" = each.value.subjects
          }
        }
      },
    ]
  })

  tags = var.tags
}

resource "aws_iam_role_policy_attachment" "deploy" {
  for_each = var.deploy_policy_arns

  role       = aws_iam_role.ci["deploy"].name
  policy_arn = each.value
}

# Several, because one policy has 6144 characters at most.
resource "aws_iam_policy" "plan" {
  for_each = var.plan_policies

  name        = "ci-plan-${var.project}-${var.environment}-${each.key}"
  path        = var.role_path
  description = "Read ${var.project}-${var.environment}: ${each.key}"
  policy      = each.value

  tags = var.tags
}

resource "aws_iam_role_policy_attachment" "plan" {
  for_each = aws_iam_policy.plan

  role       = aws_iam_role.ci["plan"].name
  policy_arn = each.value.arn
}
