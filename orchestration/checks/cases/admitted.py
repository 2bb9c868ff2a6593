"""Calls that must reach the agent and bring back its answer."""

from __future__ import annotations

from orchestration.checks.callers import Caller
from orchestration.checks.case import Case, Door, Verdict
from orchestration.checks.cases import families
from orchestration.checks.draft import Change, body, own_key, same, scheme, session


def admitted(
    id: str,
    title: str,
    caller: Caller,
    change: Change,
    *tags: str,
    door: Door = Door.MAIN,
    opener: Caller | None = None,
) -> Case:
    return Case(
        id,
        title,
        caller,
        change,
        Verdict.ADMITTED,
        families.ADMITTED,
        door=door,
        tags=frozenset(tags),
        reached=True,
        opener=opener,
    )


CASES = (
    admitted("person", "a person of the allowed app client", Caller.PERSON, same, "person", "client"),
    admitted("machine", "a machine of the allowed app client", Caller.MACHINE, same, "machine", "client"),
    admitted("second-person", "another person of the allowed app client", Caller.SECOND, same, "person", "client"),
    admitted("scheme-lower", "the scheme in lower case (RFC 9110, 11.1)", Caller.PERSON, scheme("bearer "), "scheme"),
    admitted("streamed", "the answer asked for as a stream", Caller.PERSON, body(stream=True), "person", "transport"),
    admitted("session-minted", "no session id: one is made", Caller.PERSON, session(""), "session"),
    admitted(
        "session-continued",
        "a second call within the caller's own session",
        Caller.PERSON,
        same,
        "session",
        opener=Caller.PERSON,
    ),
    admitted(
        "near-end",
        "a token with a minute and a half to live",
        Caller.PERSON,
        own_key(lambda token, now: token.with_claims({"exp": now + 90})),
        "time",
        "pool-key",
    ),
    admitted(
        "scope-right", "the scope that the door asks for", Caller.SCOPED, same, "scope", "machine", door=Door.SCOPE
    ),
    admitted(
        "scope-among-several",
        "the scope that the door asks for, among several",
        Caller.SCOPED_BOTH,
        same,
        "scope",
        "machine",
        door=Door.SCOPE,
    ),
    admitted("group-member", "a member of the required group", Caller.PERSON, same, "group", "person", door=Door.GROUP),
    admitted("audience-right", "the audience of an ID token", Caller.PERSON_ID, same, "audience", door=Door.AUDIENCE),
    admitted(
        "audience-list",
        "the audience in a list with another (RFC 7519, 4.1.3)",
        Caller.PERSON_ID,
        own_key(lambda token, now: token.with_claims({"aud": ["another", token.claims["aud"]]})),
        "audience",
        "pool-key",
        door=Door.AUDIENCE,
    ),
    admitted("signed", "a role that may call this runtime", Caller.INVOKER, same, "sigv4", door=Door.IAM),
)
