# The contract with the orchestrator: one reader (orchestration/outputs.py). Rename or remove one, and handoff_version rises.
# Those of Cognito, of the gateway, of images and of the probes are null, hence absent from `terraform output`, where there is none; then all of a group are.

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

output "authorizer_allowed_audience" {
  description = "Values of which aud must hold one; empty: not looked at. Read by orchestration/outputs.py."
  value       = local.authorizer.allowed_audience
}

output "authorizer_allowed_clients" {
  description = "Ids of the clients to be allowed in, by short name. Read by orchestration/outputs.py."
  value       = local.authorizer.allowed_clients
}

output "authorizer_allowed_scopes" {
  description = "Scopes of which a token must carry one; empty: not looked at. Read by orchestration/outputs.py."
  value       = local.authorizer.allowed_scopes
}

output "authorizer_custom_claims" {
  description = "Rules about further claims, the required groups among them, each {name, type, operator, values}. Read by orchestration/outputs.py."
  value       = local.authorizer.custom_claims
}

output "authorizer_discovery_url" {
  description = "OIDC discovery URL of the issuer whose tokens the runtime accepts. Read by orchestration/outputs.py."
  value       = local.authorizer.discovery_url

  precondition {
    condition     = local.uses_cognito ? module.identity[0].user_pool_endpoint == local.pool_issuer : true
    error_message = "The pool's endpoint is \"${coalesce(one(module.identity[*].user_pool_endpoint), "null")}\"; expected ${coalesce(local.pool_issuer, "null")}, the issuer of its tokens."
  }
}

output "caller_password_secret_arn" {
  description = "Secret whose string is the demo caller's password, to be set with AdminSetUserPassword. Read by orchestration/outputs.py."
  value       = one(module.identity[*].caller_password_secret_arn)
}

output "caller_username" {
  description = "User name of the demo caller. Read by orchestration/outputs.py."
  value       = one(module.identity[*].caller_username)
}

output "cognito_domain_prefix" {
  description = "Prefix of the pool's domain. Read by orchestration/outputs.py."
  value       = one(module.identity[*].domain_prefix)
}

output "cognito_machine_client_id" {
  description = "App client for machines, allowed in. Read by orchestration/outputs.py."
  value       = one(module.identity[*].machine_client_id)
}

output "cognito_scope" {
  description = "Scope of a machine's token. Read by orchestration/outputs.py."
  value       = one(module.identity[*].scope)
}

output "cognito_token_url" {
  description = "OAuth2 token endpoint of the pool, for the client-credentials flow. Read by orchestration/outputs.py."
  value       = local.uses_cognito ? "https://${module.identity[0].domain_prefix}.auth.${local.region}.amazoncognito.com/oauth2/token" : null

  precondition {
    condition     = !local.uses_cognito || local.partition == "aws"
    error_message = "The partition is \"${local.partition}\"; this host name of the token endpoint is known for partition aws only."
  }
}

output "cognito_user_client_id" {
  description = "App client for people, allowed in. Read by orchestration/outputs.py."
  value       = one(module.identity[*].user_client_id)
}

output "cognito_user_pool_id" {
  description = "Id of the caller pool. Read by orchestration/outputs.py."
  value       = one(module.identity[*].user_pool_id)
}

output "customers" {
  description = "Whose customer a caller is: subject of a token -> customer id. Read by orchestration/outputs.py, for the agent."
  value = merge(
    var.customers,
    local.uses_cognito && var.caller_customer_id != null ? { (module.identity[0].caller_subject) = var.caller_customer_id } : {},
    # Another customer of the demo data than the demo caller's, to be told apart from it.
    local.makes_probes ? { (module.probes[0].second_subject) = "2222" } : {},
  )
}

output "customers_scope" {
  description = "Scope with which a machine may name the customer whom it asks about. Read by orchestration/outputs.py, for the smoke matrix."
  value       = one(module.identity[*].acting_scope)
}

output "deletion_protection" {
  description = "\"true\" when `down` must refuse to take this environment apart. Read by orchestration/commands/teardown.py."
  value       = tostring(var.deletion_protection)
}

