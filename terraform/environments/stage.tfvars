# As production, but for what the smoke matrix needs to prove the door: the probes and the password flow.
environment = "stage"

# Accounts that may be touched, e.g. ["111122223333", "000000000000"]; the latter is the local target's. Empty: any.
allowed_account_ids = []

deletion_protection = false
mfa                 = "optional"
probes_enabled      = true
user_auth_flows     = ["password", "refresh", "srp"]
