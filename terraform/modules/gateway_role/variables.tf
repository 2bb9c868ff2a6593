variable "account_id" {
  description = "AWS account that owns the gateway, 12 digits."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is \"${var.account_id}\"; use 12 digits."
  }
}

variable "function_arn" {
  description = "ARN of the one function that the gateway may invoke, without a version."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[a-zA-Z0-9_-]{1,64}$", var.function_arn))
    error_message = "function_arn is \"${var.function_arn}\"; use the ARN of one function, without a version and without a wildcard."
  }
}

variable "gateway_name" {
  description = "Name of the gateway that assumes the role, 1-48 letters, digits and single inner hyphens; the service ends its id with a hyphen and ten characters of its own."
  type        = string
  nullable    = false

  validation {
    # botocore model: GatewayName.
    condition     = can(regex("^([0-9a-zA-Z]-?){0,47}[0-9a-zA-Z]$", var.gateway_name))
    error_message = "gateway_name is \"${var.gateway_name}\"; use 1-48 letters, digits and single inner hyphens."
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
  description = "AWS region of the gateway, e.g. us-east-1."
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
