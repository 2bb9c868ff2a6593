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

variable "name_prefix" {
  description = "Beginning of every name, 2-40 of a-z, 0-9 and inner hyphens, beginning with a letter."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,38}[a-z0-9]$", var.name_prefix))
    error_message = "name_prefix is \"${var.name_prefix}\"; use 2-40 of a-z, 0-9 and inner hyphens, beginning with a letter."
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
