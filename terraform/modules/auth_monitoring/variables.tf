variable "alarm_topic_arns" {
  description = "SNS topics that hear of an alarm and of its end, at most 5. Empty: the alarms can be looked at and tell nobody."
  type        = set(string)
  nullable    = false
  default     = []

  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : can(regex("^arn:aws(-[a-z]+)*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", arn))]) && length(var.alarm_topic_arns) <= 5
    error_message = "alarm_topic_arns is ${jsonencode(var.alarm_topic_arns)}; use up to 5 ARNs like arn:aws:sns:us-east-1:111122223333:alarms."
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

variable "name_prefix" {
  description = "Beginning of every name, 2-40 of a-z, 0-9 and inner hyphens, beginning with a letter."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,38}[a-z0-9]$", var.name_prefix))
    error_message = "name_prefix is \"${var.name_prefix}\"; use 2-40 of a-z, 0-9 and inner hyphens, beginning with a letter."
  }
}

variable "queries" {
  description = "Logs Insights queries that are saved with the log group, name -> query; names of 1-100 of a-z, 0-9 and hyphens. Empty: none."
  type        = map(string)
  nullable    = false
  default = {
    refused-by-reason = <<-QUERY
      fields @timestamp, coalesce(reason, errorCode, responseElements.statusCode) as why
      | filter decision = "deny" or responseElements.statusCode in [401, 403] or ispresent(errorCode)
      | stats count(*) as refused by why
      | sort refused desc
    QUERY
    refused-calls     = <<-QUERY
      fields @timestamp, coalesce(reason, errorCode, responseElements.statusCode) as why, client, subject, runtime, session, latency_ms
      | filter decision = "deny" or responseElements.statusCode in [401, 403] or ispresent(errorCode)
      | sort @timestamp desc
      | limit 200
    QUERY
  }

  validation {
    condition     = alltrue([for name, query in var.queries : can(regex("^[a-z0-9-]{1,100}$", name)) && length(trimspace(query)) > 0 && length(query) <= 10000])
    error_message = "queries has the names ${jsonencode(keys(var.queries))}; use names of 1-100 of a-z, 0-9 and \"-\", each with a query of 1-10000 characters."
  }
}

variable "refusals_threshold" {
  description = "How many refused calls in the log group within five minutes are too many, a whole number from 1 to 1000000; null: no alarm on them."
  type        = number
  default     = 50

  validation {
    condition     = var.refusals_threshold == null ? true : var.refusals_threshold >= 1 && var.refusals_threshold <= 1000000 && floor(var.refusals_threshold) == var.refusals_threshold
    error_message = "refusals_threshold is ${jsonencode(var.refusals_threshold)}; use a whole number from 1 to 1000000, or null."
  }
}

variable "retention_days" {
  description = "How long decisions are kept, in days, one of those that CloudWatch Logs has: 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  type        = number
  nullable    = false
  default     = 365

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.retention_days)
    error_message = "retention_days is ${var.retention_days}; use 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "service_refusals_threshold" {
  description = "How many refusals that the service counted within five minutes are too many, a whole number from 1 to 1000000; null: no alarm on the service's metric."
  type        = number
  default     = 50

  validation {
    condition     = var.service_refusals_threshold == null ? true : var.service_refusals_threshold >= 1 && var.service_refusals_threshold <= 1000000 && floor(var.service_refusals_threshold) == var.service_refusals_threshold
    error_message = "service_refusals_threshold is ${jsonencode(var.service_refusals_threshold)}; use a whole number from 1 to 1000000, or null."
  }
}

variable "tags" {
  description = "Tags beyond the provider's default tags."
  type        = map(string)
  nullable    = false
  default     = {}
}
