variable "account_id" {
  description = "AWS account that owns the runtime, 12 digits."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is \"${var.account_id}\"; use 12 digits."
  }
}

variable "agent_runtime_name" {
  description = "Name of the agent runtime that assumes the role, 1-48 of letters, digits and underscores, beginning with a letter."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9_]{0,47}$", var.agent_runtime_name))
    error_message = "agent_runtime_name is \"${var.agent_runtime_name}\"; use 1-48 of letters, digits and \"_\", beginning with a letter."
  }
}

variable "ecr_repository_arn" {
  description = "ARN of the one repository that the runtime may pull from. Null: it runs code, and may pull nothing."
  type        = string
  default     = null

  validation {
    condition     = var.ecr_repository_arn == null || can(regex("^arn:[a-z-]+:ecr:[a-z0-9-]+:[0-9]{12}:repository/[^*]+$", var.ecr_repository_arn))
    error_message = "ecr_repository_arn is \"${coalesce(var.ecr_repository_arn, "null")}\"; use the ARN of one repository, without a wildcard, or null."
  }
}

variable "gateway_credential_provider_name" {
  description = "Name of the OAuth2 credential provider through which the agent gets its token for the gateway, 1-128 letters, digits, underscores and hyphens. Null: the agent calls no gateway."
  type        = string
  default     = null

  validation {
    # botocore model: CredentialProviderName.
    condition     = var.gateway_credential_provider_name == null || can(regex("^[a-zA-Z0-9_-]{1,128}$", var.gateway_credential_provider_name))
    error_message = "gateway_credential_provider_name is ${jsonencode(var.gateway_credential_provider_name)}; use 1-128 letters, digits, underscores and hyphens, or null."
  }
}

variable "model_ids" {
  description = "Bedrock foundation-model or inference-profile ids that the agent may invoke, e.g. \"us.anthropic.claude-3-7-sonnet-20250219-v1:0\". Empty: none. No ARNs, no wildcards."
  type        = list(string)
  nullable    = false

  validation {
    condition     = alltrue([for id in var.model_ids : can(regex("^[a-z][a-z0-9-]*(\\.[a-zA-Z0-9][a-zA-Z0-9:_-]*)+$", id))])
    error_message = "model_ids holds ${jsonencode([for id in var.model_ids : id if !can(regex("^[a-z][a-z0-9-]*(\\.[a-zA-Z0-9][a-zA-Z0-9:_-]*)+$", id))])}; use ids like \"anthropic.claude-3-haiku-20240307-v1:0\" or \"us.anthropic...\", not ARNs or wildcards."
  }
}

variable "name_prefix" {
  description = "Beginning of every name, 2-40 of a-z, 0-9 and inner hyphens, beginning with a letter."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,38}[a-z0-9]$", var.name_prefix))
    error_message = "name_prefix is \"${var.name_prefix}\"; use 2-40 of a-z, 0-9 and inner hyphens, beginning with a letter."
  }
}

variable "partition" {
  description = "AWS partition of every ARN, e.g. aws."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^aws(-[a-z]+)*$", var.partition))
    error_message = "partition is \"${var.partition}\"; use aws, aws-us-gov, aws-cn, ..."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the policy that bounds the role's permissions, whatever its own policies allow. Null: no boundary."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[^*]+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn is \"${coalesce(var.permissions_boundary_arn, "null")}\"; use the ARN of one IAM policy, or null."
  }
}

variable "probe_runtime_names" {
  description = "Names of the probes' runtimes, which run with this role too and write logs of their own: each as agent_runtime_name. Empty: none."
  type        = list(string)
  nullable    = false
  default     = []

  validation {
    condition     = alltrue([for name in var.probe_runtime_names : can(regex("^[a-zA-Z][a-zA-Z0-9_]{0,47}$", name))])
    error_message = "probe_runtime_names is ${jsonencode(var.probe_runtime_names)}; use names of 1-48 letters, digits and \"_\", beginning with a letter."
  }
}

variable "region" {
  description = "AWS region of the runtime, e.g. us-east-1."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", var.region))
    error_message = "region is \"${var.region}\"; use a region name like us-east-1."
  }
}

variable "role_path" {
  description = "IAM path of what is made, beginning and ending with a slash, at most 512 characters, e.g. \"/agents/\"."
  type        = string
  nullable    = false
  default     = "/"

  validation {
    condition     = can(regex("^/([A-Za-z0-9_.,+=@-]+/)*$", var.role_path)) && length(var.role_path) <= 512
    error_message = "role_path is \"${var.role_path}\"; begin and end with \"/\", e.g. \"/agents/\", at most 512 characters."
  }
}

variable "tags" {
  description = "Tags beyond the provider's default tags."
  type        = map(string)
  nullable    = false
  default     = {}
}
