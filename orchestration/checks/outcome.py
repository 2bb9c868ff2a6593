"""What is put to the test, and what became of one case."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from orchestration.checks.callers import Caller
from orchestration.checks.case import Case, Door, Verdict
from orchestration.checks.kit import Kit
from orchestration.checks.request import Reply, Request, Sender


class Canaries(Protocol):
    """Tells which calls reached the agent."""

    def seen(self, sent: Collection[str], expected: Collection[str]) -> set[str]:
        """Those of `sent` that an agent noted. Waits a bounded time for the `expected`; the others are in by then."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is put to the test."""

    doors: Mapping[Door, str]
    """Runtime ARNs, and the gateway's URL. A case whose door is not among them is skipped."""
    kit: Kit
    sender: Sender
    canaries: Canaries | None
    """None: nobody can tell what reached the agent."""
    local: bool
    excluded: Mapping[Caller, str]
    """Callers whom the main door keeps out by what it asks for, and what that is."""
    foreign: bool = False
    """A runtime that this project did not make: any answer of its agent is an answer."""
    gateway_sender: Sender | None = None
    """Where the gateway is called; None where there is none. On AWS each gateway has a host of its own."""

    def sender_of(self, door: Door) -> Sender:
        return self.gateway_sender if door is Door.GATEWAY and self.gateway_sender else self.sender


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it went out, in memory alone: its headers hold tokens, and repr does not show them."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body_bytes: int

    def __repr__(self) -> str:
        return f"Sent({self.method})"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A case's own call and its answer, in memory alone, for whoever explains it."""

    runtime_arn: str
    request: Request
    reply: Reply


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case. `elapsed_ms` covers its own call alone, not getting tokens nor what came before."""

    case: Case
    verdict: Verdict | None
    """None: skipped."""
    status: int | None
    reason: str
    elapsed_ms: float | None
    ok: bool
    """False for what was skipped, too."""
    canary: str = ""
    reached: bool | None = None
    """Whether the agent noted the call; None: not looked at."""
    skipped: str | None = None
    """Why the case did not run."""
    explanation: str | None = None
    sent: tuple[Sent, ...] = ()
    exchange: Exchange | None = None
