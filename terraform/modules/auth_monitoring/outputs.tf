output "log_group_name" {
  description = "Name of the log group for decisions; `invoke auth-log TARGET=aws` reads it. For whoever delivers a trail to it."
  value       = aws_cloudwatch_log_group.decisions.name
}

output "refused_pattern" {
  description = "The filter pattern of a refused call. For tests, and for filters over other log groups."
  value       = aws_cloudwatch_log_metric_filter.refused.pattern
}
