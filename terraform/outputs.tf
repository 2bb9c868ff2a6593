# The contract with the orchestrator: flat values, one reader (orchestration/outputs.py). Rename or remove one, and
# handoff_version rises.

output "account_id" {
  description = "AWS account of the deployment. Read by orchestration/outputs.py."
  value       = local.account_id
}

output "agent_runtime_name" {
  description = "Name that the agent runtime must have: the execution role's log permissions are narrowed to it. Read by orchestration/outputs.py."
  value       = local.agent_runtime_name

  precondition {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9_]{0,47}$", local.agent_runtime_name))
    error_message = "The runtime name would be \"${local.agent_runtime_name}\"; AgentCore allows a letter and up to 47 letters, digits and underscores. Change project or environment."
  }
}

output "artifact_bucket_name" {
  description = "Bucket for the agent's code archive. Read by orchestration/outputs.py."
  value       = module.artifacts.bucket_name
}

output "caller_password_secret_arn" {
  description = "Secret whose string is the demo caller's password, to be set with AdminSetUserPassword. Read by orchestration/outputs.py."
  value       = module.identity.caller_password_secret_arn
}

output "caller_username" {
  description = "User name of the demo caller. Read by orchestration/outputs.py."
  value       = module.identity.caller_username
}

output "cognito_discovery_url" {
  description = "OIDC discovery URL of the caller pool, for the runtime's authorizer. Read by orchestration/outputs.py."
  value       = "https://${module.identity.user_pool_endpoint}/.well-known/openid-configuration"

  precondition {
    condition     = module.identity.user_pool_endpoint == "cognito-idp.${local.region}.${data.aws_partition.current.dns_suffix}/${module.identity.user_pool_id}"
    error_message = "The pool's endpoint is \"${module.identity.user_pool_endpoint}\"; expected cognito-idp.${local.region}.${data.aws_partition.current.dns_suffix}/${module.identity.user_pool_id}, the issuer of its tokens."
  }
}

output "cognito_domain_prefix" {
  description = "Prefix of the pool's domain. Read by orchestration/outputs.py."
  value       = module.identity.domain_prefix
}

output "cognito_machine_client_id" {
  description = "App client for machines, to be allowed in. Read by orchestration/outputs.py."
  value       = module.identity.machine_client_id
}

output "cognito_outsider_client_id" {
  description = "App client that must never be allowed in. Read by orchestration/outputs.py, for the checks."
  value       = module.identity.outsider_client_id

  precondition {
    condition     = !contains([module.identity.user_client_id, module.identity.machine_client_id], module.identity.outsider_client_id)
    error_message = "The outsider's client is \"${module.identity.outsider_client_id}\", one of the clients to be allowed in."
  }
}

output "cognito_scope" {
  description = "Scope of a machine's token. Read by orchestration/outputs.py."
  value       = module.identity.scope
}

output "cognito_token_url" {
  description = "OAuth2 token endpoint of the pool, for the client-credentials flow. Read by orchestration/outputs.py."
  value       = "https://${module.identity.domain_prefix}.auth.${local.region}.amazoncognito.com/oauth2/token"

  precondition {
    condition     = local.partition == "aws"
    error_message = "The partition is \"${local.partition}\"; this host name of the token endpoint is known for partition aws only."
  }
}

output "cognito_user_client_id" {
  description = "App client for people, to be allowed in. Read by orchestration/outputs.py."
  value       = module.identity.user_client_id
}

output "cognito_user_pool_id" {
  description = "Id of the caller pool. Read by orchestration/outputs.py."
  value       = module.identity.user_pool_id
}

output "deletion_protection" {
  description = "\"true\" when `down` must refuse to take this environment apart. Read by orchestration/steps.py."
  value       = tostring(var.deletion_protection)
}

output "ecr_repository_url" {
  description = "Image repository of the agent. Read by orchestration/outputs.py."
  value       = module.artifacts.ecr_repository_url
}

output "environment" {
  description = "Environment that was applied. Read by orchestration/outputs.py, which compares it with the one asked for."
  value       = var.environment
}

output "handoff_version" {
  description = "Version of this set of outputs, a number. Read by orchestration/outputs.py, which refuses another one."
  value       = 1
}

output "partition" {
  description = "AWS partition of the deployment. Read by orchestration/outputs.py."
  value       = local.partition
}

output "project" {
  description = "Project that was applied. Read by orchestration/outputs.py."
  value       = var.project
}

output "region" {
  description = "AWS region of the deployment. Read by orchestration/outputs.py."
  value       = local.region
}

output "runtime_role_arn" {
  description = "Execution role of the agent runtime. Read by orchestration/outputs.py."
  value       = module.runtime_role.role_arn
}
