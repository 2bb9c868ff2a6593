"""What was found, and the looking itself: all checks side by side, none beyond its deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from orchestration.clock import Clock
from orchestration.errors import OrchestrationError, of_system

SCHEMA_VERSION = 1
# An answer within five seconds of the start of the command, the interpreter's own start included; within ten on a
# machine where that start alone takes longer than SLOW_START_S, since every check takes longer there too.
TOTAL_S, SLOW_START_S, SLOW_TOTAL_S, LEAST_S = 4.5, 1.5, 9.5, 2.0


class Severity(StrEnum):
    """How bad it is."""

    OK = "ok"
    NOT_ASKED = "not_asked"
    WARNS = "warns"
    """Worth knowing; commands run nevertheless, or `make up` mends it."""
    BLOCKS = "blocks"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. `code` and `remedy` are those of the error with which a command would end; empty where all is well."""

    severity: Severity
    message: str
    code: str = ""
    remedy: str = ""
    check: str = ""

    def document(self) -> dict[str, str]:
        return {
            "check": self.check,
            "severity": self.severity.value,
            "code": self.code,
            "message": self.message,
            "remedy": self.remedy,
        }


def fine(message: str) -> Finding:
    return Finding(Severity.OK, message)


def not_asked(why: str) -> Finding:
    return Finding(Severity.NOT_ASKED, why)


def said(error: OrchestrationError, severity: Severity = Severity.BLOCKS) -> Finding:
    """What a command would end with."""
    return Finding(severity, error.message, error.code, error.remedy)


def warning(code: str, message: str, remedy: str) -> Finding:
    return Finding(Severity.WARNS, message, code, remedy)


@dataclass(frozen=True, slots=True)
class Check:
    """`look` raises the error that a command would raise, or yields what it found."""

    name: str
    look: Callable[[], Iterable[Finding]]
    echoes: bool = False
    """What goes wrong in it, other checks say too, by the same code; then theirs stands alone."""
    cheap: bool = False
    """It asks nobody but this machine's own files and processes: looked at first, and whatever the deadline is."""
    vital: bool = False
    """Where it is not known, nothing is: late, it blocks."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All findings, in the order of the checks."""

    findings: tuple[Finding, ...]

    @property
    def blocked(self) -> bool:
        return any(found.severity is Severity.BLOCKS for found in self.findings)

    @property
    def troubles(self) -> tuple[Finding, ...]:
        return tuple(found for found in self.findings if found.severity in (Severity.WARNS, Severity.BLOCKS))

    def document(self) -> dict[str, Any]:
        """docs/schemas/doctor.schema.json."""
        return {
            "schema_version": SCHEMA_VERSION,
            "blocked": self.blocked,
            "findings": [found.document() for found in self.findings],
        }


def budget_s(spent_s: float) -> float:
    """Seconds for all that is not cheap, of a command that runs for that long already."""
    return max(LEAST_S, (TOTAL_S if spent_s <= SLOW_START_S else SLOW_TOTAL_S) - spent_s)


def examine(checks: Sequence[Check], clock: Clock, deadline_s: float = TOTAL_S) -> Diagnosis:
    """Look at what is cheap, one after the other, then at all else at once until the deadline.

    What has not answered by then is told by its names; its threads are left behind.
    """
    answers: dict[str, tuple[Finding, ...] | Exception] = {}
    started = clock.monotonic()
    for check in checks:
        if check.cheap:
            _look(check, answers)
    # On a busy machine the cheap ones may have used the time up, which is no reason not to look at the others.
    deadline = max(started + deadline_s, clock.monotonic() + min(deadline_s, LEAST_S))
    threads = [
        threading.Thread(target=_look, args=(check, answers), daemon=True) for check in checks if not check.cheap
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - clock.monotonic()))
    answered = dict(answers)
    found = [
        (check, replace(finding, check=check.name))
        for check in checks
        if check.name in answered
        for finding in _said(answered[check.name])
    ]
    late = [check for check in checks if check.name not in answered]
    return Diagnosis((*_once(found), *_late(late, deadline_s)))


def _once(found: Sequence[tuple[Check, Finding]]) -> Iterator[Finding]:
    """Without repetitions: several commands, and so several checks, fail for one reason."""
    own = {finding.code for check, finding in found if not check.echoes}
    lines = set()
    for check, finding in found:
        if finding.code and ((finding.code, finding.message) in lines or (check.echoes and finding.code in own)):
            continue
        lines.add((finding.code, finding.message))
        own.add(finding.code)
        yield finding


def _said(answer: tuple[Finding, ...] | Exception) -> tuple[Finding, ...]:
    if isinstance(answer, Exception):
        raise answer
    return answer


def _look(check: Check, answers: dict[str, tuple[Finding, ...] | Exception]) -> None:
    found: list[Finding] = []
    try:
        found.extend(check.look())
    except OrchestrationError as e:
        found.append(said(e))
    except OSError as e:
        found.append(said(of_system(e)))
    except Exception as e:  # a fault of ours: told by the thread that waits
        answers[check.name] = e
        return
    answers[check.name] = tuple(found)


def _late(late: Sequence[Check], deadline_s: float) -> Iterator[Finding]:
    """Not to know is no defect, on a slow machine several checks wait for the same answer: but it is not to be well."""
    remedy = "look at the network and the load of this machine, then run `invoke doctor` again"
    for vital, what in ((True, "unknown, since not looked at"), (False, "not looked at")):
        if names := [check.name for check in late if check.vital is vital]:
            told = warning("check_timed_out", f"{what} within {deadline_s:.1f} s: {', '.join(names)}", remedy)
            yield replace(told, severity=Severity.BLOCKS if vital else told.severity, check="deadline")
