"""A good call before it is sent, and the changes that make a case of it: each alters exactly one thing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlsplit

from orchestration.checks.callers import SIGNED, Caller
from orchestration.checks.forge import Sign, Token, rsa_signer
from orchestration.checks.kit import Kit, Signing, Unavailable
from orchestration.checks.request import SESSION_HEADER, Request
from orchestration.gateway import TOOL

QUESTION = "what is the credit score for me? my customer id is 1234"
TOOL_CALL: Mapping[str, Any] = {"name": TOOL, "arguments": {"customer_id": "1234"}}
# MCP 2025-06-18, transports: a client takes either form of answer.
MCP_ACCEPT = "application/json, text/event-stream"


@dataclass(frozen=True, slots=True)
class Draft:
    """One call to one runtime or gateway. `token` makes the bearer token when it is needed, so that a case which
    replaces it does not depend on one."""

    kit: Kit
    caller: Caller
    arn: str
    """Of the runtime; of a gateway its URL."""
    session_id: str
    canary: str
    token: Callable[[], str]
    authorization: tuple[str, ...] | None = None
    """Values of the Authorization header; None: as the caller's credential asks."""
    headers: tuple[tuple[str, str], ...] = ()
    payload: Mapping[str, Any] = field(default_factory=dict)
    agent: str | None = None
    """The path segment that names the runtime, as sent; None: its ARN, percent-encoded."""
    query: str = "qualifier=DEFAULT"
    sign_with: Callable[[Signing], Signing] = lambda signing: signing
    rewrite: Callable[[Request], Request] = lambda request: request
    """Applied last, after signing."""

    @property
    def at_gateway(self) -> bool:
        return not self.arn.startswith("arn:")


def good(kit: Kit, caller: Caller, arn: str, session_id: str, canary: str) -> Draft:
    """The call that `caller` would make: admitted at a door that is open to it."""
    payload: dict[str, Any] = {"prompt": QUESTION, "canary": canary}
    if not arn.startswith("arn:"):
        payload = tool_call(canary)
    return Draft(kit, caller, arn, session_id, canary, lambda: kit.text(caller), payload=payload)


def tool_call(canary: str) -> dict[str, Any]:
    """The message of a call of the tool. Its id is what the service tells the function (AgentCore devguide:
    gateway-lambda), so it serves as the canary."""
    return {"jsonrpc": "2.0", "id": canary, "method": "tools/call", "params": TOOL_CALL}


def tool_request(url: str, token: str, canary: str) -> Request:
    """A good call of the tool with a token."""
    headers = (("Content-Type", "application/json"), ("Accept", MCP_ACCEPT), ("Authorization", f"Bearer {token}"))
    return Request("POST", urlsplit(url).path, headers, json.dumps(tool_call(canary)).encode())


def finish(draft: Draft) -> Request:
    """The request as it goes out. Raises Unavailable where it cannot be made here."""
    if draft.at_gateway:
        target, own = urlsplit(draft.arn).path, [("Accept", MCP_ACCEPT)]
    else:
        agent = quote(draft.arn, safe="") if draft.agent is None else draft.agent
        target = f"/runtimes/{agent}/invocations" + (f"?{draft.query}" if draft.query else "")
        session = [(SESSION_HEADER, draft.session_id)] if draft.session_id else []
        own = [("Accept", "application/json"), *session]
    headers = (("Content-Type", "application/json"), *own, *draft.headers)
    request = Request("POST", target, headers, json.dumps(draft.payload).encode())
    if draft.authorization is not None:
        request = with_headers(request, *(("Authorization", value) for value in draft.authorization))
    elif draft.caller in SIGNED:
        request = draft.kit.sign(request, draft.caller, draft.sign_with)
    elif draft.caller is not Caller.NOBODY:
        request = with_headers(request, ("Authorization", f"Bearer {draft.token()}"))
    return draft.rewrite(request)


def with_headers(request: Request, *headers: tuple[str, str]) -> Request:
    return replace(request, headers=(*request.headers, *headers))


Change = Callable[[Draft], Draft]


def same(draft: Draft) -> Draft:
    """Nothing is changed: the caller alone makes the case."""
    return draft


def scheme(text: str) -> Change:
    """The good token behind another word than "Bearer "."""
    return lambda d: replace(d, rewrite=lambda r: _authorization(r, lambda value: text + value.removeprefix("Bearer ")))


def session(session_id: str) -> Change:
    """Another session id; empty: none is sent."""
    return lambda d: replace(d, session_id=session_id)


def body(**more: Any) -> Change:
    """More members in the payload."""
    return lambda d: replace(d, payload={**d.payload, **more})


def traced(change: Change) -> Change:
    """The canary as the trace id (W3C Trace Context), which the agent hands on with what it asks of others."""

    def both(d: Draft) -> Draft:
        return change(replace(d, headers=(*d.headers, ("traceparent", f"00-{d.canary}-{d.canary[:16]}-01"))))

    return both


