# The part of the deployer's statements that changes nothing: what `invoke plan --no-lock` and `invoke drift` need. The state's lock
# is no part of it: whoever may write it can hold up a deployment, or delete its lock in the middle.

locals {
  # What a query of logs found and other data that a plan does not look at stay out. A generated password stays in: Terraform
  # generates one at every plan and throws it away.
  reading = "^[a-z0-9-]+:(Admin(Get|List)|BatchGetProjects|Describe|Get|List)"
  unread  = ["logs:GetQueryResults"]

  reading_documents = {
    for name, statements in local.documents : name => [
      for statement in statements : merge(statement, { Action = [for action in statement.Action : action if can(regex(local.reading, action)) && !contains(local.unread, action)] })
      if anytrue([for action in statement.Action : can(regex(local.reading, action)) && !contains(local.unread, action)])
    ]
  }
}
