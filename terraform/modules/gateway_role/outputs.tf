output "role_arn" {
  description = "ARN of the gateway's role. Read by the root module, for the orchestrator."
  # Through the policy, so that no gateway is made with a role that may not call anything yet.
  value = aws_iam_role.gateway.arn

  depends_on = [aws_iam_role_policy.gateway]
}
