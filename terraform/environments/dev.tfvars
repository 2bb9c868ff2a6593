# Development: may be taken apart at any time. Read before what the orchestrator passes itself (region, models).
environment = "dev"

# Accounts that may be touched; the second is the local target's. Commented out: TF_VAR_allowed_account_ids, else any.
# allowed_account_ids = ["111122223333", "000000000000"]
