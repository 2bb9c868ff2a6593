"""Which control a case gives evidence for. The wording is ours; the standards' own texts rule.

Sources: AICPA Trust Services Criteria 2017 (points of focus 2022), CC6; NIST SP 800-53 Rev. 5, AC-3, IA-2, IA-5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orchestration.evidence.matrix import Mark, Matrix, Row


@dataclass(frozen=True, slots=True)
class Control:
    """`tags`: a case with one of them counts; None: every case is a decision on access, so each counts."""

    id: str
    title: str
    shows: str
    tags: frozenset[str] | None

    def covers(self, row: Row) -> bool:
        return self.tags is None or not self.tags.isdisjoint(row.tags)


IDENTITY = frozenset(
    {"credential", "scheme", "signature", "algorithm", "key", "issuer", "token-use", "person", "machine"}
)
LIFETIME = frozenset({"time", "key", "algorithm", "signature", "token-use"})
BOUNDARY = frozenset({"credential", "scheme", "transport", "routing", "client", "issuer", "sigv4", "signature"})

CONTROLS: tuple[Control, ...] = (
    Control(
        "SOC 2 CC6.1",
        "Logical access security",
        "Only callers that the deployed authorizer names get an answer of the agent; every other is refused.",
        None,
    ),
    Control(
        "SOC 2 CC6.6",
        "Threats from outside the boundary",
        "Callers from outside (no credential, foreign issuer or client, malformed request) are stopped at the door.",
        BOUNDARY,
    ),
    Control(
        "NIST 800-53 AC-3",
        "Access enforcement",
        "The approved authorizations are enforced for each call: client, scope, group, audience, session.",
        None,
    ),
    Control(
        "NIST 800-53 IA-2",
        "Identification and authentication",
        "A caller is identified by a token that the identity provider signed, and by nothing else.",
        IDENTITY,
    ),
    Control(
        "NIST 800-53 IA-5",
        "Authenticator management",
        "Expired, not yet valid, altered or differently keyed authenticators and other kinds of token do not work.",
        LIFETIME,
    ),
)


def of(row: Row) -> list[str]:
    """Ids of the controls that a case gives evidence for."""
    return [control.id for control in CONTROLS if control.covers(row)]


def document(matrix: Matrix) -> dict[str, Any]:
    """controls.json: for each control its cases by outcome. `met` is null without a case that ran.

    No control is met at a door that is not as asked for: whoever altered it may have let in others than the cases'.
    """
    return {
        "schema_version": 1,
        "doors_not_as_asked": list(matrix.altered),
        "controls": [_entry(control, matrix) for control in CONTROLS],
    }


def _entry(control: Control, matrix: Matrix) -> dict[str, Any]:
    cases = {mark: [row.id for row in matrix.marked(mark) if control.covers(row)] for mark in Mark}
    ran = bool(cases[Mark.AS_EXPECTED] or cases[Mark.WRONG])
    return {
        "id": control.id,
        "title": control.title,
        "shows": control.shows,
        "met": not (cases[Mark.WRONG] or matrix.altered) if ran else None,
        "as_expected": cases[Mark.AS_EXPECTED],
        "wrong": cases[Mark.WRONG],
        "skipped": cases[Mark.SKIPPED],
    }
