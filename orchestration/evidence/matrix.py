"""The smoke document as rows, the one reading that every writer of the folder shares."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from orchestration.errors import BadInput
from orchestration.evidence import schemas
from orchestration.evidence.inputs import Door

# Control characters, halves of characters, what has no width or turns the direction of text, and what XML 1.0 cannot
# carry: in a report these can only mislead. result.json keeps them, as escapes.
UNREADABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)


class Mark(StrEnum):
    """How a case counts. The words are shown, so that colour is never the only sign."""

    AS_EXPECTED = "as expected"
    WRONG = "WRONG"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Row:
    """One case. `reached`: whether the agent saw the call; None where nobody looked. `skipped`: why, or None."""

    id: str
    title: str
    door: str
    credential: str
    tags: tuple[str, ...]
    expected: str
    got: str | None
    status: int | None
    reason: str
    elapsed_ms: float | None
    ok: bool
    expected_reached: bool
    reached: bool | None
    skipped: str | None
    explanation: str | None

    @property
    def mark(self) -> Mark:
        if self.skipped is not None:
            return Mark.SKIPPED
        return Mark.AS_EXPECTED if self.ok else Mark.WRONG

    @property
    def differs(self) -> bool:
        """The door's live configuration is not the one that was asked for."""
        return self.got == "differs"

    @property
    def wrongly_reached(self) -> bool:
        """The agent saw a call that had to be stopped before it."""
        return self.reached is True and not self.expected_reached

    @property
    def words(self) -> str:
        """What is said about the outcome: why it was skipped, or what came back."""
        return self.reason if self.skipped is None else self.skipped


@dataclass(frozen=True, slots=True)
class Matrix:
    """One run. `altered`: the doors that were read back not as they were asked for."""

    target: str
    environment: str
    runtime_arn: str
    elapsed_s: float
    rows: tuple[Row, ...]
    altered: tuple[str, ...] = ()

    def marked(self, mark: Mark) -> list[Row]:
        return [row for row in self.rows if row.mark is mark]

    @property
    def ok(self) -> bool:
        """Verdicts as expected at doors as asked for: right answers of another door prove nothing about this one."""
        return not self.altered and self.verdicts_ok

    @property
    def altered_later(self) -> list[str]:
        """The altered doors of which no case tells."""
        return [name for name in self.altered if not any(row.differs for row in self.doors.get(name, []))]

    @property
    def verdicts_ok(self) -> bool:
        return not self.marked(Mark.WRONG) and bool(self.marked(Mark.AS_EXPECTED))

    @property
    def doors(self) -> dict[str, list[Row]]:
        """{door: rows}, in the order of the run."""
        doors: dict[str, list[Row]] = {}
        for row in self.rows:
            doors.setdefault(row.door, []).append(row)
        return doors

    @property
    def headline(self) -> str:
        """ "47 of 48 verdicts as expected, 1 wrong, 2 skipped"; skipped cases are in neither number."""
        right, wrong, skipped = (len(self.marked(mark)) for mark in Mark)
        text = f"{right} of {right + wrong} verdicts as expected"
        text += f", {wrong} wrong" if wrong else ""
        text += f", {skipped} skipped" if skipped else ""
        altered = ", ".join(f"door {name}" for name in self.altered)
        return text + (f"; NOT as asked for: {altered}" if altered else "")


def read(document: Mapping[str, Any], doors: Sequence[Door] = ()) -> Matrix:
    """Parse the document of `smoke-test --json`; `doors` are those that were called, as read back.

    Raises BadInput when its shape or its sums are wrong.
    """
    schemas.check("result", document)
    rows = tuple(_row(case) for case in document["cases"])
    matrix = Matrix(
        document["target"],
        document["environment"],
        readable(document["runtime_arn"]),
        document["elapsed_s"],
        rows,
        _altered(rows, doors),
    )
    if wrong := _wrong_sums(document, matrix):
        raise BadInput(
            f"the result document contradicts its own cases in: {', '.join(wrong)}",
            remedy="run `invoke evidence` again; if it stays so, compare orchestration/report.py with its schema",
            code="evidence_sums",
        )
    return matrix


def _altered(rows: Sequence[Row], doors: Sequence[Door]) -> tuple[str, ...]:
    """By the run's own reading, or by the one after it: a door may have been altered in between."""
    later = [readable(door.name) for door in doors if door.as_asked is False]
    return tuple(dict.fromkeys([*(row.door for row in rows if row.differs), *later]))


def _row(case: Mapping[str, Any]) -> Row:
    shown: dict[str, Any] = {name: readable(value) if isinstance(value, str) else value for name, value in case.items()}
    return Row(**{**shown, "tags": tuple(readable(tag) for tag in case["tags"])})


def readable(text: str) -> str:
    """The text with U+FFFD for each character that no reader could see for what it is."""
    return UNREADABLE.sub("\ufffd", text)


def _wrong_sums(document: Mapping[str, Any], matrix: Matrix) -> list[str]:
    """Names of what the cases do not bear out: "ok" above a wrong verdict would be worse than no evidence."""
    truth: Mapping[str, object] = {
        "ok": matrix.verdicts_ok,
        "passed": len(matrix.marked(Mark.AS_EXPECTED)),
        "failed": _ids(matrix.marked(Mark.WRONG)),
        "skipped": _ids(matrix.marked(Mark.SKIPPED)),
    }
    wrong = [name for name, value in truth.items() if document[name] != value]
    if len(set(_ids(matrix.rows))) != len(matrix.rows):
        wrong.append("cases (an id twice)")
    if any(row.ok and row.got != row.expected for row in matrix.rows):
        wrong.append("cases (ok beside another verdict)")
    if any(row.ok and row.reached not in (row.expected_reached, None) for row in matrix.rows):
        wrong.append("cases (ok though the agent was reached, or was not)")
    if any(row.ok and row.skipped is not None for row in matrix.rows):
        wrong.append("cases (ok beside skipped)")
    return wrong


def _ids(rows: Sequence[Row]) -> list[str]:
    return [row.id for row in rows]
