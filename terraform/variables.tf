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

variable "alarm_topic_arns" {
  description = "SNS topics, at most 5, that hear when too many calls were refused. Empty: the alarms tell nobody."
  type        = set(string)
  nullable    = false
  default     = []

  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : can(regex("^arn:aws(-[a-z]+)*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", arn))]) && length(var.alarm_topic_arns) <= 5
    error_message = "alarm_topic_arns is ${jsonencode(var.alarm_topic_arns)}; use up to 5 ARNs like arn:aws:sns:us-east-1:111122223333:alarms."
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

variable "allowed_audience" {
  description = "Values of which a token's aud must hold one. Empty: not looked at. With external_oidc alone: Cognito's access tokens carry no aud, so that nobody would get in."
  type        = list(string)
  nullable    = false
  default     = []

  validation {
    condition     = length(var.allowed_audience) == 0 || var.external_oidc != null
    error_message = "allowed_audience is ${jsonencode(var.allowed_audience)}, but Cognito's access tokens carry no aud; leave it empty, or set external_oidc."
  }

  validation {
    condition     = alltrue([for value in var.allowed_audience : length(value) > 0]) && length(distinct(var.allowed_audience)) == length(var.allowed_audience)
    error_message = "allowed_audience is ${jsonencode(var.allowed_audience)}; no value may be empty or there twice."
  }
}

variable "allowed_scopes" {
  description = "Scopes of which a token must carry one, 1-255 visible ASCII characters each, e.g. [\"agent/invoke\"]. Empty: not looked at. A person's token from SRP or the password flow carries aws.cognito.signin.user.admin alone."
  type        = list(string)
  nullable    = false
  default     = []

  validation {
    # botocore model: AllowedScopeType.
    condition     = alltrue([for scope in var.allowed_scopes : can(regex("^[\\x21\\x23-\\x5B\\x5D-\\x7E]{1,255}$", scope))]) && length(distinct(var.allowed_scopes)) == length(var.allowed_scopes)
    error_message = "allowed_scopes is ${jsonencode(var.allowed_scopes)}; use scopes of 1-255 visible ASCII characters without quote and backslash, each once."
  }
}

variable "app_clients" {
  description = <<-TEXT
    Further app clients that may call the agent, beside "user" and "machine", by short name: 1-20 of a-z, 0-9 and inner hyphens, beginning with a letter.
    kind: "person" or "machine". auth_flows, for people: code, password, srp, refresh; null takes user_auth_flows. scopes, for machines: agent/<name>; null takes agent/invoke. The module identity says what else is refused.
  TEXT
  type = map(object({
    kind       = string
    auth_flows = optional(set(string))
    scopes     = optional(set(string))
  }))
  nullable = false
  default  = {}

  validation {
    condition     = length(var.app_clients) == 0 || var.external_oidc == null
    error_message = "app_clients has ${jsonencode(keys(var.app_clients))} beside external_oidc; list that provider's clients in external_oidc.allowed_clients."
  }

  validation {
    condition     = !local.is_prod || !anytrue([for client in values(var.app_clients) : contains(coalesce(client.auth_flows, []), "password")])
    error_message = "app_clients is ${jsonencode(var.app_clients)} in environment \"${var.environment}\"; no client takes the password flow there."
  }

  validation {
    condition     = !anytrue([for name in keys(var.app_clients) : contains(["gateway", "other-pool", "outsider", "outsider-gateway", "outsider-machine", "probe-machine"], name)])
    error_message = "app_clients has the names ${jsonencode(keys(var.app_clients))}; gateway is the gateway's, and other-pool, outsider, outsider-gateway, outsider-machine and probe-machine are the probes'."
  }
}

variable "artifact_noncurrent_days" {
  description = "Days after which a replaced version of the agent's archive is deleted, a whole number from 1 to 3650; a deployment leaves some 30 MB. Null: kept for ever, and no wait of a minute for the rule to settle, as on the local target."
  type        = number
  default     = 30

  validation {
    condition     = var.artifact_noncurrent_days == null ? true : var.artifact_noncurrent_days >= 1 && var.artifact_noncurrent_days <= 3650 && floor(var.artifact_noncurrent_days) == var.artifact_noncurrent_days
    error_message = "artifact_noncurrent_days is ${coalesce(var.artifact_noncurrent_days, 0)}; use a whole number from 1 to 3650 (days), or null."
  }
}

