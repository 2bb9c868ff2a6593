"""The run on one page of Markdown."""

from __future__ import annotations

import re
from typing import Any

from orchestration.evidence.inputs import EvidenceInputs
from orchestration.evidence.matrix import Mark, Matrix, Row

SIGNS = {Mark.AS_EXPECTED: "✓", Mark.WRONG: "✗", Mark.SKIPPED: "–"}
# What makes markup inside a line, and what makes a bare address a link (GitHub Flavored Markdown, 6.9).
MARKUP = re.compile(r"([\\`*_\[\]<>|!&@:~#$]|(?<=www)\.)", re.I)
REASON_CHARACTERS = 160


def document(matrix: Matrix, inputs: EvidenceInputs, controls: dict[str, Any]) -> str:
    """summary.md. Texts of strangers are escaped: they cannot make links, images, HTML or table cells."""
    return "\n".join(
        [
            f"# Inbound auth of {text(matrix.target)}-{text(matrix.environment)}: {matrix.headline}",
            "",
            f"Taken {inputs.taken} in {matrix.elapsed_s:.1f} s. Runtime `{code(matrix.runtime_arn)}`.",
            *local_note(matrix.target),
            *_altered(matrix),
            "",
            "| | case | door | expected | got | status | agent reached | ms | reason |",
            "|---|---|---|---|---|---|---|---|---|",
            *(_line(row) for row in matrix.rows),
            "",
            "| control | shown by | as expected | wrong | skipped |",
            "|---|---|---|---|---|",
            *(_control(entry) for entry in controls["controls"]),
            "",
        ]
    )


def local_note(target: str) -> list[str]:
    """What a reader must know of evidence that was not taken on AWS."""
    if target != "local":
        return []
    return [
        "",
        "Taken on the local target: processes on one machine played Cognito, IAM and the runtime. "
        "It shows the configuration and the checks at work, not AWS.",
    ]


def _altered(matrix: Matrix) -> list[str]:
    if not matrix.altered:
        return []
    doors = ", ".join(text(name) for name in matrix.altered)
    return ["", f"**✗ NOT as asked for: {doors}.** Somebody changed what is live, so no control is met."]


def reached(row: Row) -> str:
    """Whether the agent saw the call, in words."""
    return {True: "yes", False: "no", None: "not looked"}[row.reached]


def text(value: str) -> str:
    """One line of plain text inside Markdown."""
    return MARKUP.sub(r"\\\1", " ".join(value.split()))


def code(value: str) -> str:
    """Inside a code span, where only a backtick ends it and a pipe a cell."""
    return " ".join(value.split()).replace("`", "'").replace("|", "/")


def _line(row: Row) -> str:
    words = row.words if len(row.words) <= REASON_CHARACTERS else f"{row.words[:REASON_CHARACTERS]} ..."
    cells = [
        f"{SIGNS[row.mark]} {row.mark}",
        f"`{code(row.id)}`",
        text(row.door),
        row.expected,
        row.got or "–",
        str(row.status or "–"),
        reached(row),
        "–" if row.elapsed_ms is None else f"{row.elapsed_ms:.0f}",
        text(words),
    ]
    return f"| {' | '.join(cells)} |"


def _control(entry: dict[str, Any]) -> str:
    numbers = " | ".join(str(len(entry[name])) for name in ("as_expected", "wrong", "skipped"))
    return f"| {entry['id']} | {entry['title']} | {numbers} |"
