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
  description = "Name of the agent runtime that may be invoked, 1-48 of letters, digits and underscores, beginning with a letter."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9_]{0,47}$", var.agent_runtime_name))
    error_message = "agent_runtime_name is \"${var.agent_runtime_name}\"; use 1-48 of letters, digits and \"_\", beginning with a letter."
  }
}

variable "name" {
  description = "Name of the policy, 1-128 of a-z, 0-9 and inner hyphens, beginning with a letter."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,126}[a-z0-9])?$", var.name))
    error_message = "name is \"${var.name}\"; use 1-128 of a-z, 0-9 and inner hyphens, beginning with a letter."
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
