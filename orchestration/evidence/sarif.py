"""The wrong verdicts and the altered doors as SARIF 2.1.0 (OASIS). Nothing wrong: no result."""

from __future__ import annotations

import hashlib
from typing import Any

from orchestration.evidence import controls
from orchestration.evidence.matrix import Mark, Matrix, Row

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
TOOL = "agentcore-inbound-auth"
ALTERED = "door-as-asked"


def document(matrix: Matrix, taken: str, result_json: str) -> dict[str, Any]:
    """failures.sarif. `result_json` is the text of result.json, whose lines the results point at."""
    wrong = matrix.marked(Mark.WRONG)
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": TOOL, "rules": [*map(_rule, wrong), *_altered_rule(matrix)]}},
                "automationDetails": {"id": f"smoke/{matrix.target}-{matrix.environment}/"},
                "invocations": [{"executionSuccessful": True, "endTimeUtc": taken}],
                "results": [
                    *(_result(row, index, matrix, result_json) for index, row in enumerate(wrong)),
                    *(_altered(name, len(wrong), matrix, result_json) for name in matrix.altered_later),
                ],
            }
        ],
    }


def _rule(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "shortDescription": {"text": f"{row.title}: must be {row.expected}"},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["security", *row.tags], "controls": controls.of(row)},
    }


def _result(row: Row, index: int, matrix: Matrix, result_json: str) -> dict[str, Any]:
    said = f" {row.explanation}" if row.explanation else ""
    reached = " The agent was reached." if row.wrongly_reached else ""
    got = f"expected {row.expected}, got {row.got} ({row.status or 'no status'})."
    text = f"{row.title}: {got}{reached} {row.reason}{said}".strip()
    return _failure(row.id, index, text, row.door, matrix, _line(f'"id": "{row.id}",', result_json))


def _altered_rule(matrix: Matrix) -> list[dict[str, Any]]:
    if not matrix.altered_later:
        return []
    return [
        {
            "id": ALTERED,
            "shortDescription": {"text": "each door must be as it was asked for"},
            "defaultConfiguration": {"level": "error"},
            "properties": {"tags": ["security"], "controls": [control.id for control in controls.CONTROLS]},
        }
    ]


def _altered(name: str, index: int, matrix: Matrix, result_json: str) -> dict[str, Any]:
    text = f"door {name} is not as asked for: environment.json has it as read back"
    return _failure(ALTERED, index, text, name, matrix, _line('"ok": false,', result_json))


def _failure(rule: str, index: int, text: str, door: str, matrix: Matrix, line: int) -> dict[str, Any]:
    identity = "\0".join((matrix.target, matrix.environment, door, rule))
    return {
        "ruleId": rule,
        "ruleIndex": index,
        "level": "error",
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "result.json"},
                    "region": {"startLine": line},
                },
                "logicalLocations": [{"name": door, "fullyQualifiedName": matrix.runtime_arn, "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"case/v1": hashlib.sha256(identity.encode()).hexdigest()},
    }


def _line(text: str, result_json: str) -> int:
    """The first line that says so, counted from 1."""
    return next(n for n, line in enumerate(result_json.splitlines(), 1) if line.strip() == text)
