# Callers who sign with SigV4: one may invoke the IAM door's runtime, one a runtime of another name, one nothing.

locals {
  policy_arns = {
    elsewhere = var.elsewhere_policy_arn
    invoker   = var.invoker_policy_arn
  }
}

resource "aws_iam_role" "caller" {
  for_each = toset(["elsewhere", "invoker", "stranger"])

  name                 = "${var.name_prefix}-probe-${each.key}"
  path                 = var.role_path
  description          = "Probe of the IAM door: the ${each.key}"
  max_session_duration = 3600
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "PrincipalsOfThisAccountWithPermission"
        Effect = "Allow"
        Action = "sts:AssumeRole"
        # The account: whoever assumes the role needs a policy of their own that allows it, as the deployer's does.
        Principal = { AWS = "arn:${var.partition}:iam::${var.account_id}:root" }
      },
    ]
  })

  tags = var.tags
}

resource "aws_iam_role_policy_attachment" "caller" {
  for_each = local.policy_arns

  role       = aws_iam_role.caller[each.key].name
  policy_arn = each.value
}
