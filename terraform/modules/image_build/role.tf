resource "aws_iam_role" "build" {
  name                 = local.project_name
  path                 = var.role_path
  description          = "Service role of the CodeBuild project ${local.project_name}"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # CodeBuild user guide: cross-service-confused-deputy-prevention.
        Sid       = "OwnProject"
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { Service = "codebuild.amazonaws.com" }
        Condition = {
          StringEquals = { "aws:SourceAccount" = var.account_id, "aws:SourceArn" = local.project_arn }
        }
      },
    ]
  })

  tags = var.tags
}

resource "aws_iam_role_policy" "build" {
  name = local.project_name
  role = aws_iam_role.build.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadTheSource"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = [local.source_arn]
      },
      {
        # Amazon ECR user guide: image-push-iam.
        Sid    = "PushImages"
        Effect = "Allow"
        Action = [
          "ecr:BatchCheckLayerAvailability",
          "ecr:BatchGetImage",
          "ecr:CompleteLayerUpload",
          "ecr:InitiateLayerUpload",
          "ecr:PutImage",
          "ecr:UploadLayerPart",
        ]
        Resource = [local.repository_arn]
      },
      {
        Sid    = "RegistryToken"
        Effect = "Allow"
        Action = ["ecr:GetAuthorizationToken"]
        # "*": the action takes no resource, a token is valid for the whole registry (service authorization reference, ECR).
        Resource = ["*"]
      },
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
resource "aws_iam_role_policies_exclusive" "build" {
  role_name    = aws_iam_role.build.name
  policy_names = [aws_iam_role_policy.build.name]
}

resource "aws_iam_role_policy_attachments_exclusive" "build" {
  role_name   = aws_iam_role.build.name
  policy_arns = []
}
