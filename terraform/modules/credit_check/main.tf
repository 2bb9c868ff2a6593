locals {
  function_name = "${var.name_prefix}-credit-check"
  log_group     = "/aws/lambda/${local.function_name}"
}

# Made before the function, so that it has an end: a group that the function makes by itself is kept for ever.
resource "aws_cloudwatch_log_group" "credit_check" {
  name              = local.log_group
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_lambda_function" "credit_check" {
  function_name    = local.function_name
  description      = "Credit scores, for the gateway's tool get_credit_score"
  role             = aws_iam_role.credit_check.arn
  architectures    = ["arm64"]
  runtime          = "python3.13"
  handler          = "credit_check.handler.handle"
  filename         = var.package_path
  source_code_hash = var.package_hash
  memory_size      = 128
  # The agent waits ten seconds for its tool, the gateway's own part of it included.
  timeout = 8

  logging_config {
    # The function writes its lines as JSON itself.
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.credit_check.name
  }

  # A caller's trace goes through; segments of its own would need permissions that take no resource.
  tracing_config {
    mode = "PassThrough"
  }

  tags = var.tags

  # Nobody calls it before it may write its log.
  depends_on = [aws_iam_role_policy.credit_check]
}
