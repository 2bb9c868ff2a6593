"""From a plan to a review: every rule asked, waivers laid over, everything in a fixed order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from orchestration.review import rules_change
from orchestration.review.digest import digest
from orchestration.review.door import door_of_configuration
from orchestration.review.findings import Finding, Rule, Severity
from orchestration.review.plan import Plan, parse_plan
from orchestration.review.reading import read
from orchestration.review.registry import BY_ID, RULES
from orchestration.review.rules_door import door_hits
from orchestration.review.summary import Summary, summarize
from orchestration.review.waivers import Waiver, place_of, refuse_untimely

MODULES_ROOT = "terraform"
TOLD = frozenset({"AIA100", *(rule.id for rule in rules_change.RULES)})
# The calls that an address begins with; keys of for_each may hold dots.
MODULE = re.compile(r'(?:^|\.)module\.([\w-]+)(?:\[(?:\d+|"(?:[^"\\]|\\.)*")\])?')


@dataclass(frozen=True, slots=True)
class Review:
    """What a reviewer is shown. `unused` are waivers that answer for nothing in this plan.

    `digest` is of all that the plan applies, shown or not.
    """

    findings: tuple[Finding, ...]
    waived: tuple[tuple[Finding, Waiver], ...]
    unused: tuple[Waiver, ...]
    summary: Summary
    environment: str | None
    digest: str

    @property
    def worst(self) -> Severity | None:
        return max((finding.severity for finding in self.findings), default=None)

    def above(self, max_risk: Severity) -> tuple[Finding, ...]:
        """The findings that a gate at `max_risk` refuses: those that are worse."""
        return tuple(finding for finding in self.findings if finding.severity > max_risk)


def review(plan: Mapping[str, Any], *, waivers: Iterable[Waiver] = (), today: date) -> Review:
    """Review the document of `terraform show -json`. Raises BadInput for a broken one, GateRefused for late waivers."""
    given = tuple(waivers)
    refuse_untimely(given, today)
    parsed = parse_plan(plan)
    reading = read(parsed)
    found = sorted({_finding(rule, hit, parsed) for rule in RULES for hit in rule.check(reading)}, key=_place)
    answered = {waiver.place: waiver for waiver in given}
    waived = tuple((f, answered[place_of(f)]) for f in found if place_of(f) in answered)
    used = {waiver.place for _, waiver in waived}
    open_ = tuple(f for f in found if place_of(f) not in answered)
    return Review(
        findings=open_,
        waived=waived,
        unused=tuple(w for w in given if w.place not in used),
        summary=summarize(reading, tuple(_grave(open_)), spoken=any(f.severity > Severity.LOW for f in found)),
        environment=parsed.environment,
        digest=digest(plan),
    )


def review_authorizer(configuration: Mapping[str, Any] | None, *, address: str) -> tuple[Finding, ...]:
    """The door's rules over an authorizerConfiguration that is about to be sent, or was read back."""
    hits = door_hits(address, door_of_configuration(configuration))
    return tuple(sorted((_finding(BY_ID[rule], hit, None) for rule, hit in hits), key=_place))


def _finding(rule: Rule, hit: tuple[str, str], plan: Plan | None) -> Finding:
    address, why = hit
    severity = rule.production if plan and plan.production and rule.production else rule.severity
    return Finding(rule.id, address, severity, rule.title, why, rule.remedy, location(address, plan))


def location(address: str, plan: Plan | None) -> str:
    """The file to open: the module's main.tf, the root's where the module is not a folder of this repository."""
    calls = ".".join(f"module.{name}" for name in MODULE.findall(address))
    source = plan.sources.get(calls) if plan else None
    return f"{MODULES_ROOT}/{source}/main.tf" if source else f"{MODULES_ROOT}/main.tf"


def _grave(findings: Iterable[Finding]) -> Iterator[str]:
    """One sentence for each rule above medium whose findings the summary does not tell by itself."""
    grave = [f for f in findings if f.severity > Severity.MEDIUM and f.rule not in TOLD]
    for rule in dict.fromkeys(f.rule for f in grave):
        addresses = list(dict.fromkeys(f.address for f in grave if f.rule == rule))
        rest = f" and {len(addresses) - 1} more" if len(addresses) > 1 else ""
        yield f"{BY_ID[rule].title} ({rule}): {addresses[0]}{rest}"


def _place(finding: Finding) -> tuple[int, str, str, str]:
    return finding.place
