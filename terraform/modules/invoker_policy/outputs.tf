output "policy_arn" {
  description = "ARN of the policy, to be attached to whoever may invoke. Read by the root module, for the orchestrator and the probes."
  value       = aws_iam_policy.invoker.arn
}
