output "acting_scope" {
  description = "Scope with which a machine may name the customer whom it asks about, as <identifier>/<scope>. Read by the root module, for the smoke matrix."
  value       = local.acting_scope
}

output "allowed_client_ids" {
  description = "Ids of the app clients by short name, each of them to be allowed in. Read by the root module, for the runtime's allow-list."
  value       = { for name, client in module.client : name => client.client_id }
}

output "caller_password_secret_arn" {
  description = "Secret whose string is the demo caller's password. Read by the root module, for the orchestrator."
  # The version's attribute, so that no reader sees the secret before it has a value.
  value = aws_secretsmanager_secret_version.caller.arn
}

output "caller_subject" {
  description = "Subject (sub) of the demo caller's tokens. Read by the root module, which says whose customer it is."
  value       = aws_cognito_user.caller.sub
}

output "caller_username" {
  description = "User name of the demo caller. Read by the root module, for the orchestrator."
  value       = aws_cognito_user.caller.username
}

output "domain_prefix" {
  description = "Prefix of the pool's domain. Read by the root module, which builds the token URL."
  value       = aws_cognito_user_pool_domain.callers.domain
}

output "machine_client_id" {
  description = "App client for machines. Read by the root module, for the orchestrator."
  value       = module.client["machine"].client_id
}

output "scope" {
  description = "Scope that lets a machine call the agent, as <identifier>/<scope>. Read by the root module."
  value       = local.agent_scope
}

output "user_client_id" {
  description = "App client for people. Read by the root module, for the orchestrator."
  value       = module.client["user"].client_id
}

output "user_pool_endpoint" {
  description = "Host and path of the pool's issuer, without scheme. Read by the root module, which builds the discovery URL."
  value       = aws_cognito_user_pool.callers.endpoint
}

output "user_pool_id" {
  description = "Id of the user pool. Read by the root module, for the orchestrator and the probes."
  value       = aws_cognito_user_pool.callers.id
}
