# What Terraform calls for image_build (seen in its log), and the starter toolkit and the orchestrator for an image.

locals {
  build_project_arn = "arn:${var.partition}:codebuild:${var.region}:${var.account_id}:project/${local.name_prefix}-image"
  build_role_arn    = "${local.iam_arn}:role${var.role_path}${local.name_prefix}-image"
  build_logs        = "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:/aws/codebuild/${local.name_prefix}-image"

  image_statements = [
    {
      Sid    = "ImageRepository"
      Effect = "Allow"
      Action = [
        "ecr:CreateRepository",
        "ecr:DeleteRepository",
        "ecr:DescribeImages",
        "ecr:DescribeRepositories",
        "ecr:ListTagsForResource",
        "ecr:PutImageScanningConfiguration",
        "ecr:PutImageTagMutability",
        "ecr:TagResource",
        "ecr:UntagResource",
      ]
      Resource = [local.repository_arn]
    },
    {
      Sid    = "ImageBuild"
      Effect = "Allow"
      Action = [
        "codebuild:BatchGetBuilds",
        "codebuild:BatchGetProjects",
        "codebuild:CreateProject",
        "codebuild:DeleteProject",
        "codebuild:StartBuild",
        "codebuild:UpdateProject",
      ]
      Resource = [local.build_project_arn]
    },
    {
      Sid    = "LogOfTheBuild"
      Effect = "Allow"
      Action = [
        "logs:CreateLogGroup",
        "logs:DeleteLogGroup",
        "logs:DeleteRetentionPolicy",
        "logs:ListTagsForResource",
        "logs:PutRetentionPolicy",
        "logs:TagResource",
        "logs:UntagResource",
      ]
      # Both forms: some of the actions are authorized against the group's ARN with an end, some without.
      Resource = [local.build_logs, "${local.build_logs}:*"]
    },
    {
      Sid       = "HandTheBuildsRoleToCodeBuild"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = [local.build_role_arn]
      Condition = { StringEquals = { "iam:PassedToService" = "codebuild.amazonaws.com" } }
    },
  ]
}
