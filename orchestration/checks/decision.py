"""What the project's own decision function says about one credential, as agentcore_local.decide prints it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OK, FAILED, NOT_CHECKED = "ok", "failed", "not_checked"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its verdict, what was seen and what is wanted. Holds no part of a token."""

    rule: str
    verdict: str
    wanted: str
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """`decision` is allow, deny, or unknown where it takes more than the header. `status` is the predicted answer's."""

    door: str
    decision: str
    reason: str | None
    status: int | None
    verified: bool
    rules: tuple[Rule, ...]

    def rule(self, name: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.rule == name), None)

    @property
    def first_failure(self) -> Rule | None:
        return next((rule for rule in self.rules if rule.verdict == FAILED), None)


def parse_decision(document: Mapping[str, Any]) -> Decision:
    """Read one answer of agentcore_local.decide. Raises KeyError or TypeError for another form."""
    rules = tuple(Rule(r["rule"], r["verdict"], r["wanted"], r.get("seen", "")) for r in document["rules"])
    return Decision(
        door=document["door"],
        decision=document["decision"],
        reason=document["reason"],
        status=document["status"],
        verified=document["verified"],
        rules=rules,
    )
