# Here and not in the modules, because mocked providers know no ephemeral resources: the modules stay testable offline.
# Generated anew in each run; only a raised caller_password_version writes them to their secrets.
locals {
  people = concat(local.uses_cognito ? ["caller"] : [], local.makes_probes ? ["second"] : [])
}

ephemeral "aws_secretsmanager_random_password" "person" {
  for_each = toset(local.people)

  password_length            = 32
  require_each_included_type = true
  # Characters that a shell or a JSON document would need escaped.
  exclude_characters = "\"'`\\$"
}
