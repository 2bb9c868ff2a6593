output "deploy_role_arn" {
  description = "ARN of the role that jobs of the deploy subjects assume. Read by CI, as AWS_DEPLOY_ROLE_ARN."
  value       = aws_iam_role.ci["deploy"].arn
}

output "plan_role_arn" {
  description = "ARN of the role that jobs of the plan subjects assume. Read by CI, as AWS_PLAN_ROLE_ARN."
  value       = aws_iam_role.ci["plan"].arn
}
