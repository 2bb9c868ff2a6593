"""How hypothesis searches: the same examples at each run, quickly. `--hypothesis-profile=search` looks further."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

_SLOW_STARTS = [HealthCheck.too_slow, HealthCheck.differing_executors]
settings.register_profile(
    "steady", derandomize=True, database=None, deadline=None, max_examples=120, suppress_health_check=_SLOW_STARTS
)
settings.register_profile("search", deadline=None, max_examples=5_000, suppress_health_check=_SLOW_STARTS)
settings.load_profile("steady")
