"""The matrix as JUnit XML as pytest writes it (Jenkins xunit plugin, junit-10.xsd), for whatever collects results."""

from __future__ import annotations

import io

from junitparser import Error, Failure, Skipped
from junitparser.xunit2 import JUnitXml, TestCase, TestSuite

from orchestration.evidence.matrix import Mark, Matrix, Row


def document(matrix: Matrix, taken: str) -> bytes:
    """One suite a door, one test a case. A caller wrongly let in or kept out is a failure, no verdict an error."""
    xml = JUnitXml(f"smoke-{matrix.target}-{matrix.environment}")
    for door in dict.fromkeys([*matrix.doors, *matrix.altered]):
        suite = TestSuite(door)  # type: ignore[no-untyped-call]
        suite.timestamp = taken.rstrip("Z")
        suite.hostname = "localhost" if matrix.target == "local" else matrix.target
        suite.add_testcases([_case(row) for row in matrix.doors.get(door, [])])
        if door in matrix.altered_later:
            suite.add_testcase(_altered(door))
        xml.add_testsuite(suite)
    xml.update_statistics()  # type: ignore[no-untyped-call]
    out = io.BytesIO()
    xml.write(out, pretty=True)
    return out.getvalue()


def _altered(door: str) -> TestCase:
    case = TestCase("as-asked", classname=f"smoke.{door}", time=0.0)
    case.result = [Failure(f"door {door} is not as asked for: environment.json has it as read back", "altered")]
    return case


def _case(row: Row) -> TestCase:
    case = TestCase(row.id, classname=f"smoke.{row.door}", time=(row.elapsed_ms or 0.0) / 1000)
    words = row.words
    if row.mark is Mark.SKIPPED:
        case.result = [Skipped(words)]
    elif row.mark is Mark.WRONG:
        kind = Error if row.got == "broken" else Failure
        result = kind(f"{row.title}: expected {row.expected}, got {row.got}", row.got)
        result.text = "\n".join(part for part in (words, row.explanation) if part)
        case.result = [result]
    return case
