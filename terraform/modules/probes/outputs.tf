output "gateway_outsider_client_id" {
  description = "Machines' app client with the gateway's scope that the gateway must refuse; null without a gateway. Read by the root module, for the smoke matrix."
  value       = one([for client in values(local.gateway_clients) : module.client["outsider-gateway"].client_id])
}

output "group" {
  description = "Group of the caller pool that the demo caller is in and the second person is not. Read by the root module, for the smoke matrix."
  value       = aws_cognito_user_in_group.caller.group_name
}

output "machine_client_id" {
  description = "App client for machines with the probes' three scopes, admitted at the scope door alone. Read by the root module, for the smoke matrix."
  value       = module.client["probe-machine"].client_id
}

output "other_client_id" {
  description = "People's app client of the other pool. Read by the root module, for the smoke matrix."
  value       = module.client["other-pool"].client_id
}

output "other_user_pool_endpoint" {
  description = "Host and path of the other pool's issuer, without scheme. Read by the root module, which builds the discovery URL."
  value       = aws_cognito_user_pool.other.endpoint
}

output "other_user_pool_id" {
  description = "Id of the other pool, in which the second person exists too. Read by the root module, for the orchestrator."
  value       = aws_cognito_user.other.user_pool_id
}

output "outsider_client_id" {
  description = "People's app client that must be refused. Read by the root module, for the smoke matrix alone."
  value       = module.client["outsider"].client_id
}

output "outsider_machine_client_id" {
  description = "Machines' app client that must be refused. Read by the root module, for the smoke matrix alone."
  value       = module.client["outsider-machine"].client_id
}

output "role_arns" {
  description = "ARNs of the roles elsewhere, invoker and stranger, by these names. Read by the root module, for the smoke matrix."
  value       = { for name, role in aws_iam_role.caller : name => role.arn }

  # A role without its policy would be refused for another reason than the probe's.
  depends_on = [aws_iam_role_policy_attachment.caller]
}

output "scopes" {
  description = "The probes' scopes by use: scope, longer (begins like scope) and other. Read by the root module, for the smoke matrix."
  value       = local.scopes
}

output "second_password_secret_arn" {
  description = "Secret whose string is the second person's password, in both pools. Read by the root module, for the orchestrator."
  # The version's attribute, so that no reader sees the secret before it has a value.
  value = aws_secretsmanager_secret_version.second.arn
}

output "second_subject" {
  description = "Subject (sub) of the second person's tokens of the caller pool. Read by the root module, which says whose customer it is."
  value       = aws_cognito_user.second.sub
}

output "second_username" {
  description = "User name of the second person, in both pools. Read by the root module, for the smoke matrix."
  value       = aws_cognito_user.second.username
}
