variable "access_token_minutes" {
  description = "Lifetime of access and ID tokens in minutes, 5-60. A revoked token is accepted until it expires, so keep it short."
  type        = number
  nullable    = false
  default     = 15

  validation {
    condition     = var.access_token_minutes >= 5 && var.access_token_minutes <= 60 && floor(var.access_token_minutes) == var.access_token_minutes
    error_message = "access_token_minutes is ${var.access_token_minutes}; use a whole number from 5 to 60 (minutes)."
  }
}

variable "allowed_account_ids" {
  description = "AWS accounts that may be touched, 12 digits each. Empty: whichever account the credentials belong to."
  type        = list(string)
  nullable    = false
  default     = []

  validation {
    condition     = alltrue([for id in var.allowed_account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "allowed_account_ids is ${jsonencode(var.allowed_account_ids)}; use account ids of 12 digits."
  }
}

variable "caller_password_version" {
  description = "Generation of the demo caller's password, a whole number from 1. Raise it to have a new password generated."
  type        = number
  nullable    = false
  default     = 1

  validation {
    condition     = var.caller_password_version >= 1 && floor(var.caller_password_version) == var.caller_password_version
    error_message = "caller_password_version is ${var.caller_password_version}; use a whole number from 1."
  }
}

variable "caller_username" {
  description = "User name of the demo caller, 1-64 of a-z, 0-9, dot, underscore, hyphen, beginning with a letter."
  type        = string
  nullable    = false
  default     = "demo-caller"

  validation {
    condition     = can(regex("^[a-z][a-z0-9._-]{0,63}$", var.caller_username))
    error_message = "caller_username is \"${var.caller_username}\"; use 1-64 of a-z, 0-9, \".\", \"_\", \"-\", beginning with a letter."
  }
}

variable "deletion_protection" {
  description = "Whether the user pool, and a bucket or repository that holds anything, refuse to be destroyed."
  type        = bool
  nullable    = false
  default     = false

  validation {
    condition     = var.deletion_protection || var.environment != "prod"
    error_message = "deletion_protection is ${var.deletion_protection} in environment \"${var.environment}\"; set it to true there."
  }
}

variable "environment" {
  description = "Environment name, part of every name: 1-12 of a-z and 0-9, beginning with a letter. \"prod\" refuses the password flow, demands deletion protection and keeps deleted secrets for 30 days."
  type        = string
  nullable    = false
  default     = "dev"

  validation {
    # No hyphen: "a-b" + "c" and "a" + "b-c" would claim the same names.
    condition     = can(regex("^[a-z][a-z0-9]{0,11}$", var.environment))
    error_message = "environment is \"${var.environment}\"; use 1-12 of a-z and 0-9, beginning with a letter."
  }

  validation {
    condition     = !can(regex("aws|amazon|cognito", var.environment))
    error_message = "environment is \"${var.environment}\"; Cognito reserves the words aws, amazon and cognito in domain names."
  }
}

variable "model_ids" {
  description = "Bedrock foundation-model or inference-profile ids that the agent may invoke, e.g. \"us.anthropic.claude-3-7-sonnet-20250219-v1:0\". Empty: none, for an agent whose model is not on Bedrock. No ARNs, no wildcards."
  type        = list(string)
  nullable    = false
  default     = []

  validation {
    condition     = alltrue([for id in var.model_ids : can(regex("^[a-z][a-z0-9-]*(\\.[a-zA-Z0-9][a-zA-Z0-9:_-]*)+$", id))])
    error_message = "model_ids is ${jsonencode(var.model_ids)}; use ids like \"anthropic.claude-3-haiku-20240307-v1:0\" or \"us.anthropic...\", not ARNs or wildcards."
  }
}

variable "password_flow_enabled" {
  description = "Whether people may sign in by sending user name and password (USER_PASSWORD_AUTH), beside SRP. The smoke test uses it; refused in \"prod\"."
  type        = bool
  nullable    = false
  default     = true

  validation {
    condition     = !(var.password_flow_enabled && var.environment == "prod")
    error_message = "password_flow_enabled is ${var.password_flow_enabled} in environment \"${var.environment}\"; set it to false there."
  }
}

variable "project" {
  description = "Project name, beginning of every name: 2-20 of a-z, 0-9 and inner hyphens, beginning with a letter. 20 keeps the longest derived name, the bucket's, within 63."
  type        = string
  nullable    = false
  default     = "inbound-auth"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.project)) && !strcontains(var.project, "--")
    error_message = "project is \"${var.project}\"; use 2-20 of a-z, 0-9 and single inner hyphens, beginning with a letter."
  }

  validation {
    condition     = !can(regex("aws|amazon|cognito", var.project))
    error_message = "project is \"${var.project}\"; Cognito reserves the words aws, amazon and cognito in domain names."
  }
}

variable "region" {
  description = "AWS region of everything, e.g. us-east-1."
  type        = string
  nullable    = false
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", var.region))
    error_message = "region is \"${var.region}\"; use a region name like us-east-1."
  }
}

variable "repository" {
  description = "Where this code lives, for the tag Repository: 1-256 letters, digits, spaces and _ . : / = + - @."
  type        = string
  nullable    = false
  default     = "agentcore-inbound-auth"

  validation {
    condition     = can(regex("^[\\p{L}\\p{N} _.:/=+@-]{1,256}$", var.repository))
    error_message = "repository is \"${var.repository}\"; use 1-256 letters, digits, spaces and _ . : / = + - @."
  }
}

variable "s3_use_path_style" {
  description = "Whether S3 is addressed as host/bucket. True for the local emulator, whose buckets have no host names; false for AWS."
  type        = bool
  nullable    = false
  default     = false
}

variable "tags" {
  description = "Tags on everything, beside Project, Environment, ManagedBy and Repository, which it cannot replace. At most 40, no key beginning with aws:."
  type        = map(string)
  nullable    = false
  default     = {}

  validation {
    condition     = length(setintersection(keys(var.tags), ["Environment", "ManagedBy", "Project", "Repository"])) == 0
    error_message = "tags has the keys ${jsonencode(keys(var.tags))}; Environment, ManagedBy, Project and Repository are set by this module."
  }

  validation {
    condition     = length(var.tags) <= 40 && !anytrue([for key in keys(var.tags) : startswith(lower(key), "aws:")])
    error_message = "tags has the keys ${jsonencode(keys(var.tags))}; use at most 40, none beginning with \"aws:\"."
  }
}
