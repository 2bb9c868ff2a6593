"""The door's rules written a second time, as a list of questions. It knows no module of the package.

Sources: AgentCore devguide: inbound-jwt-authorizer (AND across fields, OR within, operators), RFC 7519, RFC 6749
section 3.3. Where the service's rule is not known the answers follow docs/fidelity.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

LAST_SECOND = 253_402_300_799
SCOPE_LETTERS = {chr(n) for n in range(0x21, 0x7F)} - {'"', "\\"}


def admits(authorizer: Mapping[str, Any], issuer: str, claims: Mapping[str, Any], now: int) -> bool:
    """Whether claims whose signature holds may pass an authorizer in the API's own form."""
    return all(answers(authorizer, issuer, claims, now))


def answers(authorizer: Mapping[str, Any], issuer: str, claims: Mapping[str, Any], now: int) -> Iterator[bool]:
    yield claims.get("token_use") != "refresh"
    yield is_text(claims.get("iss")) and claims["iss"] == issuer
    yield all(is_time(claims[n]) for n in ("exp", "nbf", "iat") if n in claims)
    yield is_time(claims.get("exp")) and claims["exp"] - now > 60
    yield all(claims[n] <= now for n in ("nbf", "iat") if is_time(claims.get(n)))
    yield all(is_text(claims[n]) for n in ("sub", "jti", "client_id") if n in claims)
    if "allowedClients" in authorizer:
        wanted = authorizer["allowedClients"]
        yield "client_id" in claims and any(claims["client_id"] == w for w in wanted)
    audience = claims.get("aud")
    held: Any = [audience] if is_text(audience) else audience
    yield "aud" not in claims or (is_text_list(held) and held != [])
    if "allowedAudience" in authorizer:
        yield is_text_list(held) and any(a in authorizer["allowedAudience"] for a in held)
    yield from scope_answers(authorizer, claims)
    for rule in authorizer.get("customClaims", []):
        yield custom_answer(rule, claims)


def scope_answers(authorizer: Mapping[str, Any], claims: Mapping[str, Any]) -> Iterator[bool]:
    wanted = authorizer.get("allowedScopes")
    for name in {"scope", "scp"} & set(claims):
        value = claims[name]
        yield is_text(value) or (name == "scp" and is_text_list(value))
        if wanted:
            yield any(w in granted(value) for w in wanted)
    if wanted:
        yield "scope" in claims or "scp" in claims


def granted(value: Any) -> list[str]:
    if is_text_list(value):
        return list(value)
    words = value.split(" ") if is_text(value) else []
    return words if all(word and set(word) <= SCOPE_LETTERS for word in words) else []


def custom_answer(rule: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    match: Any = rule["authorizingClaimMatchValue"]
    value: Any = claims.get(rule["inboundTokenClaimName"])
    against = match["claimMatchValue"]
    match match["claimMatchOperator"]:
        case "EQUALS":
            return is_text(value) and value == against["matchValueString"]
        case "CONTAINS":
            return is_text_list(value) and against["matchValueString"] in value
        case "CONTAINS_ANY":
            return is_text_list(value) and any(v in value for v in against["matchValueStringList"])
    raise AssertionError("no such operator")


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_text_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) for v in value)


def is_time(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LAST_SECOND


def percent_decoded(segment: bytes) -> bytes | None:
    """RFC 3986 section 2.1, once, byte by byte; None when a percent sign is not followed by two hex digits."""
    out, at = bytearray(), 0
    while at < len(segment):
        if segment[at : at + 1] != b"%":
            out += segment[at : at + 1]
            at += 1
            continue
        digits = segment[at + 1 : at + 3].decode("latin-1")
        if len(digits) != 2 or any(d not in "0123456789abcdefABCDEF" for d in digits):
            return None
        out.append(int(digits, 16))
        at += 3
    return bytes(out)
