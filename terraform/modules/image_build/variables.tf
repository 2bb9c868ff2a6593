variable "account_id" {
  description = "AWS account that owns repository and project, 12 digits."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is \"${var.account_id}\"; use 12 digits."
  }
}

variable "dns_suffix" {
  description = "End of the service's host names in this partition, e.g. amazonaws.com; part of the repository's URL."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9-]+([.][a-z0-9-]+)+$", var.dns_suffix))
    error_message = "dns_suffix is \"${var.dns_suffix}\"; use a host name like amazonaws.com."
  }
}

variable "force_delete" {
  description = "Whether destroying the repository deletes the images in it. False: destroy stops while it holds any."
  type        = bool
  nullable    = false
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
  description = "How long builds' logs are kept, in days, one of those that CloudWatch Logs has: 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
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
  description = "AWS region of repository and project, e.g. us-east-1."
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

variable "source_bucket_name" {
  description = "Bucket that the image's source is uploaded to. Versioned: a build names the version that it was started for."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.source_bucket_name))
    error_message = "source_bucket_name is \"${var.source_bucket_name}\"; use the name of a bucket."
  }
}

variable "source_key" {
  description = "Key of the source in that bucket, as the starter toolkit forms it: <name of the agent>/source.zip."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_]+/source[.]zip$", var.source_key))
    error_message = "source_key is \"${var.source_key}\"; use <name of the agent>/source.zip."
  }
}

variable "tags" {
  description = "Tags beyond the provider's default tags."
  type        = map(string)
  nullable    = false
  default     = {}
}
