"""The matrix as JUnit XML, for whatever collects test results."""

from __future__ import annotations

import io
import re

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from orchestration.evidence.matrix import Mark, Matrix, Row

# What XML 1.0 cannot carry, not even escaped (W3C XML 1.0, 2.2 Char).
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(matrix: Matrix, taken: str) -> bytes:
    """One suite a door, one test a case. A caller wrongly let in or kept out is a failure, no verdict an error."""
    xml = JUnitXml(f"smoke-{matrix.target}-{matrix.environment}")
    for door, rows in matrix.doors.items():
        suite = TestSuite(xml_text(door))
        suite.timestamp = taken.rstrip("Z")
        suite.hostname = "localhost" if matrix.target == "local" else matrix.target
        suite.add_testcases([_case(row) for row in rows])
        xml.add_testsuite(suite)
    xml.update_statistics()  # type: ignore[no-untyped-call]
    out = io.BytesIO()
    xml.write(out, pretty=True)
    return out.getvalue()


def _case(row: Row) -> TestCase:
    case = TestCase(xml_text(row.id), classname=xml_text(f"smoke.{row.door}"), time=(row.elapsed_ms or 0.0) / 1000)
    words = xml_text(row.words)
    if row.mark is Mark.SKIPPED:
        case.result = [Skipped(words)]
    elif row.mark is Mark.WRONG:
        kind = Error if row.got == "broken" else Failure
        result = kind(xml_text(f"{row.title}: expected {row.expected}, got {row.got}"), row.got)
        result.text = "\n".join(part for part in (words, xml_text(row.explanation or "")) if part)
        case.result = [result]
    return case


def xml_text(text: str) -> str:
    """The text with U+FFFD for each character that would make the file no XML."""
    return NOT_XML.sub("\ufffd", text)
