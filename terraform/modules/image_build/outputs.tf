output "project_name" {
  description = "CodeBuild project that builds the image. Read by the root module, for the orchestrator."
  value       = aws_codebuild_project.image.name
}

output "repository_arn" {
  description = "ARN of the image repository. Read by the root module, which passes it to the execution role."
  value       = local.repository_arn
}

output "repository_url" {
  description = "URL of the image repository. Read by the root module, for the orchestrator."
  value       = aws_ecr_repository.agent.repository_url
}
