locals {
  name_prefix        = "${var.project}-${var.environment}"
  agent_runtime_name = replace("${var.project}_${var.environment}", "-", "_")

  # The names that the root module gives, as patterns.
  bucket_arn     = "arn:${var.partition}:s3:::${local.name_prefix}-${var.account_id}-${var.region}"
  log_groups_arn = "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:/aws/bedrock-agentcore/runtimes"
  policies_arn   = "arn:${var.partition}:iam::${var.account_id}:policy${var.role_path}${local.name_prefix}-*"
  pools_arn      = "arn:${var.partition}:cognito-idp:${var.region}:${var.account_id}:userpool/*"
  record_arn     = "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:${local.name_prefix}/auth"
  repository_arn = "arn:${var.partition}:ecr:${var.region}:${var.account_id}:repository/${local.name_prefix}"
  roles_arn      = "arn:${var.partition}:iam::${var.account_id}:role${var.role_path}${local.name_prefix}"
  runtimes_arn   = "arn:${var.partition}:bedrock-agentcore:${var.region}:${var.account_id}:runtime"
  secrets_arn    = "arn:${var.partition}:secretsmanager:${var.region}:${var.account_id}:secret:${local.name_prefix}/*"

  # The agent's own runtime and the probes'; the service draws the end of an id.
  runtime_names = concat(["${local.agent_runtime_name}-*"], var.probes_enabled ? ["${local.agent_runtime_name}_probe_*"] : [])

  # Pools have ids that the service draws, so their tags tell them apart.
  pool_tags = { Environment = var.environment, Project = var.project }

  documents = {
    access         = local.access_statements
    infrastructure = local.infrastructure_statements
    runtime        = concat(local.runtime_statements, local.probe_statements, local.monitoring_statements, local.state_statements)
  }
}

# Three, because one policy has 6144 characters at most. Their names do not begin as the deployment's own do: what they allow
# does not reach themselves.
resource "aws_iam_policy" "deployer" {
  for_each = local.documents

  name        = "deployer-${local.name_prefix}-${each.key}"
  path        = var.role_path
  description = "Deploy ${local.name_prefix}: ${each.key}"

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = each.value
  })

  tags = var.tags
}
