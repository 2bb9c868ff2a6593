# As production, but for what the smoke matrix needs to prove the door: the probes and the password flow.
environment = "stage"

# Accounts that may be touched; the second is the local target's. Commented out: TF_VAR_allowed_account_ids, else any.
# allowed_account_ids = ["111122223333", "000000000000"]

deletion_protection = false
mfa                 = "optional"
probes_enabled      = true
user_auth_flows     = ["code", "password", "refresh", "srp"]