variable "auth_alarms_enabled" {
  description = "Whether there are alarms over refused calls, and saved queries. The orchestrator passes false on the local target, whose emulator has neither."
  type        = bool
  nullable    = false
  default     = true
}

variable "auth_log_retention_days" {
  description = "How long the record of refused calls is kept, in days: 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  type        = number
  nullable    = false
  default     = 365

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.auth_log_retention_days)
    error_message = "auth_log_retention_days is ${var.auth_log_retention_days}; use 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "caller_customer_id" {
  description = "Customer whose records the agent shows the demo caller, 1-12 digits; 1234 is in the demo data. Null: the demo caller is no customer."
  type        = string
  default     = "1234"

  validation {
    condition     = var.caller_customer_id == null ? true : can(regex("^[0-9]{1,12}$", var.caller_customer_id))
    error_message = "caller_customer_id is \"${coalesce(var.caller_customer_id, "null")}\"; use 1-12 digits, or null."
  }
}

variable "callback_urls" {
  description = "Where the sign-in page sends a browser back to, for the flow \"code\": URLs with HTTPS, or http://localhost with a port. `invoke login` listens at the first of the latter whose port is free."
  type        = set(string)
  nullable    = false
  default     = ["http://localhost:8765/callback", "http://localhost:8766/callback", "http://localhost:8767/callback"]
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
    condition     = var.caller_username != "probe-second"
    error_message = "caller_username is \"${var.caller_username}\", the second person of the probes; choose another."
  }

  validation {
    condition     = can(regex("^[a-z][a-z0-9._-]{0,63}$", var.caller_username))
    error_message = "caller_username is \"${var.caller_username}\"; use 1-64 of a-z, 0-9, \".\", \"_\", \"-\", beginning with a letter."
  }
}

variable "credit_check_package" {
  description = "Zip with the code of the function behind the gateway. The orchestrator writes it before every plan; by hand: python -m scripts.package_credit_check. Kept in the state, so give a path from this folder, which is the same on every machine."
  type        = string
  nullable    = false
  default     = ".package/credit_check.zip"

  validation {
    condition     = !local.makes_gateway || fileexists(var.credit_check_package)
    error_message = "credit_check_package is \"${var.credit_check_package}\", which is not there; write it with python -m scripts.package_credit_check, or set gateway_enabled = false."
  }
}

variable "custom_claims" {
  description = <<-TEXT
    Rules about further claims of a token; all of them must hold. name: the claim, 1-255 letters, digits, and _ . / : (no hyphen). type: "STRING" with operator "EQUALS" and one value, or "STRING_ARRAY" with "CONTAINS" and one value or "CONTAINS_ANY" and at least one.
    values: 1-255 letters, digits, and _ . - each.
  TEXT
  type = list(object({
    name     = string
    type     = string
    operator = string
    values   = list(string)
  }))
  nullable = false
  default  = []

  validation {
    # botocore model: InboundTokenClaimNameType, whose class holds the range from dot to colon.
    condition = alltrue([for rule in var.custom_claims :
      can(regex("^[A-Za-z0-9_./:]{1,255}$", rule.name)) && !contains(["aud", "client_id", "exp", "iss", "scope"], rule.name)
    ])
    error_message = "custom_claims is ${jsonencode(var.custom_claims)}; a name has 1-255 letters, digits, and _ . / : and is none of aud, client_id, exp, iss and scope, which have rules of their own."
  }

  validation {
    condition = alltrue([for rule in var.custom_claims : contains(
      length(rule.values) == 1 ? ["STRING EQUALS", "STRING_ARRAY CONTAINS", "STRING_ARRAY CONTAINS_ANY"] : length(rule.values) > 1 ? ["STRING_ARRAY CONTAINS_ANY"] : [],
      "${rule.type} ${rule.operator}",
    )])
    error_message = "custom_claims is ${jsonencode(var.custom_claims)}; use STRING with EQUALS and one value, or STRING_ARRAY with CONTAINS and one value or with CONTAINS_ANY and at least one."
  }

  validation {
    # botocore model: MatchValueString.
    condition     = alltrue(flatten([for rule in var.custom_claims : [for value in rule.values : can(regex("^[A-Za-z0-9_.-]{1,255}$", value))]]))
    error_message = "custom_claims is ${jsonencode(var.custom_claims)}; a value has 1-255 letters, digits, and _ . -"
  }
}

