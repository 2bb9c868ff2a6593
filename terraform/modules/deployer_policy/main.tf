locals {
  name_prefix        = "${var.project}-${var.environment}"
  agent_runtime_name = replace("${var.project}_${var.environment}", "-", "_")

  # The names that the root module gives, each in full: "inbound-auth-*" would be another project's too, in an environment
  # that is called auth here.
  bucket_arn     = "arn:${var.partition}:s3:::${local.name_prefix}-${var.account_id}-${var.region}"
  iam_arn        = "arn:${var.partition}:iam::${var.account_id}"
  log_groups_arn = "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:/aws/bedrock-agentcore/runtimes"
  pools_arn      = "arn:${var.partition}:cognito-idp:${var.region}:${var.account_id}:userpool/*"
  function_logs  = "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:/aws/lambda/${local.name_prefix}-credit-check"
  record_arn     = "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:${local.name_prefix}/auth"
  repository_arn = "arn:${var.partition}:ecr:${var.region}:${var.account_id}:repository/${local.name_prefix}"
  runtimes_arn   = "arn:${var.partition}:bedrock-agentcore:${var.region}:${var.account_id}:runtime"
  secrets_arn    = "arn:${var.partition}:secretsmanager:${var.region}:${var.account_id}:secret:${local.name_prefix}/*"

  # Probes that were are taken down too, so theirs are always among them.
  probe_roles_arns = [for probe in ["elsewhere", "invoker", "stranger"] : "${local.iam_arn}:role${var.role_path}${local.name_prefix}-probe-${probe}"]
  # So are the gateway's.
  gateway_role_arns = { for role in ["credit-check", "gateway"] : role => "${local.iam_arn}:role${var.role_path}${local.name_prefix}-${role}" }
  role_arns = concat(
    ["${local.iam_arn}:role${var.role_path}${local.name_prefix}-runtime"], local.probe_roles_arns, values(local.gateway_role_arns),
    var.deployment == "container" ? [local.build_role_arn] : [],
  )
  policy_arns = [for policy in ["invoker", "probe-elsewhere", "probe-iam"] : "${local.iam_arn}:policy${var.role_path}${local.name_prefix}-${policy}"]

  # The agent's own runtime and the probes'; the service draws the end of an id.
  runtime_names = [
    for suffix in concat([""], var.probes_enabled ? ["_probe_audience", "_probe_group", "_probe_iam", "_probe_scope"] : []) : "${local.agent_runtime_name}${suffix}-*"
  ]

  # Pools have ids that the service draws, so their tags tell them apart.
  pool_tags = { Environment = var.environment, Project = var.project }

  documents = merge({ for name, statements in { image = local.image_statements } : name => statements if var.deployment == "container" }, {
    access         = local.access_statements
    gateway        = local.gateway_statements
    roles          = concat(local.role_statements, local.doctor_statements)
    infrastructure = concat(local.infrastructure_statements, local.policy_statements)
    runtime        = concat(local.runtime_statements, local.probe_statements, local.monitoring_statements, local.state_statements)
  })
}

# Several, because one policy has 6144 characters at most. Their names do not begin as the deployment's own do: what they allow
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
