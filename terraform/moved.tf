moved {
  from = module.identity
  to   = module.identity[0]
}

moved {
  from = module.runtime_role
  to   = module.runtime_role[0]
}

# The outsider is a probe, and probes are not made everywhere.
moved {
  from = module.identity[0].aws_cognito_user_pool_client.public["outsider"]
  to   = module.probes[0].module.client["outsider"].aws_cognito_user_pool_client.this
}

# Whoever ships code needs no repository for images.
moved {
  from = module.artifacts.aws_ecr_repository.agent
  to   = module.image_build[0].aws_ecr_repository.agent
}
