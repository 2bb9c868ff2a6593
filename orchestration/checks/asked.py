"""The rules about a request that are not about its credential: headers, route, qualifier, session, sizes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

from orchestration.checks.decision import FAILED, OK, Rule
from orchestration.checks.request import SESSION_HEADER

# botocore model: InvokeAgentRuntime (payload, runtimeSessionId).
MAX_PAYLOAD_BYTES = 100_000_000
SESSION_LENGTHS = range(33, 257)
# Not documented. What agentcore_local takes; AWS front ends are of the same order.
MAX_HEADER_BYTES = 32 * 1024
# AgentCore devguide: runtime-header-allowlist.
MAX_FORWARDED = 4096
_ROUTE = re.compile(r"/runtimes/(?P<agent>[^?]*)/invocations")
_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it was sent. `target` is the undecoded path and query; headers may repeat."""

    target: str
    headers: Sequence[tuple[str, str]]
    body_bytes: int = 0

    def every(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def authorization(self) -> str | None:
        return next(iter(self.every("authorization")), None)

    @property
    def length(self) -> int:
        """Of the body, as sent or as announced."""
        announced = [int(v) for v in self.every("content-length") if v.isascii() and v.isdigit() and len(v) < 20]
        return max([self.body_bytes, *announced])


def rules_before_door(asked: Asked, gateway: str = "") -> Iterator[Rule]:
    """What is looked at before the credential is. `gateway`: the path of its URL, where the call goes to one."""
    path, _, query = asked.target.partition("?")
    count = len(asked.every("authorization")) + ("x-amz-signature=" in query.lower())
    yield _rule("one_credential", count <= 1, f"{count} credentials", "one Authorization header")
    ways = [name for name in ("content-length", "transfer-encoding") if asked.every(name)]
    yield _rule("transport", len(ways) <= 1, " and ".join(ways) or "none", "a body's length told in one way")
    size = sum(len(name) + len(value) for name, value in asked.headers)
    yield _rule("header_size", size <= MAX_HEADER_BYTES, f"{size} bytes of headers", f"at most {MAX_HEADER_BYTES}")
    match = _ROUTE.fullmatch(path)
    fits = path == gateway if gateway else match is not None and "/" not in match["agent"]
    yield _rule("route", fits, _short(path), gateway or "/runtimes/<percent-encoded ARN>/invocations")


def rules_behind_door(
    asked: Asked, runtime_arn: str, qualifiers: Sequence[str], forwarded: Sequence[str] = ()
) -> Iterator[Rule]:
    """What is looked at once the caller is known. `forwarded`: headers that the runtime hands on to its agent."""
    path, _, query = asked.target.partition("?")
    match = _ROUTE.fullmatch(path)
    named = unquote(match["agent"]) if match else ""
    yield _rule("runtime", named == runtime_arn, _short(named) or "none", runtime_arn)
    given = parse_qs(query, keep_blank_values=True).get("qualifier", ["DEFAULT"])
    fits = len(given) == 1 and given[0] in qualifiers
    yield _rule("qualifier", fits, _short(", ".join(given)), f"one of {', '.join(qualifiers)}")
    sessions = asked.every(SESSION_HEADER)
    fits = len(sessions) <= 1 and all(len(s) in SESSION_LENGTHS and s.isascii() and s.isprintable() for s in sessions)
    seen = f"{len(sessions)} ids" if len(sessions) > 1 else f"{len(sessions[0])} characters" if sessions else "none"
    wanted = f"{SESSION_LENGTHS.start} to {SESSION_LENGTHS.stop - 1} printable characters, or none"
    yield _rule("session_id", fits, seen, wanted)
    fits = asked.length <= MAX_PAYLOAD_BYTES
    yield _rule("body_size", fits, f"{asked.length} bytes", f"at most {MAX_PAYLOAD_BYTES} bytes")
    if forwarded:
        longest = max((len(value), name) for name in forwarded for value in ["", *asked.every(name)])
        seen = f"{longest[0]} characters of {longest[1]}"
        wanted = f"at most {MAX_FORWARDED} in a header that reaches the agent"
        yield _rule("header_length", longest[0] <= MAX_FORWARDED, seen, wanted)


def _rule(name: str, ok: bool, seen: str, wanted: str) -> Rule:
    return Rule(name, OK if ok else FAILED, wanted, seen)


def _short(text: str) -> str:
    """Bounded, on one line, and without the query, which is where a misled client puts its token."""
    escaped = text.encode("unicode_escape").decode("ascii")
    return escaped if len(escaped) <= _SHOWN else f"{escaped[:_SHOWN]}..."
