# Production: nobody signs in with the password alone, nothing is destroyed by one command, no probe is left about.
environment = "prod"

# Accounts that may be touched; the second is the local target's. Commented out: TF_VAR_allowed_account_ids, else any.
# allowed_account_ids = ["111122223333", "000000000000"]

access_token_minutes     = 10
artifact_noncurrent_days = 90
deletion_protection      = true
mfa                      = "on"
probes_enabled           = false
user_auth_flows          = ["code", "refresh", "srp"]
