output "function_arn" {
  description = "ARN of the function, without a version. Read by the root module, for the gateway's target."
  # By its parts: what a policy permits is then in the plan, and is not written later than all else.
  value = "arn:${var.partition}:lambda:${var.region}:${var.account_id}:function:${local.function_name}"
}
