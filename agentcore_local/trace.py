"""Every rule of the door for one credential, with what was seen and what is wanted. Pure.

It asks the same questions as `authorizer.authorize`, of the same functions, and goes on after the first failure: the
first failed row is always the authorizer's reason. What is shown never holds a part of a token: whatever in it could
be one is hidden, and text of strangers is bounded and escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from agentcore_local import base64url, rule_words
from agentcore_local.authorizer import Allow, Deny, Reason, authorize, distrust, read_claims, unreadable
from agentcore_local.bearer import MAX_TOKEN_BYTES, REFUSED_HEADERS, SignedToken, is_bearer, read_bearer
from agentcore_local.claims import judgements
from agentcore_local.jwks import ALGORITHMS, DISCOVERY_SUFFIX, IssuerKeys, issuer_fits
from agentcore_local.policy import Policy
from agentcore_local.shown import HIDDEN, shown, shown_text
from agentcore_local.strict_json import parse_object

Verdict = Literal["ok", "failed", "not_checked"]

# The rules of the header's shape in the order in which they are read, with what each asks for.
SHAPE: Mapping[str, str] = {
    "header": "an Authorization header",
    "size": f"a token of at most {MAX_TOKEN_BYTES} bytes",
    "scheme": "the scheme Bearer",
    "shape": "three base64url parts, the first a JSON object",
    "jose_header": "typ of a JWT or none, no crit, b64 or zip",
    "algorithm": f"alg one of {', '.join(sorted(ALGORITHMS))}",
    "key_id": "a kid of printable ASCII",
}
_SHAPE_REASONS: Mapping[Reason, str] = {
    Reason.MISSING_TOKEN: "header",
    Reason.OVERSIZED_TOKEN: "size",
    Reason.WRONG_SCHEME: "scheme",
    Reason.MALFORMED_TOKEN: "shape",
    Reason.UNSUPPORTED_HEADER: "jose_header",
    Reason.BAD_ALGORITHM: "algorithm",
    Reason.UNKNOWN_KEY: "key_id",
}
# Schemes that may be named; any other first word could be the token itself.
_KNOWN_SCHEMES = frozenset({"basic", "digest", "dpop", "jwt", "negotiate", "token", "aws4-hmac-sha256"})
# The longest registered name has 14 characters (IANA: JSON Web Signature and Encryption Algorithms).
MAX_ALG = 24
SIGNATURE_RULES = ("key", "key_algorithm", "signature")
_SIGNATURE_REASONS: Mapping[Reason, str] = {
    Reason.UNKNOWN_KEY: "key",
    Reason.ISSUER_MISMATCH: "key",
    Reason.BAD_ALGORITHM: "key_algorithm",
    Reason.BAD_SIGNATURE: "signature",
}


@dataclass(frozen=True, slots=True)
class KeysFault:
    """Why an issuer's keys are not there. `at` is the document that failed; the message is safe to show."""

    at: Literal["discovery", "keys"]
    message: str


@dataclass(frozen=True, slots=True)
class Row:
    """One rule. `reason` is the authorizer's slug where it failed."""

    rule: str
    verdict: Verdict
    wanted: str
    seen: str = ""
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """The decision, and every rule in the order in which they counted."""

    decision: Allow | Deny
    rows: tuple[Row, ...]

    @property
    def first_failure(self) -> Row | None:
        return next((row for row in self.rows if row.verdict == "failed"), None)

    @property
    def verified(self) -> bool:
        """Whether the token's claims are its issuer's words; without, they are whatever the sender wrote."""
        return any(row.rule == "signature" and row.verdict == "ok" for row in self.rows)


def trace(header: str | None, policy: Policy, keys: IssuerKeys | KeysFault, now: int) -> Trace:
    """Walk all rules for the value of one Authorization header. `now` in Unix seconds."""
    known = keys if isinstance(keys, IssuerKeys) else None
    decision = authorize(header, policy, known, now)
    token = read_bearer(header)
    rows = list(_shape_rows(header, token))
    signed = token if isinstance(token, SignedToken) else None
    rows += _policy_rows(policy, keys, signed is not None)
    claims = read_claims(signed) if signed else None
    trusted = known if known and policy.has_rules and issuer_fits(known.issuer, policy.discovery_url) else None
    from_signature, issuer_first = _signature_rows(signed, trusted)
    from_claims = list(_claim_rows(claims, policy, known, now))
    if issuer_first:  # another issuer's token names another issuer's key: the issuer is what was decided by
        rows += [row for row in from_claims if row.rule == "issuer"]
        from_claims = [row for row in from_claims if row.rule != "issuer"]
    payload = _payload_row(signed, claims)
    return Trace(decision, (*rows, *from_signature, payload, *from_claims))


def _shape_rows(header: str | None, token: SignedToken | Deny) -> Iterator[Row]:
    failed = None
    if isinstance(token, Deny):
        failed = _SHAPE_REASONS[token.reason]
        if failed == "shape" and not is_bearer((header or "").partition(" ")[0]):
            failed = "scheme"
    verdict: Verdict = "ok"
    for rule, wanted in SHAPE.items():
        if rule == failed and isinstance(token, Deny):
            yield Row(rule, "failed", wanted, _shape_seen(rule, header or "", token), token.reason.value)
            verdict = "not_checked"
        else:
            yield Row(rule, verdict, wanted, _signed_seen(rule, token))


