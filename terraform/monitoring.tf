module "auth_monitoring" {
  source = "./modules/auth_monitoring"

  alarm_topic_arns           = var.alarm_topic_arns
  name_prefix                = local.name_prefix
  queries                    = var.auth_alarms_enabled ? null : {}
  refusals_threshold         = var.auth_alarms_enabled ? 50 : null
  retention_days             = var.auth_log_retention_days
  service_refusals_threshold = var.auth_alarms_enabled ? 50 : null
}
