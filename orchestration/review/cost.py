"""What a plan's resources cost by the month while nobody calls. What calls cost: docs/cost.md, with the sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from orchestration.review.plan import Plan

CLIENT = "aws_cognito_user_pool_client"
# US cents by the month, list price, us-east-1; sources: docs/cost.md. What costs nothing idle is not here.
MACHINE_CLIENT = "machine client"
PRICES: Mapping[str, tuple[str, int]] = {
    CLIENT: (MACHINE_CLIENT, 600),
    "aws_secretsmanager_secret": ("secret", 40),
    "aws_cloudwatch_metric_alarm": ("alarm", 10),
}


def idle_cost(plan: Plan) -> Iterator[str]:
    """One sentence, with what it was before where that differs; none for a plan without anything that costs."""
    after = _billed(plan, after=True)
    before = _billed(plan, after=False)
    if not after and not before:
        return
    was = "" if before == after or plan.brand_new else f"; {_dollars(before)} before"
    parts = ", ".join(
        f"{after[what]} {what}{'' if after[what] == 1 else 's'} at ${cents / 100:.2f}"
        for what, cents in PRICES.values()
        if after[what]
    )
    yield f"about {_dollars(after)} a month{f': {parts}' if parts else ''}{was}"


def _billed(plan: Plan, *, after: bool) -> Counter[str]:
    found: Counter[str] = Counter()
    for change in plan.of(*PRICES):
        values = change.standing if after else change.before
        if values is not None and (change.type != CLIENT or _takes_client_credentials(values)):
            found[PRICES[change.type][0]] += 1
    return found


def _takes_client_credentials(values: Mapping[str, Any]) -> bool:
    flows = values.get("allowed_oauth_flows")
    return isinstance(flows, (list, tuple)) and "client_credentials" in flows


def _dollars(billed: Counter[str]) -> str:
    return f"${sum(billed[what] * cents for what, cents in PRICES.values()) / 100:.2f}"
