"""The scenarios of the seeded plans, and what is kept of a plan."""
