variable "audience" {
  description = "Audience of the jobs' identity tokens, as configure-aws-credentials and .gitlab-ci.yml ask for it."
  type        = string
  nullable    = false
  default     = "sts.amazonaws.com"
}

variable "deploy_policy_arns" {
  description = "ARNs of the policies by what they are for, attached to the deploy role: policy_arns of deployer_policy."
  type        = map(string)
  nullable    = false
}

variable "deploy_subjects" {
  description = "Subjects of the jobs that may deploy, each in full, e.g. [\"repo:example-org/agents:environment:prod\"]."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.deploy_subjects) > 0 && !anytrue([for subject in var.deploy_subjects : strcontains(subject, "*") || strcontains(subject, "?") || endswith(subject, ":pull_request")])
    error_message = "deploy_subjects is ${jsonencode(var.deploy_subjects)}; name each subject in full, and no pull request: its code is nobody's yet."
  }
}

variable "environment" {
  description = "Environment that is deployed, 1-12 of a-z and 0-9, beginning with a letter; part of the names."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,11}$", var.environment))
    error_message = "environment is \"${var.environment}\"; use 1-12 of a-z and 0-9, beginning with a letter."
  }
}

variable "issuer" {
  description = "Host of the issuer of the jobs' identity tokens, e.g. gitlab.com."
  type        = string
  nullable    = false
  default     = "token.actions.githubusercontent.com"

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]+\\.[a-z]{2,}(/[A-Za-z0-9_./-]+)?$", var.issuer))
    error_message = "issuer is \"${var.issuer}\"; use the host alone, without https://, e.g. gitlab.com."
  }
}

variable "plan_policies" {
  description = "Policy documents (JSON) by what they are for, each a policy of the plan role: reading_policies of deployer_policy."
  type        = map(string)
  nullable    = false
}

variable "plan_subjects" {
  description = "Subjects of the jobs that may plan and look for drift, each in full, e.g. [\"repo:example-org/agents:pull_request\"]."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.plan_subjects) > 0 && !anytrue([for subject in var.plan_subjects : strcontains(subject, "*") || strcontains(subject, "?")])
    error_message = "plan_subjects is ${jsonencode(var.plan_subjects)}; name each subject in full, at least one."
  }
}

variable "project" {
  description = "Project that is deployed, 2-20 of a-z, 0-9 and inner hyphens, beginning with a letter; part of the names."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.project)) && !strcontains(var.project, "--")
    error_message = "project is \"${var.project}\"; use 2-20 of a-z, 0-9 and single inner hyphens, beginning with a letter."
  }
}

variable "provider_arn" {
  description = "ARN of the issuer's OIDC provider where the account has one. Null: it is made here."
  type        = string
  default     = null

  validation {
    condition     = var.provider_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/[^*]+$", var.provider_arn))
    error_message = "provider_arn is \"${coalesce(var.provider_arn, "null")}\"; use the ARN of one OIDC provider, or null."
  }
}

variable "role_path" {
  description = "IAM path of roles and policies, beginning and ending with a slash, at most 200 characters, e.g. \"/agents/\"."
  type        = string
  nullable    = false
  default     = "/"

  validation {
    condition     = can(regex("^/([A-Za-z0-9_.,+=@-]+/)*$", var.role_path)) && length(var.role_path) <= 200
    error_message = "role_path is \"${var.role_path}\"; begin and end with \"/\", e.g. \"/agents/\", at most 200 characters."
  }
}

variable "tags" {
  description = "Tags beyond the provider's default tags."
  type        = map(string)
  nullable    = false
  default     = {}
}
