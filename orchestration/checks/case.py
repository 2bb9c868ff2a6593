"""What a case of the smoke matrix is: one caller, one change to a good call, one expected end; and who judges it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from orchestration.checks.callers import Caller
from orchestration.checks.draft import Change
from orchestration.checks.request import Reply, answer_text, refusal_text


class Verdict(StrEnum):
    """What happened to the caller, whatever the agent answered."""

    ADMITTED = "admitted"
    REFUSED = "refused"
    BROKEN = "broken"
    """Neither: no answer, or one that says nothing about the caller, such as 404 or 500 where neither is expected."""
    AS_ASKED = "as asked"
    """Of a door's configuration, which is read and not called."""
    DIFFERS = "differs"


class Door(StrEnum):
    """The runtimes that are called, by what their authorizer asks for."""

    MAIN = "main"
    """The deployment's own."""
    SCOPE = "scope"
    """Clients and a scope."""
    GROUP = "group"
    """Clients and membership of a group."""
    AUDIENCE = "audience"
    """The audience of an ID token."""
    IAM = "iam"
    """No authorizer: signed calls only."""
    GATEWAY = "gateway"
    """No runtime but the gateway of the agent's tools: clients and a scope."""


@dataclass(frozen=True, slots=True)
class Family:
    """Statuses and words (a case-insensitive pattern; empty: any) that an end may have. Sources: cases/families.py."""

    statuses: frozenset[int]
    words: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """`title` says the one thing in which the call differs from a good one; `cause` is the slug of what refuses it."""

    id: str
    title: str
    caller: Caller
    change: Change
    verdict: Verdict
    family: Family
    cause: str = ""
    door: Door = Door.MAIN
    tags: frozenset[str] = frozenset()
    reached: bool = False
    """Whether the call must arrive at the agent."""
    through: bool = False
    """Whether the agent must ask the gateway for it; then the call's canary is its trace id too (draft.traced)."""
    opener: Caller | None = None
    """Who calls first, within the same session; must be admitted."""
    only_locally: str = ""
    """Why the case is skipped on AWS; empty: it runs there too."""

    @property
    def credential(self) -> str:
        """How the credential came about, for people."""
        return f"{self.caller.value}; {self.title}"


def judge(
    case: Case, reply: Reply, masked: Callable[[str], str] = str, *, any_answer: bool = False
) -> tuple[Verdict, str, bool]:
    """(verdict, reason to show, as expected). `masked` takes credentials out of what an agent echoes.

    `any_answer`: the agent is not ours, so its answers have any shape.
    """
    verdict = _verdict(case, reply, any_answer)
    reason = masked(answer_text(reply.body) if verdict is Verdict.ADMITTED else refusal_text(reply))
    if verdict is not case.verdict:
        return verdict, reason or f"HTTP {reply.status}", False
    if reply.status not in case.family.statuses:
        return verdict, f"HTTP {reply.status} instead of {sorted(case.family.statuses)}: {reason}", False
    if case.family.words and not re.search(case.family.words, f"{reply.error_type} {reply.body}", re.I):
        return verdict, f"{verdict.value}, but not with the expected words: {reason}", False
    return verdict, reason, True


def _verdict(case: Case, reply: Reply, any_answer: bool) -> Verdict:
    """401 and 403 always refuse; other client errors only where the case expects that one."""
    expected = case.family.statuses if case.verdict is Verdict.REFUSED else frozenset()
    if reply.status in (401, 403) or (400 <= reply.status < 500 and reply.status in expected):
        return Verdict.REFUSED
    if reply.status == 200 and (answer_text(reply.body) or any_answer):
        return Verdict.ADMITTED
    return Verdict.BROKEN
