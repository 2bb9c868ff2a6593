resource "aws_iam_role" "credit_check" {
  name                 = local.function_name
  path                 = var.role_path
  description          = "Execution role of the function ${local.function_name}"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # No source conditions: a function takes roles of its own account alone, and who may hand it one is asked for
        # iam:PassRole (Lambda developer guide: lambda-intro-execution-role).
        Sid       = "FunctionsOfThisAccount"
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { Service = "lambda.amazonaws.com" }
      },
    ]
  })

  tags = var.tags
}

resource "aws_iam_role_policy" "credit_check" {
  name = local.function_name
  role = aws_iam_role.credit_check.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Not logs:CreateLogGroup: a last line after `down` would bring the group back.
        Sid      = "OwnLogStreams"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:${local.log_group}:log-stream:*"]
      },
    ]
  })
}

# Whatever else the role is given later, by whomever, is a difference to Terraform, and the next apply takes it away.
resource "aws_iam_role_policies_exclusive" "credit_check" {
  role_name    = aws_iam_role.credit_check.name
  policy_names = [aws_iam_role_policy.credit_check.name]
}

resource "aws_iam_role_policy_attachments_exclusive" "credit_check" {
  role_name   = aws_iam_role.credit_check.name
  policy_arns = []
}
