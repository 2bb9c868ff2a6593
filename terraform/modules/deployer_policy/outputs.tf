output "policy_arns" {
  description = "ARNs of the policies by what they are for, all of them to be attached to the deployer's role. Read by examples/ci_deployer."
  value       = { for name, policy in aws_iam_policy.deployer : name => policy.arn }
}