def query(text: str) -> Change:
    return lambda d: replace(d, query=text)


def agent(segment: Callable[[str], str]) -> Change:
    """Another path segment for the runtime, made from its ARN and sent as it is."""
    return lambda d: replace(d, agent=segment(d.arn))


def signing(alter: Callable[[Signing], Signing]) -> Change:
    """A SigV4 signature with something wrong in how it is made."""
    return lambda d: replace(d, sign_with=alter)


def rewritten(alter: Callable[[Request], Request]) -> Change:
    """The finished request altered, signature and all."""
    return lambda d: replace(d, rewrite=alter)


def token_in_query(d: Draft) -> Draft:
    """The good token where RFC 6750, 2.3 has it, and no Authorization header."""

    def hide(r: Request) -> Request:
        return replace(r, target=f"{r.target}{'&' if '?' in r.target else '?'}access_token={d.token()}")

    return replace(d, authorization=(), rewrite=hide)


def token_in_cookie(d: Draft) -> Draft:
    return replace(d, authorization=(), rewrite=lambda r: with_headers(r, ("Cookie", f"access_token={d.token()}")))


def token_in_trailer(d: Draft) -> Draft:
    """The good Authorization header behind a chunked body, where it is no header any more (RFC 9110, 6.5.1)."""

    def hide(r: Request) -> Request:
        chunks = b"%x\r\n%s\r\n0\r\nAuthorization: Bearer %s\r\n\r\n" % (len(r.body), r.body, d.token().encode())
        added = with_headers(r, ("Transfer-Encoding", "chunked"), ("Trailer", "Authorization"))
        return replace(added, body=chunks, verbatim=True)

    return replace(d, authorization=(), rewrite=hide)


def raw_header(*values: str) -> Change:
    """Exactly these Authorization headers."""
    return lambda d: replace(d, authorization=values)


def headers_around(before: tuple[str, ...] = (), after: tuple[str, ...] = ()) -> Change:
    """The good Authorization header with others before or behind it."""

    def change(d: Draft) -> Draft:
        return replace(d, rewrite=lambda r: _authorizations(r, lambda good: (*before, good, *after)))

    return change


def _authorization(request: Request, alter: Callable[[str], str]) -> Request:
    return _authorizations(request, lambda good: (alter(good),))


def _authorizations(request: Request, alter: Callable[[str], tuple[str, ...]]) -> Request:
    good = next(value for name, value in request.headers if name == "Authorization")
    others = [(name, value) for name, value in request.headers if name != "Authorization"]
    return replace(request, headers=(*others, *(("Authorization", value) for value in alter(good))))


def text(alter: Callable[[str], str]) -> Change:
    """The good token's text altered."""
    return lambda d: replace(d, token=lambda: alter(d.token()))


def part(alter: Callable[[Token], Token]) -> Change:
    """One part of the good token altered, the others kept."""
    return lambda d: replace(d, token=lambda: str(alter(d.kit.token(d.caller))))


def borrowed_signature(lender: Caller) -> Change:
    """The good token with the good signature of another caller's token."""

    def change(d: Draft) -> Draft:
        def make() -> str:
            return str(replace(d.kit.token(d.caller), signature=d.kit.token(lender).signature))

        return replace(d, token=make)

    return change


def own_key(alter: Callable[[Token, int], Token], algorithm: str = "RS256") -> Change:
    """The good token altered and signed by the provider's own key, so that nothing else is wrong with it.

    `alter` is given the time too (Unix seconds).
    """

    def change(d: Draft) -> Draft:
        def make() -> str:
            sign = d.kit.own_signer(d.caller, algorithm)
            return str(alter(d.kit.token(d.caller), d.kit.now).signed(sign))

        return replace(d, token=make)

    return change


def claims(**changes: Any) -> Change:
    """Claims changed, by the provider's own key."""
    return own_key(lambda token, now: token.with_claims(changes))


def fields(**changes: Any) -> Change:
    """Header fields changed; signed by the provider's own key where it is to be had, else by the attacker's."""

    def change(d: Draft) -> Draft:
        def make() -> str:
            token = d.kit.model(d.caller).with_fields(changes)
            try:
                return str(token.signed(d.kit.own_signer(d.caller)))
            except Unavailable:
                return str(token.signed(attackers(d.kit)))

        return replace(d, token=make)

    return change


def forged(sign: Callable[[Kit], Sign], fields: Callable[[Kit], Mapping[str, Any]] = lambda kit: {}) -> Change:
    """What an attacker signs: the claims of a good token, header fields changed, a key of his own."""

    def change(d: Draft) -> Draft:
        def make() -> str:
            return str(d.kit.model(d.caller).with_fields(fields(d.kit)).signed(sign(d.kit)))

        return replace(d, token=make)

    return change


def attackers(kit: Kit) -> Sign:
    return rsa_signer(kit.attacker)
