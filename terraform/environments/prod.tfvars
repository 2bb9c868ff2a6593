# Production: nobody signs in with the password alone, nothing is destroyed by one command, no probe is left about.
environment = "prod"

# Accounts that may be touched, e.g. ["111122223333", "000000000000"]; the latter is the local target's. Empty: any.
allowed_account_ids = []

access_token_minutes     = 10
artifact_noncurrent_days = 90
deletion_protection      = true
mfa                      = "on"
probes_enabled           = false
user_auth_flows          = ["refresh", "srp"]
