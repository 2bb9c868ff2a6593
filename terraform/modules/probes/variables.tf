variable "access_token_minutes" {
  description = "Lifetime of access and ID tokens in minutes, 5-60. Cognito itself allows up to 24 hours."
  type        = number
  nullable    = false
  default     = 15

  validation {
    condition     = var.access_token_minutes >= 5 && var.access_token_minutes <= 60 && floor(var.access_token_minutes) == var.access_token_minutes
    error_message = "access_token_minutes is ${var.access_token_minutes}; use a whole number from 5 to 60 (minutes)."
  }
}

variable "account_id" {
  description = "AWS account that owns the runtime, 12 digits."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is \"${var.account_id}\"; use 12 digits."
  }
}

variable "caller_username" {
  description = "User name of the demo caller, who joins the group of the probes: 1-64 of a-z, 0-9, dot, underscore, hyphen, beginning with a letter."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9._-]{0,63}$", var.caller_username))
    error_message = "caller_username is \"${var.caller_username}\"; use 1-64 of a-z, 0-9, \".\", \"_\", \"-\", beginning with a letter."
  }
}

variable "elsewhere_policy_arn" {
  description = "ARN of the policy that lets a role invoke a runtime of another name, and no other."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:policy/[^*]+$", var.elsewhere_policy_arn))
    error_message = "elsewhere_policy_arn is \"${var.elsewhere_policy_arn}\"; use the ARN of one IAM policy."
  }
}

variable "gateway_scope" {
  description = "Scope that the gateway demands, as <resource server>/<scope>: a client that the gateway must refuse may ask for it. Null: there is no gateway."
  type        = string
  default     = null

  validation {
    condition     = var.gateway_scope == null || can(regex("^[a-z0-9-]+/[a-z0-9-]+$", var.gateway_scope))
    error_message = "gateway_scope is ${jsonencode(var.gateway_scope)}; use <resource server>/<scope> of a-z, 0-9 and hyphens, or null."
  }
}

variable "invoker_policy_arn" {
  description = "ARN of the policy that lets a role invoke the runtime of the IAM door."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:policy/[^*]+$", var.invoker_policy_arn))
    error_message = "invoker_policy_arn is \"${var.invoker_policy_arn}\"; use the ARN of one IAM policy."
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

variable "refresh_token_hours" {
  description = "Lifetime of a person's refresh token in hours, a whole number from 1 to 87600 (10 years): after it the person signs in again."
  type        = number
  nullable    = false
  default     = 8

  validation {
    condition     = var.refresh_token_hours >= 1 && var.refresh_token_hours <= 87600 && floor(var.refresh_token_hours) == var.refresh_token_hours
    error_message = "refresh_token_hours is ${var.refresh_token_hours}; use a whole number from 1 to 87600 (hours)."
  }
}

variable "refresh_token_rotation" {
  description = "Whether a refresh gives a person a new refresh token and kills the old one. False for the local emulator, which forgets the setting."
  type        = bool
  nullable    = false
  default     = true
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

variable "second_password" {
  description = "Password of the second person, at least 12 characters with all four classes. Ephemeral: written to the secret, kept in neither plan nor state."
  type        = string
  nullable    = false
  ephemeral   = true
  sensitive   = true
}

variable "second_password_version" {
  description = "Generation of the second person's password, a whole number from 1. Raise it to have a new password generated."
  type        = number
  nullable    = false
  default     = 1

  validation {
    condition     = var.second_password_version >= 1 && floor(var.second_password_version) == var.second_password_version
    error_message = "second_password_version is ${var.second_password_version}; use a whole number from 1."
  }
}

variable "secret_recovery_days" {
  description = "Days in which a deleted secret can be restored: 0 (deleted at once, the name is free again) or 7-30."
  type        = number
  nullable    = false

  validation {
    condition = var.secret_recovery_days == 0 || (
      var.secret_recovery_days >= 7 && var.secret_recovery_days <= 30 && floor(var.secret_recovery_days) == var.secret_recovery_days
    )
    error_message = "secret_recovery_days is ${var.secret_recovery_days}; use 0 or a whole number from 7 to 30 (days)."
  }
}

variable "tags" {
  description = "Tags beyond the provider's default tags."
  type        = map(string)
  nullable    = false
  default     = {}
}

variable "user_auth_flows" {
  description = "As of the client \"user\" of the pool: srp, password (user name and password in the request) and refresh. At least srp or password."
  type        = set(string)
  nullable    = false
  default     = ["refresh", "srp"]

  validation {
    condition     = length(setsubtract(var.user_auth_flows, ["password", "refresh", "srp"])) == 0 && length(setintersection(var.user_auth_flows, ["password", "srp"])) > 0
    error_message = "user_auth_flows is ${jsonencode(var.user_auth_flows)}; use srp or password, and refresh."
  }
}

variable "user_pool_id" {
  description = "Id of the pool of the callers, as <region>_<letters and digits>."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9-]+_[0-9a-zA-Z]+$", var.user_pool_id))
    error_message = "user_pool_id is \"${var.user_pool_id}\"; use an id like us-east-1_AbCdEf123."
  }
}
