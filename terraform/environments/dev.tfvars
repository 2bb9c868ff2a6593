# Development: may be taken apart at any time. Read before what the orchestrator passes itself (region, models).
environment = "dev"

# Accounts that may be touched, e.g. ["111122223333", "000000000000"]; the latter is the local target's. Empty: any.
allowed_account_ids = []
