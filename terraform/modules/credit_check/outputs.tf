output "function" {
  description = "What decides what the function answers: {code_sha256, handler, role_arn, runtime}. Read by the root module, whose output lets the orchestrator compare it with what is live."
  value = {
    code_sha256 = aws_lambda_function.credit_check.source_code_hash
    handler     = aws_lambda_function.credit_check.handler
    role_arn    = aws_iam_role.credit_check.arn
    runtime     = aws_lambda_function.credit_check.runtime
  }
}

output "function_arn" {
  description = "ARN of the function, without a version. Read by the root module, for the gateway's target."
  # By its parts: what a policy permits is then in the plan, and is not written later than all else.
  value = "arn:${var.partition}:lambda:${var.region}:${var.account_id}:function:${local.function_name}"
}
