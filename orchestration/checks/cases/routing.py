"""Refused for where the call goes, how large it is, or whose session it names: the credential is good."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

from orchestration.checks.callers import Caller
from orchestration.checks.case import Case, Family, Verdict
from orchestration.checks.cases import families
from orchestration.checks.draft import Change, agent, query, rewritten, same, session, text, with_headers
from orchestration.checks.request import Request

MAX_PAYLOAD_BYTES = 100_000_000
"""botocore model: InvokeAgentRuntime."""


def refused(id: str, title: str, change: Change, cause: str, family: Family, tag: str, only_locally: str = "") -> Case:
    """All are calls of a person of the allowed client."""
    return Case(
        id,
        title,
        Caller.PERSON,
        change,
        Verdict.REFUSED,
        family,
        cause,
        tags=frozenset({tag}),
        only_locally=only_locally,
    )


def nowhere(
    id: str, title: str, segment: Callable[[str], str], cause: str = "runtime", family: Family = families.NOWHERE
) -> Case:
    """Another path segment for the runtime."""
    return refused(id, title, agent(segment), cause, family, "routing")


def stolen(id: str, title: str, thief: Caller) -> Case:
    """A session that a person began, continued by somebody else who may call the runtime."""
    return Case(
        id,
        title,
        thief,
        same,
        Verdict.REFUSED,
        families.BY_THE_AGENT,
        "session_owner",
        tags=frozenset({"session"}),
        reached=True,
        opener=Caller.PERSON,
    )


def _other_account(arn: str) -> str:
    return quote(re.sub(r":\d{12}:", ":123456789012:", arn), safe="")


def _other_region(arn: str) -> str:
    region = arn.split(":")[3]
    return quote(arn.replace(region, "eu-west-3" if region != "eu-west-3" else "eu-west-2"), safe="")


def _declared_too_large(request: Request) -> Request:
    """A length beyond the limit is announced and nothing sent: who is wise answers before reading."""
    announced = with_headers(request, ("Content-Length", str(MAX_PAYLOAD_BYTES + 1)))
    return replace(announced, body=b"", verbatim=True)


def _two_lengths(request: Request) -> Request:
    """The start of request smuggling (RFC 9112, 11.2)."""
    both = with_headers(request, ("Content-Length", "4"), ("Transfer-Encoding", "chunked"))
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(request.body), request.body)
    return replace(both, body=chunks, verbatim=True)


CASES = (
    nowhere("unknown-runtime", "a runtime that is not there", lambda arn: quote(arn[:-10] + "0" * 10, safe="")),
    nowhere("other-account", "the runtime's name in another account", _other_account),
    nowhere("other-region", "the runtime's name in another region", _other_region),
    nowhere("arn-unquoted", "the ARN unquoted", lambda arn: arn, "route"),
    nowhere("arn-half-quoted", "the ARN's colons quoted, its slash not", lambda arn: quote(arn, safe="/"), "route"),
    nowhere(
        "arn-quoted-twice",
        "the ARN quoted twice",
        lambda arn: quote(quote(arn, safe=""), safe=""),
        family=families.MISNAMED,
    ),
    nowhere("arn-slash", "a slash behind the ARN", lambda arn: quote(arn + "/", safe="")),
    nowhere("arn-null", "a NUL behind the ARN", lambda arn: quote(arn + "\0", safe="")),
    nowhere("arn-dots", "a way back in the ARN", lambda arn: quote(arn.replace("runtime/", "runtime/x/../"), safe="")),
    nowhere(
        "arn-dot-segment",
        "another runtime first, then a way back",
        lambda arn: f"x/..%2f{quote(arn, safe='')}",
        "route",
    ),
    refused(
        "unknown-qualifier",
        "an endpoint that is not there",
        query("qualifier=nowhere"),
        "qualifier",
        families.NOWHERE,
        "routing",
    ),
    refused(
        "two-qualifiers",
        "two endpoints in one call",
        query("qualifier=DEFAULT&qualifier=nowhere"),
        "qualifier",
        families.AMBIGUOUS,
        "routing",
    ),
    refused(
        "session-short", "a session id of 32 characters", session("s" * 32), "session_id", families.INVALID, "session"
    ),
    refused(
        "session-long", "a session id of 257 characters", session("s" * 257), "session_id", families.INVALID, "session"
    ),
    stolen("session-of-another", "a session that a person began, continued by a machine", Caller.MACHINE),
    stolen("session-of-another-person", "a session that a person began, continued by another", Caller.SECOND),
    refused(
        "oversized-token",
        "a token of 20 KiB",
        text(lambda good: good + "A" * 20_480),
        "size",
        families.TOO_LARGE,
        "transport",
    ),
    refused(
        "oversized-header",
        "a header of 64 KiB",
        rewritten(lambda r: with_headers(r, ("X-Padding", "a" * 65_536))),
        "header_size",
        families.TOO_LARGE,
        "transport",
    ),
    refused(
        "oversized-body",
        "a body of more than 100 MB announced",
        rewritten(_declared_too_large),
        "body_size",
        families.TOO_LARGE,
        "transport",
        only_locally="100 MB would be announced to AWS, whose answer is not documented",
    ),
    refused(
        "two-lengths",
        "a length and chunks at once",
        rewritten(_two_lengths),
        "transport",
        families.AMBIGUOUS,
        "transport",
    ),
)