variable "customers" {
  description = "Whose customer further people are, by the subject (sub) of their tokens: the agent shows each the records of that customer alone. The demo caller has caller_customer_id. Up to 2000 characters as JSON: it becomes an environment variable of the runtime."
  type        = map(string)
  nullable    = false
  default     = {}

  validation {
    condition     = alltrue([for customer in values(var.customers) : can(regex("^[0-9]{1,12}$", customer))])
    error_message = "customers has the values ${jsonencode(values(var.customers))}; use customer ids of 1-12 digits."
  }

  validation {
    condition     = length(jsonencode(var.customers)) <= 2000
    error_message = "customers has ${length(jsonencode(var.customers))} characters as JSON; 2000 fit beside the runtime's other variables."
  }
}

variable "deletion_protection" {
  description = "Whether the user pool, and a bucket or repository that holds anything, refuse to be destroyed."
  type        = bool
  nullable    = false
  default     = false

  validation {
    condition     = var.deletion_protection || !local.is_prod
    error_message = "deletion_protection is ${var.deletion_protection} in environment \"${var.environment}\"; set it to true there."
  }
}

variable "deployment" {
  description = "How the agent is shipped: \"code\" (a zip in the artifact bucket) or \"container\" (an image; with it come a repository, and the CodeBuild project and role that build it). The orchestrator passes DEPLOYMENT, or what was chosen before. Going back to code destroys the repository with its images."
  type        = string
  nullable    = false
  default     = "code"

  validation {
    condition     = contains(["code", "container"], var.deployment)
    error_message = "deployment is \"${var.deployment}\"; use code or container."
  }
}

