locals {
  # Two kinds of line: a decision of the local runtime, and CloudTrail's data event of a refused call.
  refused_pattern = join(" ", [
    "{ (($.event = \"decision\") && ($.decision = \"deny\"))",
    "|| (($.eventSource = \"bedrock-agentcore.amazonaws.com\")",
    "&& (($.responseElements.statusCode = 401) || ($.responseElements.statusCode = 403) || ($.errorCode = \"*\"))) }",
  ])
  namespace = "AgentCore/InboundAuth"
  metric    = "${var.name_prefix}-refused"
}

resource "aws_cloudwatch_log_group" "decisions" {
  name              = "${var.name_prefix}/auth"
  retention_in_days = var.retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_cloudwatch_log_metric_filter" "refused" {
  name           = "${var.name_prefix}-refused"
  log_group_name = aws_cloudwatch_log_group.decisions.name
  pattern        = local.refused_pattern

  metric_transformation {
    name          = local.metric
    namespace     = local.namespace
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}

resource "aws_cloudwatch_metric_alarm" "refused" {
  count = var.refusals_threshold == null ? 0 : 1

  alarm_name          = "${var.name_prefix}-refused"
  alarm_description   = "More than ${var.refusals_threshold} calls were refused within five minutes, by the log group ${aws_cloudwatch_log_group.decisions.name}."
  namespace           = local.namespace
  metric_name         = local.metric
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.refusals_threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags

  depends_on = [aws_cloudwatch_log_metric_filter.refused]
}