def _shape_seen(rule: str, header: str, denied: Deny) -> str:
    if rule == "header":
        return "none, or an empty one"
    if rule == "size":
        return f"{len(header)} characters"
    if rule == "scheme":
        scheme = header.partition(" ")[0].lower()
        return scheme if scheme in _KNOWN_SCHEMES else "no scheme that is known"
    value = header.partition(" ")[2]
    parts = value.split(".")
    if rule == "shape":
        if {",", " "}.intersection(value.strip()):
            return "more than one value"
        if len(parts) == 3:
            return "an empty signature" if not parts[2] else denied.detail
        return f"{len(parts)} part{'s' * (len(parts) != 1)}"
    fields = parse_object(base64url.decode(parts[0]))  # it was read before, or the shape would be at fault
    if rule == "algorithm" and len(str(fields.get("alg", ""))) > MAX_ALG:
        return f"alg {HIDDEN}"
    names = {"algorithm": ["alg"], "key_id": ["kid"]}.get(rule, ["typ", *REFUSED_HEADERS])
    return ", ".join(f"{n} {shown(fields.get(n), present=n in fields)}" for n in names)


def _signed_seen(rule: str, token: SignedToken | Deny) -> str:
    if isinstance(token, Deny):
        return ""
    return {"algorithm": token.algorithm, "key_id": shown(token.kid), "scheme": "Bearer"}.get(rule, "")


def _policy_rows(policy: Policy, keys: IssuerKeys | KeysFault, readable: bool) -> Iterator[Row]:
    wanted = {
        "policy": "at least one rule: clients, audience, scopes or custom claims",
        "discovery": f"the issuer's document at {policy.discovery_url}",
        "keys": "the issuer's key set",
    }
    if not readable:
        yield from (Row(rule, "not_checked", text) for rule, text in wanted.items())
        return
    if policy.has_rules:
        yield Row("policy", "ok", wanted["policy"])
    else:
        yield Row("policy", "failed", wanted["policy"], "none", Reason.NO_POLICY.value)
    fault = keys if isinstance(keys, KeysFault) else None
    if isinstance(keys, IssuerKeys) and not issuer_fits(keys.issuer, policy.discovery_url):
        fault = KeysFault("discovery", f"the document is of the issuer {shown_text(keys.issuer)}")
    for rule in ("discovery", "keys"):
        if fault and fault.at == rule:
            yield Row(rule, "failed", wanted[rule], fault.message, Reason.KEYS_UNAVAILABLE.value)
        else:
            yield Row(rule, "not_checked" if fault and fault.at == "discovery" else "ok", wanted[rule])


def _signature_rows(token: SignedToken | None, keys: IssuerKeys | None) -> tuple[list[Row], bool]:
    """The rows, and whether the issuer was looked at before them."""
    wanted = dict.fromkeys(SIGNATURE_RULES, "")
    wanted["key"] = "a kid of the issuer's key set" + (f": {rule_words.listed(sorted(keys.keys))}" if keys else "")
    wanted["key_algorithm"] = "the key's own algorithm"
    wanted["signature"] = "the issuer's signature over header and payload"
    if token is None or keys is None:
        return [Row(rule, "not_checked", wanted[rule]) for rule in SIGNATURE_RULES], False
    seen = {"key": shown(token.kid), "key_algorithm": token.algorithm, "signature": ""}
    if key := keys.keys.get(token.kid):
        wanted["key_algorithm"] = " or ".join(key.algorithms)
    refusal = distrust(token, keys)
    failed = _SIGNATURE_REASONS[refusal.reason] if refusal else None
    rows: list[Row] = []
    verdict: Verdict = "ok"
    for rule in SIGNATURE_RULES:
        if refusal and rule == failed:
            reason = Reason.UNKNOWN_KEY if rule == "key" else refusal.reason
            text = seen[rule] or "a signature that does not verify"
            rows.append(Row(rule, "failed", wanted[rule], text, reason.value))
            verdict = "not_checked"
        else:
            rows.append(Row(rule, verdict, wanted[rule], seen[rule]))
    return rows, refusal is not None and refusal.reason is Reason.ISSUER_MISMATCH


def _payload_row(token: SignedToken | None, claims: Mapping[str, Any] | None) -> Row:
    wanted = "a payload that is one JSON object"
    if token is None:
        return Row("payload", "not_checked", wanted)
    if claims is None:
        return Row("payload", "failed", wanted, "something else", Reason.MALFORMED_TOKEN.value)
    return Row("payload", "ok", wanted)


def _claim_rows(claims: Mapping[str, Any] | None, policy: Policy, keys: IssuerKeys | None, now: int) -> Iterator[Row]:
    """Judged also where the signature did not hold: what they say then is the sender's word alone."""
    issuer = keys.issuer if keys else policy.discovery_url.removesuffix(DISCOVERY_SUFFIX)
    any_use = "anything but a refresh token; the service does not look further"
    if claims is None:
        yield Row("token_use", "not_checked", any_use)
        yield from (Row(r, "not_checked", rule_words.wanted(r, policy, issuer)) for r in _rules(policy, issuer, now))
        return
    use, bad = shown(claims.get("token_use"), present="token_use" in claims), unreadable(claims)
    yield Row("token_use", "failed" if bad else "ok", any_use, use, Reason.MALFORMED_TOKEN.value if bad else None)
    for rule, found in judgements(claims, policy, issuer, now):
        wanted, seen = rule_words.wanted(rule, policy, issuer), rule_words.seen(rule, claims, policy, now)
        if rule == "issuer" and keys is None:  # the address of its document is not quite the issuer's name
            yield Row(rule, "not_checked", wanted, seen)
        elif found:
            yield Row(rule, "failed", wanted, seen, found[0][0].value)
        else:
            yield Row(rule, "ok", wanted, seen)


def _rules(policy: Policy, issuer: str, now: int) -> list[str]:
    return [rule for rule, _ in judgements({}, policy, issuer, now)]