variable "environment" {
  description = "Environment name, part of every name: 1-12 of a-z and 0-9, beginning with a letter. Production (\"prod\", \"production\", \"prd\" or \"live\") refuses the password flow and the probes, demands deletion protection and mfa \"on\", and keeps deleted secrets for 30 days."
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

variable "execution_role_arn" {
  description = "ARN of an execution role of your own for the runtime, with the permissions that modules/runtime_role lists. Null: one is made."
  type        = string
  default     = null

  validation {
    condition     = var.execution_role_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[^*]+$", var.execution_role_arn))
    error_message = "execution_role_arn is \"${coalesce(var.execution_role_arn, "null")}\"; use the ARN of one IAM role, or null."
  }
}

variable "external_oidc" {
  description = <<-TEXT
    An identity provider of your own instead of Cognito; no pool, client, caller or probe is made then. Null: Cognito.
    discovery_url: https://.../.well-known/openid-configuration, without query and fragment. allowed_clients: clients that may call, by short name, each the value of a token's claim client_id; for a provider without that claim use allowed_audience or custom_claims.
  TEXT
  type = object({
    discovery_url   = string
    allowed_clients = optional(map(string), {})
  })
  default = null

  validation {
    # botocore model: DiscoveryUrl.
    condition     = var.external_oidc == null ? true : can(regex("^https://[^\\s?#]+/\\.well-known/openid-configuration$", var.external_oidc.discovery_url))
    error_message = "external_oidc.discovery_url is \"${var.external_oidc == null ? "" : var.external_oidc.discovery_url}\"; use https://<issuer>/.well-known/openid-configuration."
  }

  validation {
    condition = var.external_oidc == null ? true : alltrue([
      for name, id in var.external_oidc.allowed_clients : can(regex("^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$", name)) && can(regex("^\\S+$", id))
    ])
    error_message = "external_oidc.allowed_clients is ${jsonencode(var.external_oidc == null ? {} : var.external_oidc.allowed_clients)}; use short names of a-z, 0-9 and inner hyphens, and ids without spaces."
  }
}

variable "gateway_enabled" {
  description = "Whether the agent's credit check is behind an AgentCore Gateway: a function, the gateway's role and its own client, scope and door. Null: wherever Cognito is. Not with external_oidc: the gateway's client is one of the pool's."
  type        = bool
  default     = null

  validation {
    condition     = !(coalesce(var.gateway_enabled, false) && var.external_oidc != null)
    error_message = "gateway_enabled is ${coalesce(var.gateway_enabled, false)} beside external_oidc; leave it out, or set it to false: the agent then has its built-in credit check."
  }
}

variable "groups" {
  description = "Groups of the pool, by name: 1-64 letters, digits, and _ . -, the value of the claim cognito:groups. The description has 1-2048 characters."
  type        = map(object({ description = string }))
  nullable    = false
  default     = {}

  validation {
    condition     = !contains(keys(var.groups), "probe-callers")
    error_message = "groups has the names ${jsonencode(keys(var.groups))}; probe-callers is the probes'."
  }

  validation {
    condition     = length(var.groups) == 0 || var.external_oidc == null
    error_message = "groups has the names ${jsonencode(keys(var.groups))} beside external_oidc; keep groups at that provider and demand one by custom_claims."
  }
}

variable "mfa" {
  description = "Second factor of people, an authenticator app: \"off\", \"optional\" (whoever set one up is asked for it) or \"on\" (nobody gets tokens without one; the only choice in production)."
  type        = string
  nullable    = false
  default     = "optional"

  validation {
    condition     = contains(["off", "on", "optional"], var.mfa)
    error_message = "mfa is \"${var.mfa}\"; use off, optional or on."
  }

  validation {
    # Without a pool of ours there is nobody whom it would ask.
    condition     = var.mfa == "on" || !local.is_prod || var.external_oidc != null
    error_message = "mfa is \"${var.mfa}\" in environment \"${var.environment}\"; set it to \"on\" there."
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

variable "permissions_boundary_arn" {
  description = "ARN of the policy that bounds the permissions of every role made here, whatever the role's own policies allow. Null: no boundary."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[^*]+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn is \"${coalesce(var.permissions_boundary_arn, "null")}\"; use the ARN of one IAM policy, or null."
  }
}

variable "probes_enabled" {
  description = "Whether the callers are made whom `invoke smoke-test` expects to be refused: app clients, a group, a second person, a second pool, three roles. Not with external_oidc; refused in production."
  type        = bool
  nullable    = false
  default     = true

  validation {
    condition     = !(var.probes_enabled && local.is_prod)
    error_message = "probes_enabled is ${var.probes_enabled} in environment \"${var.environment}\"; set it to false there."
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

variable "required_groups" {
  description = "Groups of which a caller must be in one, each one of groups; the demo caller joins them. Empty: not looked at. Machines are in no group: with this they are locked out. Cognito only."
  type        = list(string)
  nullable    = false
  default     = []

  validation {
    condition     = length(setsubtract(var.required_groups, keys(var.groups))) == 0 && length(distinct(var.required_groups)) == length(var.required_groups)
    error_message = "required_groups is ${jsonencode(var.required_groups)}; the groups are ${jsonencode(keys(var.groups))}, each at most once."
  }
}

variable "role_path" {
  description = "IAM path of every role and policy made here, beginning and ending with a slash, at most 512 characters, e.g. \"/agents/\"."
  type        = string
  nullable    = false
  default     = "/"

  validation {
    condition     = can(regex("^/([A-Za-z0-9_.,+=@-]+/)*$", var.role_path)) && length(var.role_path) <= 512
    error_message = "role_path is \"${var.role_path}\"; begin and end with \"/\", e.g. \"/agents/\", at most 512 characters."
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

variable "user_auth_flows" {
  description = "How people sign in through the client \"user\": code (in the browser, at the pool's own page), srp, password (user name and password in the request; the smoke test uses it; refused in production) and refresh. Null: all four, in production without password."
  type        = set(string)
  default     = null

  validation {
    condition     = length(setsubtract(coalesce(var.user_auth_flows, ["srp"]), ["code", "password", "refresh", "srp"])) == 0 && length(setintersection(coalesce(var.user_auth_flows, ["srp"]), ["password", "srp"])) > 0
    error_message = "user_auth_flows is ${jsonencode(var.user_auth_flows)}; use srp or password, and code and refresh."
  }

  validation {
    condition     = !(local.is_prod && contains(coalesce(var.user_auth_flows, ["srp"]), "password"))
    error_message = "user_auth_flows is ${jsonencode(var.user_auth_flows)} in environment \"${var.environment}\"; leave password out there."
  }
}
