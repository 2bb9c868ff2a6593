"""Refused at the door for signed calls, and signed calls at the door for tokens."""

from __future__ import annotations

from dataclasses import replace

from orchestration.checks.callers import Caller
from orchestration.checks.case import Case, Door, Family, Verdict
from orchestration.checks.cases import families
from orchestration.checks.draft import Change, raw_header, rewritten, same, signing
from orchestration.checks.kit import AwsCredentials, Signing
from orchestration.checks.request import Request


def refused(
    id: str, title: str, caller: Caller, change: Change, cause: str, family: Family, door: Door = Door.IAM
) -> Case:
    return Case(id, title, caller, change, Verdict.REFUSED, family, cause, door, frozenset({"sigv4"}))


def spoiled(id: str, title: str, change: Change, cause: str = "sigv4_signature") -> Case:
    """A call of the role that may call, its signature spoiled."""
    return refused(id, title, Caller.INVOKER, change, cause, families.BAD_SIGNATURE)


def _with(**changes: str | None) -> Change:
    def alter(s: Signing) -> Signing:
        good = s.credentials
        spoilt = AwsCredentials(
            changes.get("key_id") or good.key_id,
            changes.get("secret") or good.secret,
            None if "token" in changes else good.token,
        )
        return replace(s, credentials=spoilt)

    return signing(alter)


def _other_body(request: Request) -> Request:
    """As many bytes as were signed, but others."""
    return replace(request, body=request.body.replace(b"1234", b"1111"))


CASES = (
    refused(
        "sigv4-on-token-door",
        "a signed call where tokens are asked for",
        Caller.OPERATOR,
        same,
        "method",
        families.WRONG_METHOD,
        Door.MAIN,
    ),
    refused(
        "token-on-signed-door",
        "a good token where a signature is asked for",
        Caller.PERSON,
        same,
        "method",
        families.WRONG_METHOD,
    ),
    refused("unsigned", "no signature", Caller.NOBODY, same, "header", families.NOT_SIGNED),
    refused(
        "basic-on-signed-door",
        "Basic instead of a signature",
        Caller.NOBODY,
        raw_header("Basic dXNlcjpwYXNz"),
        "header",
        families.NOT_SIGNED,
    ),
    refused(
        "no-permission",
        "a role that may not call anything",
        Caller.STRANGER,
        same,
        "permission",
        families.NOT_AUTHORIZED,
    ),
    refused(
        "other-runtime",
        "a role that may call another runtime",
        Caller.ELSEWHERE,
        same,
        "permission",
        families.NOT_AUTHORIZED,
    ),
    spoiled("wrong-secret", "another secret for the same access key", _with(secret="x" * 40)),
    spoiled("unknown-access-key", "an access key that nobody has", _with(key_id="ASIA" + "Q" * 16), "sigv4_key"),
    spoiled("no-session-token", "a role's key without its session token", _with(token=None), "sigv4_key"),
    spoiled("old-signature", "signed sixteen minutes ago", signing(lambda s: replace(s, now=s.now - 16 * 60))),
    spoiled(
        "signed-for-other-region",
        "signed for another region",
        signing(lambda s: replace(s, region="eu-central-1" if s.region != "eu-central-1" else "us-east-1")),
    ),
    spoiled("signed-for-other-service", "signed for another service", signing(lambda s: replace(s, service="s3"))),
    spoiled("body-changed", "the body changed after signing", rewritten(_other_body)),
)
