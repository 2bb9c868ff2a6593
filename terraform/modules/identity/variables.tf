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

variable "caller_password" {
  description = "Password of the demo caller, at least 12 characters with all four classes. Ephemeral: written to the secret, kept in neither plan nor state."
  type        = string
  nullable    = false
  ephemeral   = true
  sensitive   = true
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

  validation {
    condition     = can(regex("^[a-z][a-z0-9._-]{0,63}$", var.caller_username))
    error_message = "caller_username is \"${var.caller_username}\"; use 1-64 of a-z, 0-9, \".\", \"_\", \"-\", beginning with a letter."
  }
}

variable "deletion_protection" {
  description = "Whether Cognito refuses to delete the user pool."
  type        = bool
  nullable    = false
}

variable "domain_prefix" {
  description = "Prefix of the pool's domain, unique per region among all accounts: 1-63 of a-z, 0-9 and inner hyphens, without the words aws, amazon, cognito."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.domain_prefix))
    error_message = "domain_prefix is \"${var.domain_prefix}\"; use 1-63 of a-z, 0-9 and inner hyphens."
  }

  validation {
    condition     = !can(regex("aws|amazon|cognito", var.domain_prefix))
    error_message = "domain_prefix is \"${var.domain_prefix}\"; Cognito reserves the words aws, amazon and cognito in it."
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

variable "password_flow_enabled" {
  description = "Whether the public clients accept user name and password directly (USER_PASSWORD_AUTH), beside SRP."
  type        = bool
  nullable    = false
  default     = false
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
