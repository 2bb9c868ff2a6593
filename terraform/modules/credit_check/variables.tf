variable "account_id" {
  description = "AWS account that owns the function, 12 digits."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is \"${var.account_id}\"; use 12 digits."
  }
}

variable "kms_key_arn" {
  description = "KMS key that encrypts the log group; null: the key of CloudWatch Logs. Its policy must let logs.<region>.amazonaws.com use it."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws(-[a-z]+)*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,128}$", var.kms_key_arn))
    error_message = "kms_key_arn is ${jsonencode(var.kms_key_arn)}; use arn:aws:kms:<region>:<account>:key/<id>, or null."
  }
}

variable "log_retention_days" {
  description = "How long the function's log is kept, in days, one of those that CloudWatch Logs has: 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  type        = number
  nullable    = false
  default     = 30

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is ${var.log_retention_days}; use 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
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

variable "package_hash" {
  description = "SHA-256 of the package in base64, as filebase64sha256 gives it: another one, and the function gets the new code."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+/]{43}=$", var.package_hash))
    error_message = "package_hash is \"${var.package_hash}\"; use filebase64sha256(<package>)."
  }
}

variable "package_path" {
  description = "Zip with the function's code, as scripts/package_credit_check.py writes it. It is kept in the state: a path from the root module's folder is the same on every machine."
  type        = string
  nullable    = false

  validation {
    condition     = endswith(var.package_path, ".zip")
    error_message = "package_path is \"${var.package_path}\"; use a zip file."
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

variable "region" {
  description = "AWS region of the function, e.g. us-east-1."
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
