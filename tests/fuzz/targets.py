"""What the fuzzer calls with any bytes, and what must hold each time. No fuzzer is needed to call it.

Keys are made from fixed numbers, so that a corpus written on one machine means the same on another.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.jwk import ECKey

from agentcore_local.authorizer import Allow, Deny, authorize, parse_policy, token_key_id
from agentcore_local.calls import read_session
from agentcore_local.data import read_target
from agentcore_local.edge import read_head
from agentcore_local.gate import credential
from agentcore_local.jwks import IssuerKeys, parse_key_set
from agentcore_local.wire import SESSION_ID, Refused
from tests.property import oracle

NOW, ISSUER, KID = 1_800_000_000, "https://idp.example.com/pool", "k1"
REGION, ACCOUNT = "us-east-1", "000000000000"
AUTHORIZER: Mapping[str, Any] = {
    "discoveryUrl": f"{ISSUER}/.well-known/openid-configuration",
    "allowedClients": ["app", "app2"],
    "allowedAudience": ["api"],
    "allowedScopes": ["agent/invoke", "a"],
    "customClaims": [
        {
            "inboundTokenClaimName": "tier",
            "inboundTokenClaimValueType": "STRING",
            "authorizingClaimMatchValue": {
                "claimMatchOperator": "EQUALS",
                "claimMatchValue": {"matchValueString": "gold"},
            },
        },
        {
            "inboundTokenClaimName": "groups",
            "inboundTokenClaimValueType": "STRING_ARRAY",
            "authorizingClaimMatchValue": {
                "claimMatchOperator": "CONTAINS_ANY",
                "claimMatchValue": {"matchValueStringList": ["x", "y"]},
            },
        },
    ],
}
CLAIMS: Mapping[str, Any] = {
    "iss": ISSUER,
    "exp": NOW + 600,
    "iat": NOW,
    "client_id": "app",
    "aud": ["api", "b"],
    "scope": "openid agent/invoke",
    "tier": "gold",
    "groups": ["z", "x"],
    "sub": "u",
}


def _key() -> ECKey:
    numbers = ec.derive_private_key(12_345, ec.SECP256R1()).private_numbers()
    parts = {"x": numbers.public_numbers.x, "y": numbers.public_numbers.y, "d": numbers.private_value}
    encoded = {name: b64(number.to_bytes(32, "big")) for name, number in parts.items()}
    return ECKey.import_key({"kty": "EC", "crv": "P-256", **encoded})


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


KEY = _key()
PUBLIC = {**KEY.as_dict(private=False), "kid": KID, "alg": "ES256"}
KEYS = IssuerKeys(ISSUER, parse_key_set(json.dumps({"keys": [PUBLIC]}).encode()))
POLICY = parse_policy(AUTHORIZER)
ES256 = jws.JWSRegistry(algorithms=["ES256"]).get_alg("ES256")


def token(head: bytes, payload: bytes) -> str:
    """A compact JWS over exactly these bytes, signed by the issuer."""
    signing_input = f"{b64(head)}.{b64(payload)}"
    return f"{signing_input}.{b64(ES256.sign(signing_input.encode(), KEY))}"


def header_bytes(data: bytes) -> None:
    """Any Authorization header. Nobody without the issuer's key can make one that passes."""
    header = data.decode("latin-1")
    verdict = authorize(header, POLICY, KEYS, NOW)
    token_key_id(header)
    assert isinstance(verdict, Deny), "a header that the issuer never signed was admitted"
    assert header[-40:] not in verdict.detail or len(header) < 40


