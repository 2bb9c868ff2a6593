"""All rules, one row each in the modules named here. An id is never given to another rule."""

from __future__ import annotations

from orchestration.review import (
    rules_build,
    rules_change,
    rules_cognito,
    rules_door,
    rules_function,
    rules_holdings,
    rules_iam,
    rules_sign_in,
    rules_unjudged,
)
from orchestration.review.findings import Rule

RULES: tuple[Rule, ...] = (
    *rules_door.RULES,
    *rules_cognito.RULES,
    *rules_iam.RULES,
    *rules_holdings.RULES,
    *rules_change.RULES,
    *rules_unjudged.RULES,
    *rules_sign_in.RULES,
    *rules_function.RULES,
    *rules_build.RULES,
)
BY_ID = {rule.id: rule for rule in RULES}
