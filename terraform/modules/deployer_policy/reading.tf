# The part of the deployer's statements that changes nothing: what a plan and `invoke drift` need. A plan holds the state's lock,
# a file that is written and deleted again.

locals {
  # What a query of logs found and other data that a plan does not look at stay out. A generated password stays in: Terraform
  # generates one at every plan and throws it away.
  reading = "^[a-z0-9-]+:(Admin(Get|List)|BatchGetProjects|Describe|Get|List)"
  unread  = ["logs:GetQueryResults"]

  reading_documents = {
    for name, statements in local.documents : name => concat(
      [
        for statement in statements : merge(statement, { Action = [for action in statement.Action : action if can(regex(local.reading, action)) && !contains(local.unread, action)] })
        if anytrue([for action in statement.Action : can(regex(local.reading, action)) && !contains(local.unread, action)])
      ],
      name == "runtime" ? local.lock_statements : [],
    )
  }

  lock_statements = [
    for bucket in var.state_bucket_name == null ? [] : ["arn:${var.partition}:s3:::${var.state_bucket_name}"] : {
      Sid      = "HoldTheLock"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject", "s3:PutObject"]
      Resource = ["${bucket}/inbound-auth/${var.environment}/*.tflock"]
    }
  ]
}
