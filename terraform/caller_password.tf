# Here and not in the identity module, because mocked providers know no ephemeral resources: the module stays testable
# offline. Generated anew in each run; only a raised caller_password_version writes it to the secret.
ephemeral "aws_secretsmanager_random_password" "caller" {
  password_length            = 32
  require_each_included_type = true
  # Characters that a shell or a JSON document would need escaped.
  exclude_characters = "\"'`\\$"
}
