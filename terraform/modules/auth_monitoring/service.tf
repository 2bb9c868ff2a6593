# The service's own count, without a log group: dimensions name a runtime whose id no plan knows, hence a query over all.
resource "aws_cloudwatch_metric_alarm" "service_refused" {
  count = var.service_refusals_threshold == null ? 0 : 1

  alarm_name          = "${var.name_prefix}-service-refused"
  alarm_description   = "AgentCore refused more than ${var.service_refusals_threshold} tokens within five minutes, at all runtimes and gateways of this account and region."
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.service_refusals_threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags

  metric_query {
    id          = "refused"
    expression  = "SELECT SUM(InboundAuthorizationFailure) FROM \"AWS/Bedrock-AgentCore\""
    period      = 300
    return_data = true
  }
}

resource "aws_cloudwatch_query_definition" "saved" {
  for_each = var.queries

  name            = "${var.name_prefix}/${each.key}"
  log_group_names = [aws_cloudwatch_log_group.decisions.name]
  query_string    = each.value
}