output "ecr_repository_url" {
  description = "Image repository of the agent. Read by orchestration/outputs.py."
  value       = one(module.image_build[*].repository_url)
}

output "environment" {
  description = "Environment that was applied. Read by orchestration/outputs.py, which compares it with the one asked for."
  value       = var.environment
}

output "gateway_authorizer" {
  description = "Whom the gateway lets in, as the outputs authorizer_* say it of the runtime: {allowed_audience, allowed_clients, allowed_scopes, custom_claims, discovery_url}. Read by orchestration/outputs.py."
  value       = local.gateway_authorizer

  precondition {
    condition     = local.makes_gateway ? !contains(values(local.authorizer.allowed_clients), module.gateway_access[0].client_id) : true
    error_message = "The gateway's client is \"${coalesce(one(module.gateway_access[*].client_id), "null")}\", one of the clients that the runtime lets in: ${jsonencode(local.authorizer.allowed_clients)}."
  }
}

output "gateway_client_id" {
  description = "The agent's own client at the gateway. Read by orchestration/outputs.py, which makes the credential provider of it."
  value       = one(module.gateway_access[*].client_id)
}

output "gateway_credential_provider_name" {
  description = "Name that the credential provider must have: the execution role's permissions are narrowed to it. Read by orchestration/outputs.py."
  value       = local.gateway_name
}

output "gateway_function" {
  description = "That function as it was applied: {code_sha256, handler, role_arn, runtime}. Read by orchestration/outputs.py: Terraform does not see code that somebody else put there."
  value       = one(module.credit_check[*].function)
}

output "gateway_function_arn" {
  description = "Function behind the gateway's tool. Read by orchestration/outputs.py, for the gateway's target."
  value       = one(module.credit_check[*].function_arn)
}

output "gateway_name" {
  description = "Name that the gateway must have: its role trusts it alone. Read by orchestration/outputs.py."
  value       = local.gateway_name
}

output "gateway_role_arn" {
  description = "Role of the gateway. Read by orchestration/outputs.py."
  value       = one(module.gateway_role[*].role_arn)
}

output "gateway_scope" {
  description = "Scope of the agent's token for the gateway. Read by orchestration/outputs.py."
  value       = one(module.gateway_access[*].scope)
}

output "handoff_version" {
  description = "Version of this set of outputs, a number. Read by orchestration/outputs.py, which refuses another one."
  value       = 2
}

output "image_project_name" {
  description = "CodeBuild project that builds the agent's image. Read by orchestration/outputs.py."
  value       = one(module.image_build[*].project_name)
}

output "invoker_policy_arn" {
  description = "Policy for SigV4 callers of a runtime of this name that has no JWT authorizer. Read by orchestration/outputs.py and by whoever attaches it."
  value       = module.invoker_policy.policy_arn
}

output "partition" {
  description = "AWS partition of the deployment. Read by orchestration/outputs.py."
  value       = local.partition
}

output "probe_elsewhere_role_arn" {
  description = "Role that may invoke a runtime of another name alone. Read by orchestration/outputs.py, for the smoke matrix."
  value       = one(module.probes[*].role_arns.elsewhere)
}

output "probe_gateway_outsider_client_id" {
  description = "Machines' app client with the gateway's scope that the gateway must never let in; absent without a gateway. Read by orchestration/outputs.py, for the smoke matrix."
  value       = one(module.probes[*].gateway_outsider_client_id)

  precondition {
    condition = local.makes_probes && local.makes_gateway ? !contains(
      concat(values(local.authorizer.allowed_clients), values(local.gateway_authorizer.allowed_clients)), module.probes[0].gateway_outsider_client_id,
    ) : true
    error_message = "A probe's client is \"${coalesce(one(module.probes[*].gateway_outsider_client_id), "null")}\", one of the clients to be allowed in: ${jsonencode([local.authorizer.allowed_clients, local.gateway_authorizer])}."
  }
}

output "probe_group" {
  description = "Group that the demo caller is in and the second person is not. Read by orchestration/outputs.py, for the smoke matrix."
  value       = one(module.probes[*].group)
}

