variable "account_id" {
  description = "AWS account that is deployed to, 12 digits."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is \"${var.account_id}\"; use 12 digits."
  }
}

variable "deployment" {
  description = "How the deployment ships its agent, as the root module's variable: \"code\" or \"container\", which needs a repository and builds. Leave it at container until what builds images was removed."
  type        = string
  nullable    = false
  default     = "code"

  validation {
    condition     = contains(["code", "container"], var.deployment)
    error_message = "deployment is \"${var.deployment}\"; use code or container."
  }
}

variable "environment" {
  description = "Environment that is deployed, 1-12 of a-z and 0-9, beginning with a letter; part of every name."
  type        = string
  nullable    = false

  validation {
    # No hyphen: "a-b" + "c" and "a" + "b-c" would claim the same names.
    condition     = can(regex("^[a-z][a-z0-9]{0,11}$", var.environment))
    error_message = "environment is \"${var.environment}\"; use 1-12 of a-z and 0-9, beginning with a letter."
  }
}

variable "execution_role_arn" {
  description = "ARN of the execution role where the deployment brings its own. Null: the one that it makes."
  type        = string
  default     = null

  validation {
    condition     = var.execution_role_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[^*]+$", var.execution_role_arn))
    error_message = "execution_role_arn is \"${coalesce(var.execution_role_arn, "null")}\"; use the ARN of one IAM role, or null."
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
  description = "ARN of the policy that bounds every role of the deployment; the root's permissions_boundary_arn must be the same. Without a boundary whoever makes roles may do whatever a role can."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[^*]+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn is \"${var.permissions_boundary_arn}\"; use the ARN of one IAM policy."
  }

  validation {
    # The deployer makes policies of its deployment's names. All behind the first slash: a path is a part of a policy's name here.
    condition = !anytrue([
      for name in [basename(var.permissions_boundary_arn), trimprefix(try(split(":policy/", var.permissions_boundary_arn)[1], ""), trimprefix(var.role_path, "/"))] :
      startswith(name, "${var.project}-${var.environment}-")
    ])
    error_message = "permissions_boundary_arn is \"${var.permissions_boundary_arn}\", a policy that the deployer could make; give it a name that does not begin with ${var.project}-${var.environment}-."
  }
}

variable "probes_enabled" {
  description = "Whether the deployment has probes: then their runtimes may be made and their roles assumed. False in production."
  type        = bool
  nullable    = false
  default     = true
}

variable "project" {
  description = "Project that is deployed, 2-20 of a-z, 0-9 and inner hyphens, beginning with a letter; part of every name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.project)) && !strcontains(var.project, "--")
    error_message = "project is \"${var.project}\"; use 2-20 of a-z, 0-9 and single inner hyphens, beginning with a letter."
  }
}

variable "region" {
  description = "AWS region that is deployed to, e.g. us-east-1."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", var.region))
    error_message = "region is \"${var.region}\"; use a region name like us-east-1."
  }
}

variable "role_path" {
  description = "IAM path of the deployment's roles and policies, and of these, beginning and ending with a slash, at most 200 characters, e.g. \"/agents/\"."
  type        = string
  nullable    = false
  default     = "/"

  validation {
    condition     = can(regex("^/([A-Za-z0-9_.,+=@-]+/)*$", var.role_path)) && length(var.role_path) <= 200
    error_message = "role_path is \"${var.role_path}\"; begin and end with \"/\", e.g. \"/agents/\", at most 200 characters."
  }
}

variable "state_bucket_name" {
  description = "Bucket of Terraform's state, as `invoke state.bootstrap` names it. Null: the state is elsewhere."
  type        = string
  default     = null

  validation {
    condition     = var.state_bucket_name == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.state_bucket_name))
    error_message = "state_bucket_name is \"${coalesce(var.state_bucket_name, "null")}\"; use the name of one bucket, or null."
  }
}

variable "tags" {
  description = "Tags beyond the provider's default tags."
  type        = map(string)
  nullable    = false
  default     = {}
}
