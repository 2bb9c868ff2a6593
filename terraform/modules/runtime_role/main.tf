locals {
  runtime_names = concat([var.agent_runtime_name], var.probe_runtime_names)
  agentcore_arn = "arn:${var.partition}:bedrock-agentcore:${var.region}:${var.account_id}"

  log_groups_arn = "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group"
  # One group for each runtime and endpoint, named after the runtime's id: its name, a hyphen and what the service draws.
  agent_log_groups = [
    for name in local.runtime_names : "${local.log_groups_arn}:/aws/bedrock-agentcore/runtimes/${name}-*"
  ]

  # An inference profile is named after its geography and then the model that it routes to.
  inference_profiles = [for id in var.model_ids : id if can(regex(local.profile_pattern, id))]
  foundation_models  = [for id in var.model_ids : id if !can(regex(local.profile_pattern, id))]
  profile_pattern    = "^(apac|au|ca|eu|global|jp|sa|us|us-gov)\\."

  inference_profile_arns = [
    for id in local.inference_profiles : "arn:${var.partition}:bedrock:${var.region}:${var.account_id}:inference-profile/${id}"
  ]
  foundation_model_arns = [
    for id in local.foundation_models : "arn:${var.partition}:bedrock:${var.region}::foundation-model/${id}"
  ]
  # A profile chooses the destination region itself, a global one names none: the region cannot be pinned here, so the
  # statement that uses these is conditioned on the profile.
  routed_model_arns = [
    for id in local.inference_profiles :
    "arn:${var.partition}:bedrock:*::foundation-model/${replace(id, "/${local.profile_pattern}/", "")}"
  ]
}

resource "aws_iam_role" "runtime" {
  name                 = "${var.name_prefix}-runtime"
  path                 = var.role_path
  description          = "Execution role of the agent runtime ${var.agent_runtime_name}"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "RuntimeOfThisAccount"
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { Service = "bedrock-agentcore.amazonaws.com" }
        Condition = {
          StringEquals = { "aws:SourceAccount" = var.account_id }
          # Not the runtime's own ARN: it is known only after the runtime was created with this role.
          ArnLike = { "aws:SourceArn" = "arn:${var.partition}:bedrock-agentcore:${var.region}:${var.account_id}:*" }
        }
      },
    ]
  })

  tags = var.tags
}

resource "aws_iam_role_policy" "runtime" {
  name = "${var.name_prefix}-runtime"
  role = aws_iam_role.runtime.name

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.runtime_statements, local.image_statements, local.gateway_statements, local.model_statements)
  })
}

# Whatever else the role is given later, by whomever, is a difference to Terraform, and the next apply takes it away.
resource "aws_iam_role_policies_exclusive" "runtime" {
  role_name    = aws_iam_role.runtime.name
  policy_names = [aws_iam_role_policy.runtime.name]
}

resource "aws_iam_role_policy_attachments_exclusive" "runtime" {
  role_name   = aws_iam_role.runtime.name
  policy_arns = []
}