output "probe_invoker_role_arn" {
  description = "Role that may invoke the IAM door's runtime. Read by orchestration/outputs.py, for the smoke matrix."
  value       = one(module.probes[*].role_arns.invoker)
}

output "probe_machine_client_id" {
  description = "Machines' app client with the probes' three scopes, allowed in at the scope door alone. Read by orchestration/outputs.py, for the smoke matrix."
  value       = one(module.probes[*].machine_client_id)

  precondition {
    condition     = local.makes_probes ? !contains(values(local.authorizer.allowed_clients), module.probes[0].machine_client_id) : true
    error_message = "A probe's client is \"${coalesce(one(module.probes[*].machine_client_id), "null")}\", one of the clients to be allowed in: ${jsonencode(local.authorizer.allowed_clients)}."
  }
}

output "probe_other_client_id" {
  description = "People's app client of the other pool. Read by orchestration/outputs.py, for the smoke matrix."
  value       = one(module.probes[*].other_client_id)
}

output "probe_other_discovery_url" {
  description = "OIDC discovery URL of the other pool. Read by orchestration/outputs.py, for the smoke matrix."
  value       = local.makes_probes ? "https://${module.probes[0].other_user_pool_endpoint}/.well-known/openid-configuration" : null
}

output "probe_other_user_pool_id" {
  description = "Pool of another issuer. Read by orchestration/outputs.py, for the smoke matrix."
  value       = one(module.probes[*].other_user_pool_id)
}

output "probe_outsider_client_id" {
  description = "People's app client that must never be allowed in. Read by orchestration/outputs.py, for the smoke matrix."
  value       = one(module.probes[*].outsider_client_id)

  precondition {
    condition     = local.makes_probes ? !contains(values(local.authorizer.allowed_clients), module.probes[0].outsider_client_id) : true
    error_message = "A probe's client is \"${coalesce(one(module.probes[*].outsider_client_id), "null")}\", one of the clients to be allowed in: ${jsonencode(local.authorizer.allowed_clients)}."
  }
}

output "probe_outsider_machine_client_id" {
  description = "Machines' app client that must never be allowed in. Read by orchestration/outputs.py, for the smoke matrix."
  value       = one(module.probes[*].outsider_machine_client_id)

  precondition {
    condition     = local.makes_probes ? !contains(values(local.authorizer.allowed_clients), module.probes[0].outsider_machine_client_id) : true
    error_message = "A probe's client is \"${coalesce(one(module.probes[*].outsider_machine_client_id), "null")}\", one of the clients to be allowed in: ${jsonencode(local.authorizer.allowed_clients)}."
  }
}

output "probe_scope" {
  description = "Scope that the scope door demands. Read by orchestration/outputs.py, for the smoke matrix."
  value       = one(module.probes[*].scopes.scope)
}

output "probe_scope_longer" {
  description = "Scope that begins like probe_scope. Read by orchestration/outputs.py, for the smoke matrix."
  value       = one(module.probes[*].scopes.longer)
}

output "probe_scope_other" {
  description = "Scope that no door demands. Read by orchestration/outputs.py, for the smoke matrix."
  value       = one(module.probes[*].scopes.other)
}

output "probe_second_password_secret_arn" {
  description = "Secret whose string is the second person's password, to be set with AdminSetUserPassword in both pools. Read by orchestration/outputs.py."
  value       = one(module.probes[*].second_password_secret_arn)
}

output "probe_second_username" {
  description = "User name of a second person, in the caller pool and in the other one. Read by orchestration/outputs.py, for the smoke matrix."
  value       = one(module.probes[*].second_username)
}

output "probe_stranger_role_arn" {
  description = "Role that may invoke nothing. Read by orchestration/outputs.py, for the smoke matrix."
  value       = one(module.probes[*].role_arns.stranger)
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
  value       = var.execution_role_arn == null ? module.runtime_role[0].role_arn : var.execution_role_arn

  precondition {
    condition     = var.execution_role_arn == null ? true : strcontains(var.execution_role_arn, ":${local.account_id}:role/")
    error_message = "execution_role_arn is \"${coalesce(var.execution_role_arn, "null")}\", not a role of account ${local.account_id}; a runtime takes none of another account."
  }
}
