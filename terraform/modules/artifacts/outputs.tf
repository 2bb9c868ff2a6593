output "bucket_name" {
  description = "Bucket of the agent's code. Read by the root module, for the orchestrator."
  value       = aws_s3_bucket.code.bucket

  # Nobody uploads before the bucket is closed, encrypted and versioned.
  depends_on = [
    aws_s3_bucket_ownership_controls.code,
    aws_s3_bucket_policy.code,
    aws_s3_bucket_public_access_block.code,
    aws_s3_bucket_server_side_encryption_configuration.code,
    aws_s3_bucket_versioning.code,
  ]
}

output "ecr_repository_arn" {
  description = "ARN of the image repository. Read by the root module, which passes it to the execution role."
  # From names, not from the service's answer: a plan then shows the policy that is made of it.
  value = "arn:${var.partition}:ecr:${var.region}:${var.account_id}:repository/${aws_ecr_repository.agent.name}"
}

output "ecr_repository_url" {
  description = "URL of the image repository. Read by the root module, for the orchestrator."
  value       = aws_ecr_repository.agent.repository_url
}
