locals {
  monitoring_statements = [
    {
      Sid    = "RecordOfDecisionsAndLogOfTheFunction"
      Effect = "Allow"
      Action = [
        "logs:CreateLogGroup",
        "logs:DeleteLogGroup",
        "logs:DeleteMetricFilter",
        "logs:DeleteRetentionPolicy",
        "logs:DescribeMetricFilters",
        "logs:ListTagsForResource",
        "logs:PutMetricFilter",
        "logs:PutRetentionPolicy",
        "logs:TagResource",
        "logs:UntagResource",
      ]
      # Both forms: some of the actions are authorized against the group's ARN with an end, some without.
      Resource = flatten([for group in [local.function_logs, local.record_arn] : [group, "${group}:*"]])
    },
    {
      Sid    = "FindTheRecord"
      Effect = "Allow"
      Action = ["logs:DescribeLogGroups"]
      # Any log group of this account and region: the action lists, so it is authorized against all of them.
      Resource = ["arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:*"]
    },
    {
      Sid    = "SavedQueries"
      Effect = "Allow"
      Action = ["logs:DeleteQueryDefinition", "logs:DescribeQueryDefinitions", "logs:PutQueryDefinition"]
      # "*": the actions take no resource (service authorization reference, CloudWatch Logs).
      Resource = ["*"]
    },
    {
      Sid    = "Alarms"
      Effect = "Allow"
      Action = [
        "cloudwatch:DeleteAlarms",
        "cloudwatch:ListTagsForResource",
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:TagResource",
        "cloudwatch:UntagResource",
      ]
      Resource = [for alarm in ["refused", "service-refused"] : "arn:${var.partition}:cloudwatch:${var.region}:${var.account_id}:alarm:${local.name_prefix}-${alarm}"]
    },
  ]
}
