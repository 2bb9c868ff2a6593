"""The review as SARIF 2.1.0, for code scanning.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from orchestration.review.declared import Place, Places, nowhere
from orchestration.review.engine import Review
from orchestration.review.findings import Finding, Rule, Severity
from orchestration.review.registry import RULES
from orchestration.review.render import encodable
from orchestration.review.values import plain
from orchestration.review.waivers import Waiver

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {Severity.LOW: "note", Severity.MEDIUM: "warning", Severity.HIGH: "error", Severity.CRITICAL: "error"}
# What code scanning sorts by, 0.0-10.0.
SCORES = {Severity.LOW: "3.0", Severity.MEDIUM: "5.5", Severity.HIGH: "8.0", Severity.CRITICAL: "9.5"}
INDEX = {rule.id: number for number, rule in enumerate(RULES)}


def to_sarif(review: Review, places: Places = nowhere) -> str:
    """`places` tells where a finding's address is declared."""
    run = {
        "tool": {"driver": {"name": "agentcore-inbound-auth plan review", "rules": [_rule(rule) for rule in RULES]}},
        "columnKind": "unicodeCodePoints",
        "results": [
            *(_result(finding, None, places(finding)) for finding in review.findings),
            *(_result(finding, waiver, places(finding)) for finding, waiver in review.waived),
        ],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return encodable(json.dumps(log, indent=2, ensure_ascii=False) + "\n")


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "help": {"text": rule.remedy},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {"security-severity": SCORES[rule.severity], "tags": ["security"]},
    }


def _result(finding: Finding, waiver: Waiver | None, place: Place) -> dict[str, Any]:
    # Without the reason for the finding, whose wording may change while the finding stays the same.
    print_of = hashlib.sha256(f"{finding.rule}\0{finding.address}".encode("utf-8", "replace")).hexdigest()
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": INDEX[finding.rule],
        "level": LEVELS[finding.severity],
        "message": {"text": plain(f"{finding.address}: {finding.why}. Remedy: {finding.remedy}")},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": place[0]}, "region": {"startLine": place[1]}},
                "logicalLocations": [{"fullyQualifiedName": plain(finding.address), "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"ruleAndAddress/v1": print_of},
    }
    if waiver is not None:
        why = f"{waiver.reason} ({waiver.owner}, until {waiver.expires.isoformat()})"
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why}]
    return result
