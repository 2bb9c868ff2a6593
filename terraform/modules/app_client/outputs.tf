output "client_id" {
  description = "Id of the app client, the claim client_id of its access tokens. Read by the modules identity and probes."
  value       = aws_cognito_user_pool_client.this.id
}