def signed_token(data: bytes) -> None:
    """JOSE header and payload, split at the first NUL, signed by the issuer whatever they say."""
    head, _, payload = data.partition(b"\0")
    verdict = authorize(f"Bearer {token(head, payload)}", POLICY, KEYS, NOW)
    assert isinstance(verdict, Allow | Deny)
    if isinstance(verdict, Allow):
        assert oracle.admits(AUTHORIZER, ISSUER, json.loads(payload), NOW)
        assert {"crit", "b64", "zip"}.isdisjoint(fields := json.loads(head))
        assert (fields["alg"], fields["kid"]) == ("ES256", KID)
        return
    try:
        claims, fields = json.loads(payload), json.loads(head)
        rewritten = json.dumps(claims, separators=(",", ":")).encode() == payload
        rewritten = rewritten and json.dumps(fields).encode() == head
    except (ValueError, RecursionError):
        return
    # Strictness is allowed to refuse odd spellings, not plain ones.
    if rewritten and fields == {"alg": "ES256", "kid": KID} and isinstance(claims, dict):
        assert not oracle.admits(AUTHORIZER, ISSUER, claims, NOW), verdict


def request_line(data: bytes) -> None:
    """Method, path, query and header lines, one a line: refused, or the runtime that the path spells."""
    first, *lines = data.split(b"\n")
    method, _, target = first.partition(b" ")
    path, _, query = target.partition(b"?")
    fields = [(name, value) for name, _, value in (line.partition(b":") for line in lines)]
    scope = {
        "method": method.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "http_version": "1.1",
        "headers": fields,
    }
    with suppress(Refused):
        head = read_head(scope)
        names = [name.lower() for name, _ in fields]
        assert names.count(b"host") == 1
        assert names.count(b"authorization") <= 1
        with suppress(Refused):
            credential(head)
        with suppress(Refused):
            session = read_session(head)
            assert session is None or (33 <= len(session) <= 256 and session.isascii() and session.isprintable())
            sent = [value.strip(b" \t") for name, value in fields if name.lower() == SESSION_ID.encode()]
            assert sent == ([] if session is None else [session.encode()])
        reached = read_target(head, REGION, ACCOUNT)
        if reached.runtime_id is not None:
            parts = path.split(b"/")
            assert parts[:2] == [b"", b"runtimes"]
            said = oracle.percent_decoded(parts[2])
            arn = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:runtime/{reached.runtime_id}"
            assert said in (arn.encode(), reached.runtime_id.encode())


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "header": header_bytes,
    "signed": signed_token,
    "request": request_line,
}
GOOD_HEAD = json.dumps({"alg": "ES256", "kid": KID}).encode()
GOOD_PAYLOAD = json.dumps(dict(CLAIMS), separators=(",", ":")).encode()
ARN = f"arn%3Aaws%3Abedrock-agentcore%3A{REGION}%3A{ACCOUNT}%3Aruntime%2Fagent_one-AbCdEfGhIj"
SEEDS: Mapping[str, tuple[bytes, ...]] = {
    # Signed by another key: one step from good, and still nobody may pass.
    "header": (
        b"",
        b"Bearer ",
        f"Bearer {b64(GOOD_HEAD)}.{b64(GOOD_PAYLOAD)}.{b64(bytes(64))}".encode(),
        b"Bearer e30.e30.AA",
        b"Basic YTpi",
    ),
    "signed": (
        GOOD_HEAD + b"\0" + GOOD_PAYLOAD,
        GOOD_HEAD + b"\0{}",
        b'{"alg":"none"}\0{"exp":1e400,"nbf":null,"scp":["a"]}',
    ),
    "request": (
        f"POST /runtimes/{ARN}/invocations?qualifier=DEFAULT\nhost:a\nauthorization:Bearer x".encode(),
        f"POST /runtimes/agent_one-AbCdEfGhIj/invocations?accountId={ACCOUNT}\nhost:a".encode(),
        f"POST /runtimes/{ARN}/stopruntimesession\nhost:a\n{SESSION_ID}:{'s' * 33}".encode(),
        f"GET /runtimes/{ARN}/invocations/.well-known/oauth-protected-resource\nhost:a".encode(),
        b"POST /%2e%2e%2f?x-amz-signature=1\nhost:a\nhost:b\ntransfer-encoding:chunked\ncontent-length:1",
    ),
}
