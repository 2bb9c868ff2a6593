locals {
  project_name = "${var.name_prefix}-image"
  project_arn  = "arn:${var.partition}:codebuild:${var.region}:${var.account_id}:project/${local.project_name}"
  # The name that CodeBuild gives it.
  log_group = "/aws/codebuild/${local.project_name}"

  # From names, not from the service's answer: a plan then shows the policies that are made of it.
  repository_arn = "arn:${var.partition}:ecr:${var.region}:${var.account_id}:repository/${var.name_prefix}"
  repository_url = "${var.account_id}.dkr.ecr.${var.region}.${var.dns_suffix}/${var.name_prefix}"
  source_arn     = "arn:${var.partition}:s3:::${var.source_bucket_name}/${var.source_key}"
}

resource "aws_ecr_repository" "agent" {
  name                 = var.name_prefix
  image_tag_mutability = "IMMUTABLE"
  force_delete         = var.force_delete

  image_scanning_configuration {
    scan_on_push = true
  }

  tags = var.tags
}

# Made before the project, so that it has an end: a group that a build makes by itself is kept for ever.
resource "aws_cloudwatch_log_group" "build" {
  name              = local.log_group
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_codebuild_project" "image" {
  name          = local.project_name
  description   = "Builds the agent's image for ${var.name_prefix}"
  service_role  = aws_iam_role.build.arn
  build_timeout = 15

  source {
    type     = "S3"
    location = "${var.source_bucket_name}/${var.source_key}"
    # Here and not in the source: what is uploaded cannot change what is run with this role.
    buildspec = local.buildspec
  }

  artifacts {
    type = "NO_ARTIFACTS"
  }

  environment {
    # AgentCore runs images for this processor alone (AgentCore devguide: runtime-http-protocol-contract).
    type         = "ARM_CONTAINER"
    image        = "aws/codebuild/amazonlinux2-aarch64-standard:3.0"
    compute_type = "BUILD_GENERAL1_SMALL"
    # Docker needs it.
    privileged_mode = true

    environment_variable {
      name  = "IMAGE_REPOSITORY"
      value = local.repository_url
    }

    environment_variable {
      # An index with an attestation in it is refused by AgentCore, in words about permissions.
      name  = "BUILDX_NO_DEFAULT_ATTESTATIONS"
      value = "1"
    }
  }

  tags = var.tags

  lifecycle {
    # How long a build may wait for a machine; the local emulator forgets it.
    ignore_changes = [queued_timeout]
  }

  # Nobody builds before the role may write its log.
  depends_on = [aws_cloudwatch_log_group.build, aws_iam_role_policy.build]
}
