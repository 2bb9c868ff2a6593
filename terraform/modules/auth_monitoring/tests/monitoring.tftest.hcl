mock_provider "aws" {
  override_during = plan
}

variables {
  name_prefix = "demo-dev"
}

run "refusals_are_counted_watched_and_kept_for_a_year" {
  command = plan

  # Refusals of both kinds of line are counted in one metric.
  assert {
    condition = output.refused_pattern == join(" ", [
      "{ (($.event = \"decision\") && ($.decision = \"deny\"))",
      "|| (($.eventSource = \"bedrock-agentcore.amazonaws.com\")",
      "&& (($.responseElements.statusCode = 401) || ($.responseElements.statusCode = 403) || ($.errorCode = \"*\"))) }",
    ])
    error_message = "The filter counts something else: ${output.refused_pattern}"
  }
  assert {
    condition = (
      one(aws_cloudwatch_log_metric_filter.refused.metric_transformation).name == one(aws_cloudwatch_metric_alarm.refused).metric_name
      && one(aws_cloudwatch_log_metric_filter.refused.metric_transformation).namespace == one(aws_cloudwatch_metric_alarm.refused).namespace
    )
    error_message = "The alarm must watch the metric that the filter makes."
  }
  assert {
    condition     = one(aws_cloudwatch_metric_alarm.refused).treat_missing_data == "notBreaching" && one(aws_cloudwatch_metric_alarm.refused).threshold == 50
    error_message = "Silence is no alarm, and the default threshold is 50."
  }

  # The record is kept for a year in a group of the environment's name.
  assert {
    condition     = aws_cloudwatch_log_group.decisions.name == "demo-dev/auth" && aws_cloudwatch_log_group.decisions.retention_in_days == 365
    error_message = "The group is ${aws_cloudwatch_log_group.decisions.name}, kept for ${aws_cloudwatch_log_group.decisions.retention_in_days} days."
  }

  # The service's own count is watched and queries are saved.
  assert {
    condition     = strcontains(one(one(aws_cloudwatch_metric_alarm.service_refused).metric_query).expression, "InboundAuthorizationFailure")
    error_message = "The alarm on the service's metric must read InboundAuthorizationFailure."
  }
  assert {
    condition     = keys(aws_cloudwatch_query_definition.saved) == ["refused-by-reason", "refused-calls"]
    error_message = "Saved queries: ${jsonencode(keys(aws_cloudwatch_query_definition.saved))}."
  }
}

run "what_an_emulator_does_not_know_can_be_left_out" {
  command = plan

  variables {
    queries                    = {}
    refusals_threshold         = null
    service_refusals_threshold = null
  }

  assert {
    condition     = length(aws_cloudwatch_query_definition.saved) + length(aws_cloudwatch_metric_alarm.service_refused) + length(aws_cloudwatch_metric_alarm.refused) == 0
    error_message = "Neither a query nor an alarm was asked for."
  }
}

run "both_alarms_tell_the_topics" {
  command = plan

  variables {
    alarm_topic_arns = ["arn:aws:sns:us-east-1:111122223333:alarms"]
  }

  assert {
    condition = alltrue([
      for alarm in [one(aws_cloudwatch_metric_alarm.refused), one(aws_cloudwatch_metric_alarm.service_refused)] :
      alarm.alarm_actions == var.alarm_topic_arns && alarm.ok_actions == var.alarm_topic_arns
    ])
    error_message = "An alarm without actions tells nobody."
  }
}

run "wrong_names_numbers_and_arns_are_refused" {
  command = plan

  variables {
    alarm_topic_arns           = ["alarms"]
    kms_key_arn                = "alias/mine"
    name_prefix                = "Demo"
    queries                    = { "By Reason" = "fields @timestamp" }
    refusals_threshold         = 0
    retention_days             = 7
    service_refusals_threshold = 1.5
  }

  expect_failures = [
    var.alarm_topic_arns,
    var.kms_key_arn,
    var.name_prefix,
    var.queries,
    var.refusals_threshold,
    var.retention_days,
    var.service_refusals_threshold,
  ]
}
