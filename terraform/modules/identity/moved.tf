# Clients became a module of their own, so that probes and callers share their arguments.
moved {
  from = aws_cognito_user_pool_client.public["user"]
  to   = module.client["user"].aws_cognito_user_pool_client.this
}

moved {
  from = aws_cognito_user_pool_client.machine
  to   = module.client["machine"].aws_cognito_user_pool_client.this
}
