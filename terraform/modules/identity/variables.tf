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

variable "app_clients" {
  description = <<-TEXT
    Further app clients that may call the agent, beside "user" and "machine", by short name: 1-20 of a-z, 0-9 and inner hyphens, beginning with a letter.
    kind: "person" or "machine". auth_flows, for people: code, password, srp, refresh; null takes user_auth_flows. scopes, for machines: agent/<name>; null takes agent/invoke.
  TEXT
  type = map(object({
    kind       = string
    auth_flows = optional(set(string))
    scopes     = optional(set(string))
  }))
  nullable = false
  default  = {}

  validation {
    condition     = alltrue([for name in keys(var.app_clients) : can(regex("^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$", name)) && !contains(["machine", "user"], name)])
    error_message = "app_clients has the names ${jsonencode(keys(var.app_clients))}; use 1-20 of a-z, 0-9 and inner hyphens, beginning with a letter, and neither machine nor user, which are always there."
  }

  validation {
    condition     = alltrue([for client in values(var.app_clients) : contains(["machine", "person"], client.kind)])
    error_message = "app_clients is ${jsonencode(var.app_clients)}; a kind is person or machine."
  }

  validation {
    condition = alltrue([
      for client in values(var.app_clients) : client.kind == "person" ? client.scopes == null : client.auth_flows == null
    ])
    error_message = "app_clients is ${jsonencode(var.app_clients)}; auth_flows are for people, scopes for machines."
  }

  validation {
    condition     = alltrue([for client in values(var.app_clients) : length(setsubtract(coalesce(client.auth_flows, []), ["code", "password", "refresh", "srp"])) == 0])
    error_message = "app_clients is ${jsonencode(var.app_clients)}; auth_flows are code, password, refresh and srp."
  }

  validation {
    condition     = alltrue(flatten([for client in values(var.app_clients) : [for scope in coalesce(client.scopes, []) : can(regex("^agent/[a-z0-9-]{1,64}$", scope))]]))
    error_message = "app_clients is ${jsonencode(var.app_clients)}; scopes are agent/<name>, the name of 1-64 of a-z, 0-9 and hyphens."
  }
}

variable "callback_urls" {
  description = "Where the sign-in page sends a browser back to, for the flow \"code\": URLs with HTTPS, or http://localhost with a port. `invoke login` listens at the first of the latter whose port is free."
  type        = set(string)
  nullable    = false
  default     = ["http://localhost:8765/callback", "http://localhost:8766/callback", "http://localhost:8767/callback"]

  validation {
    condition     = length(var.callback_urls) > 0 && alltrue([for url in var.callback_urls : can(regex("^(https://[a-z0-9.-]+(:[0-9]{1,5})?|http://localhost:[0-9]{1,5})/[^#\\s]*$", url))])
    error_message = "callback_urls is ${jsonencode(var.callback_urls)}; use at least one, https://... or http://localhost:<port>/..., without a fragment."
  }
}

variable "caller_groups" {
  description = "Groups of the demo caller, each one of groups. Empty: none."
  type        = set(string)
  nullable    = false
  default     = []

  validation {
    condition     = length(setsubtract(var.caller_groups, keys(var.groups))) == 0
    error_message = "caller_groups is ${jsonencode(var.caller_groups)}; the pool's groups are ${jsonencode(keys(var.groups))}."
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

variable "groups" {
  description = "Groups of the pool, by name: 1-64 letters, digits, and _ . -, the value of the claim cognito:groups. The description has 1-2048 characters."
  type        = map(object({ description = string }))
  nullable    = false
  default     = {}

  validation {
    # What the authorizer can compare with (botocore model: MatchValueString).
    condition     = alltrue([for name in keys(var.groups) : can(regex("^[A-Za-z0-9_.-]{1,64}$", name))])
    error_message = "groups has the names ${jsonencode(keys(var.groups))}; use 1-64 letters, digits, and _ . -"
  }

  validation {
    condition     = alltrue([for group in values(var.groups) : length(group.description) >= 1 && length(group.description) <= 2048])
    error_message = "groups is ${jsonencode(var.groups)}; a description has 1-2048 characters."
  }
}

variable "mfa" {
  description = "Second factor of people, an authenticator app: \"off\", \"optional\" (whoever set one up is asked for it) or \"on\" (nobody gets tokens without one)."
  type        = string
  nullable    = false
  default     = "optional"

  validation {
    condition     = contains(["off", "on", "optional"], var.mfa)
    error_message = "mfa is \"${var.mfa}\"; use off, optional or on."
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

variable "password_policy" {
  description = "Passwords of the pool. minimum_length: 12-32 characters; above 12 the local emulator cannot make users, its temporary passwords have 12. temporary_password_days: 1-365. All four classes of characters are always required."
  type = object({
    minimum_length          = optional(number, 12)
    temporary_password_days = optional(number, 1)
  })
  nullable = false
  default  = {}

  validation {
    # 32: the generated password of the demo caller.
    condition     = var.password_policy.minimum_length >= 12 && var.password_policy.minimum_length <= 32 && floor(var.password_policy.minimum_length) == var.password_policy.minimum_length
    error_message = "password_policy.minimum_length is ${var.password_policy.minimum_length}; use a whole number from 12 to 32 (characters)."
  }

  validation {
    condition     = var.password_policy.temporary_password_days >= 1 && var.password_policy.temporary_password_days <= 365 && floor(var.password_policy.temporary_password_days) == var.password_policy.temporary_password_days
    error_message = "password_policy.temporary_password_days is ${var.password_policy.temporary_password_days}; use a whole number from 1 to 365 (days)."
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
  description = "How people sign in through the client \"user\": srp, password (user name and password in the request) and refresh. At least srp or password."
  type        = set(string)
  nullable    = false
  default     = ["refresh", "srp"]

  validation {
    condition     = length(setsubtract(var.user_auth_flows, ["code", "password", "refresh", "srp"])) == 0 && length(setintersection(var.user_auth_flows, ["password", "srp"])) > 0
    error_message = "user_auth_flows is ${jsonencode(var.user_auth_flows)}; use srp or password, and code and refresh."
  }
}
