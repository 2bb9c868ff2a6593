"""The wrong verdicts as SARIF 2.1.0 (OASIS). No wrong verdict: no result."""

from __future__ import annotations

import hashlib
from typing import Any

from orchestration.evidence import controls
from orchestration.evidence.matrix import Mark, Matrix, Row

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
TOOL = "agentcore-inbound-auth"


def document(matrix: Matrix, taken: str, result_json: str) -> dict[str, Any]:
    """failures.sarif. `result_json` is the text of result.json, whose lines the results point at."""
    wrong = matrix.marked(Mark.WRONG)
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": TOOL, "rules": [_rule(row) for row in wrong]}},
                "automationDetails": {"id": f"smoke/{matrix.target}-{matrix.environment}/"},
                "invocations": [{"executionSuccessful": True, "endTimeUtc": taken}],
                "results": [_result(row, index, matrix, result_json) for index, row in enumerate(wrong)],
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
    text = f"{row.title}: {got}{reached} {row.reason}{said}"
    identity = "\0".join((matrix.target, matrix.environment, row.door, row.id))
    return {
        "ruleId": row.id,
        "ruleIndex": index,
        "level": "error",
        "message": {"text": text.strip()},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "result.json"},
                    "region": {"startLine": _line(row, result_json)},
                },
                "logicalLocations": [{"name": row.door, "fullyQualifiedName": matrix.runtime_arn, "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"case/v1": hashlib.sha256(identity.encode()).hexdigest()},
    }


def _line(row: Row, result_json: str) -> int:
    """The line of the case's id, counted from 1."""
    return next(n for n, line in enumerate(result_json.splitlines(), 1) if line.strip() == f'"id": "{row.id}",')
