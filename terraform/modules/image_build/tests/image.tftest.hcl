mock_provider "aws" {
  override_during = plan
}

variables {
  account_id               = "111122223333"
  dns_suffix               = "amazonaws.com"
  force_delete             = false
  log_retention_days       = 90
  name_prefix              = "demo-dev"
  partition                = "aws"
  permissions_boundary_arn = "arn:aws:iam::111122223333:policy/bounds"
  region                   = "eu-west-1"
  role_path                = "/agents/"
  source_bucket_name       = "demo-dev-111122223333-eu-west-1"
  source_key               = "demo_dev/source.zip"
}

run "images_are_immutable_scanned_and_built_from_one_object_by_a_role_that_may_do_no_more" {
  command = plan

  assert {
    condition     = aws_ecr_repository.agent.image_tag_mutability == "IMMUTABLE" && one(aws_ecr_repository.agent.image_scanning_configuration).scan_on_push
    error_message = "A tag can be overwritten, or images are not scanned."
  }

  assert {
    condition     = aws_ecr_repository.agent.force_delete == false
    error_message = "Destroy would delete images unasked."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.build.policy).Statement : jsonencode([statement.Sid, statement.Effect, statement.Action, statement.Resource])] == [
      jsonencode(["ReadTheSource", "Allow", ["s3:GetObject", "s3:GetObjectVersion"], ["arn:aws:s3:::demo-dev-111122223333-eu-west-1/demo_dev/source.zip"]]),
      jsonencode([
        "PushImages", "Allow",
        ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"],
        ["arn:aws:ecr:eu-west-1:111122223333:repository/demo-dev"],
      ]),
      jsonencode(["RegistryToken", "Allow", ["ecr:GetAuthorizationToken"], ["*"]]),
      jsonencode([
        "OwnLogStreams", "Allow", ["logs:CreateLogStream", "logs:PutLogEvents"],
        ["arn:aws:logs:eu-west-1:111122223333:log-group:/aws/codebuild/demo-dev-image:log-stream:*"],
      ]),
    ]
    error_message = "A build may: ${aws_iam_role_policy.build.policy}"
  }

  assert {
    condition     = length(aws_iam_role_policy_attachments_exclusive.build.policy_arns) == 0 && aws_iam_role_policies_exclusive.build.policy_names == toset(["demo-dev-image"])
    error_message = "A policy that somebody attaches would stay."
  }

  assert {
    condition = jsonencode([for statement in jsondecode(aws_iam_role.build.assume_role_policy).Statement : [statement.Effect, statement.Action, statement.Principal, statement.Condition]]) == jsonencode([[
      "Allow", "sts:AssumeRole", { Service = "codebuild.amazonaws.com" },
      { StringEquals = { "aws:SourceAccount" = "111122223333", "aws:SourceArn" = "arn:aws:codebuild:eu-west-1:111122223333:project/demo-dev-image" } },
    ]])
    error_message = "Somebody else may assume the role: ${aws_iam_role.build.assume_role_policy}"
  }

  assert {
    condition     = aws_iam_role.build.permissions_boundary == "arn:aws:iam::111122223333:policy/bounds" && aws_iam_role.build.path == "/agents/"
    error_message = "The role is not bounded, or stands in another path."
  }

  assert {
    condition     = aws_codebuild_project.image.environment[0].type == "ARM_CONTAINER" && aws_codebuild_project.image.source[0].location == "demo-dev-111122223333-eu-west-1/demo_dev/source.zip"
    error_message = "The image is built for another processor, or from another object."
  }

  assert {
    condition = { for variable in aws_codebuild_project.image.environment[0].environment_variable : variable.name => variable.value } == {
      BUILDX_NO_DEFAULT_ATTESTATIONS = "1"
      IMAGE_REPOSITORY               = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/demo-dev"
    }
    error_message = "The image would carry an attestation, or go to another repository."
  }

  assert {
    condition     = strcontains(aws_codebuild_project.image.source[0].buildspec, "docker push \\\"$IMAGE_REPOSITORY:$IMAGE_TAG\\\"") && !strcontains(aws_codebuild_project.image.source[0].buildspec, ":latest")
    error_message = "Pushed is something else than the tag of the build: ${aws_codebuild_project.image.source[0].buildspec}"
  }

  assert {
    condition     = aws_cloudwatch_log_group.build.name == "/aws/codebuild/demo-dev-image" && aws_cloudwatch_log_group.build.retention_in_days == 90
    error_message = "The log is kept for ${aws_cloudwatch_log_group.build.retention_in_days} days in ${aws_cloudwatch_log_group.build.name}."
  }

  assert {
    condition     = output.repository_arn == "arn:aws:ecr:eu-west-1:111122223333:repository/demo-dev" && output.project_name == "demo-dev-image"
    error_message = "Handed over: ${output.repository_arn}, ${output.project_name}"
  }
}

run "forcing_reaches_the_repository" {
  command = plan

  variables {
    force_delete = true
  }

  assert {
    condition     = aws_ecr_repository.agent.force_delete == true
    error_message = "Forcing does not reach the repository."
  }
}

run "a_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    account_id               = "11112222333"         # an account of 11 digits
    dns_suffix               = "https://example.com" # a URL
    kms_key_arn              = "alias/mine"          # a name for an ARN
    log_retention_days       = 0                     # a log without an end
    name_prefix              = "demo-"               # a name ending in a hyphen
    partition                = "gcp"                 # an unknown partition
    permissions_boundary_arn = "bounds"              # a name for an ARN
    region                   = "us-east"             # a region without a number
    role_path                = "/agents"             # a path without its last slash
    source_bucket_name       = "Bucket"              # a capital
    source_key               = "../source.zip"       # another agent's folder
  }

  expect_failures = [
    var.account_id,
    var.dns_suffix,
    var.kms_key_arn,
    var.log_retention_days,
    var.name_prefix,
    var.partition,
    var.permissions_boundary_arn,
    var.region,
    var.role_path,
    var.source_bucket_name,
    var.source_key,
  ]
}
