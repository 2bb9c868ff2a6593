output "policy_arns" {
  description = "ARNs of the policies by what they are for, all of them to be attached to the deployer's role. Read by examples/ci_deployer."
  value       = { for name, policy in aws_iam_policy.deployer : name => policy.arn }
}

output "reading_policies" {
  description = "Policy documents (JSON) by what they are for: the statements' reading actions, for a role that plans and looks for drift. Read by examples/ci_deployer."
  value = {
    for name, statements in local.reading_documents : name => jsonencode({
      Version   = "2012-10-17"
      Statement = statements
    }) if length(statements) > 0
  }
}
