locals {
  runtimes_arn = "arn:${var.partition}:bedrock-agentcore:${var.region}:${var.account_id}:runtime"

  # A runtime's id is its name, a hyphen and ten characters that the service draws. Names know no hyphen, so the pattern
  # fits every runtime of this name, the one that replaces today's too, and no runtime of another name.
  runtime_pattern  = "${local.runtimes_arn}/${var.agent_runtime_name}-*"
  endpoint_pattern = "${local.runtime_pattern}/runtime-endpoint/*"
}

# For callers who sign with SigV4. Not for the caller pool's people and machines: they have no IAM identity, and a runtime
# with a JWT authorizer refuses signed calls (AgentCore devguide: runtime-oauth).
resource "aws_iam_policy" "invoker" {
  name        = var.name
  path        = var.role_path
  description = "Invoke the agent runtime ${var.agent_runtime_name}"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "InvokeRuntimeAndItsEndpoints"
        Effect = "Allow"
        Action = ["bedrock-agentcore:InvokeAgentRuntime"]
        # Both: the service asks for the endpoint beside the runtime (AgentCore devguide: resource-based-policies).
        Resource = [local.runtime_pattern, local.endpoint_pattern]
      },
    ]
  })

  tags = var.tags
}
