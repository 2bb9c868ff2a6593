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
