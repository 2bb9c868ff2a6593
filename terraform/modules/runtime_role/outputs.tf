output "role_arn" {
  description = "ARN of the execution role. Read by the root module, for the orchestrator."
  # Through the policy, so that no runtime is created with a role that may not do anything yet.
  value = aws_iam_role.runtime.arn

  depends_on = [aws_iam_role_policy.runtime]
}
