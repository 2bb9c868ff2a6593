variable "access_token_minutes" {
  description = "Lifetime of access and ID tokens in minutes, a whole number from 5 to 60. Cognito itself allows up to 24 hours."
  type        = number
  nullable    = false

  validation {
    condition     = var.access_token_minutes >= 5 && var.access_token_minutes <= 60 && floor(var.access_token_minutes) == var.access_token_minutes
    error_message = "access_token_minutes is ${var.access_token_minutes}; use a whole number from 5 to 60 (minutes)."
  }
}

variable "auth_flows" {
  description = "How people sign in through this client: code (in the browser, at the pool's own page), srp, password (user name and password in the request) and refresh. At least srp or password for a person, since Cognito takes an empty list for its own defaults; empty for a machine."
  type        = set(string)
  nullable    = false
  default     = []

  validation {
    condition     = length(setsubtract(var.auth_flows, ["code", "password", "refresh", "srp"])) == 0
    error_message = "auth_flows is ${jsonencode(var.auth_flows)}; use code, password, refresh and srp."
  }

  validation {
    condition     = (var.kind == "person") == (length(setintersection(var.auth_flows, ["password", "srp"])) > 0) && !(var.kind == "machine" && length(var.auth_flows) > 0)
    error_message = "auth_flows is ${jsonencode(var.auth_flows)} for a ${var.kind}; a person needs srp or password, a machine takes none."
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

variable "kind" {
  description = "Who uses the client: \"person\" (public, no secret, OAuth by code alone) or \"machine\" (secret, client credentials)."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["machine", "person"], var.kind)
    error_message = "kind is \"${var.kind}\"; use person or machine."
  }
}

variable "name" {
  description = "Name of the client, 1-128 of a-z, 0-9 and inner hyphens, beginning with a letter."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,126}[a-z0-9])?$", var.name))
    error_message = "name is \"${var.name}\"; use 1-128 of a-z, 0-9 and inner hyphens, beginning with a letter."
  }
}

variable "refresh_token_hours" {
  description = "Lifetime of a person's refresh token in hours, a whole number from 1 to 87600 (10 years). A machine gets none."
  type        = number
  nullable    = false
  default     = 8

  validation {
    condition     = var.refresh_token_hours >= 1 && var.refresh_token_hours <= 87600 && floor(var.refresh_token_hours) == var.refresh_token_hours
    error_message = "refresh_token_hours is ${var.refresh_token_hours}; use a whole number from 1 to 87600 (hours)."
  }
}

variable "refresh_token_rotation" {
  description = "Whether a refresh gives a new refresh token and kills the old one after 10 seconds."
  type        = bool
  nullable    = false
  default     = true
}

variable "scopes" {
  description = "Scopes that may be asked for, as <resource server>/<scope>: at least one for a machine. A person has them by the flow code alone, beside openid."
  type        = set(string)
  nullable    = false
  default     = []

  validation {
    condition     = alltrue([for scope in var.scopes : can(regex("^[a-z0-9-]+/[a-z0-9-]+$", scope))])
    error_message = "scopes is ${jsonencode(var.scopes)}; use <resource server>/<scope> of a-z, 0-9 and hyphens, no wildcard."
  }

  validation {
    condition     = var.kind != "machine" || length(var.scopes) > 0
    error_message = "scopes is ${jsonencode(var.scopes)} for a ${var.kind}; a machine needs one."
  }
}

variable "user_pool_id" {
  description = "Id of the pool that the client belongs to, as <region>_<letters and digits>."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9-]+_[0-9a-zA-Z]+$", var.user_pool_id))
    error_message = "user_pool_id is \"${var.user_pool_id}\"; use an id like us-east-1_AbCdEf123."
  }
}
