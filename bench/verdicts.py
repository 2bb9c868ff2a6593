"""What a verdict costs beside the one thing that must be done for it: a verification by the crypto library."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from agentcore_local.authorizer import Allow, Deny, authorize, parse_policy
from agentcore_local.bearer import SignedToken, read_bearer
from agentcore_local.callers import Callers
from agentcore_local.edge import Head
from agentcore_local.gate import Gate
from agentcore_local.keys import KeyStore
from agentcore_local.permissions import Permissions
from bench.facts import machine, now, versions
from bench.result import Goal, Part, Plot, Table
from bench.rig import distinct, forged
from tests.contract.provider import CLIENT, DISCOVERY_URL, ISSUER
from tests.fakes.tokens import compact, issuer_keys, jwk, key_set, rsa_key

TOKENS = (1, 100, 1000, 4000, 6000)
POOLS = (1, 4, 16, 64, 96)
METHOD = (
    "In one process, without HTTP. Each row is the best of seven turns, taken in turn with the others; the plots are "
    "calls of the gate, token after token, with keys from memory."
)


def measure() -> Part:
    """Takes about half a minute, most of it signing."""
    fresh = distinct(max(TOKENS))
    rates = _rates(fresh[0])
    raw = rates["verification by the crypto library"]
    table = Table(
        "One verdict",
        ["what", "per second", "us", "of the crypto library"],
        [[n, round(r), round(1e6 / r, 1), round(r / raw, 2)] for n, r in rates.items()],
    )
    pooled = [(float(p), _decided(_of_pools(p, 400))) for p in POOLS]
    by_tokens = [(float(n), _decided([(ISSUER, t) for t in fresh[:n]])) for n in TOKENS]
    plots = [
        Plot("Decisions per second by distinct tokens", "tokens", "decisions/s", {"gate": by_tokens}),
        Plot("Decisions per second by user pools, 400 tokens", "pools", "decisions/s", {"gate": pooled}),
    ]
    goals = [
        Goal("verifying and judging, of the crypto library", rates["a new token let in"] / raw, 0.5, "high", 0.65),
        Goal(
            "a bad signature / a new token, without HTTP",
            rates["a bad signature refused"] / rates["a new token let in"],
            1.0,
            "high",
            1.3,
        ),
    ]
    return Part("verdicts", "Verdicts", METHOD, now(), machine(), versions(), goals, [table], plots)


def _rates(header: str) -> dict[str, float]:
    keys = issuer_keys(jwk(rsa_key("first"), kid="k1"), issuer=ISSUER)
    policy, at, bad = (
        parse_policy({"discoveryUrl": DISCOVERY_URL, "allowedClients": [CLIENT]}),
        int(time.time()),
        forged(header),
    )
    token, public = read_bearer(header), rsa_key("first").public_key
    if not isinstance(token, SignedToken) or not isinstance(authorize(header, policy, keys, at), Allow):
        raise RuntimeError("the good token is refused")
    if not isinstance(authorize(bad, policy, keys, at), Deny):
        raise RuntimeError("the bad token is let in")
    signature, signed, pad, sha = token.signature, token.signing_input, padding.PKCS1v15(), hashes.SHA256()
    works: dict[str, Callable[[], object]] = {
        "verification by the crypto library": lambda: public.verify(signature, signed, pad, sha),
        "a new token let in": lambda: authorize(header, policy, keys, at),
        "a bad signature refused": lambda: authorize(bad, policy, keys, at),
    }
    best = dict.fromkeys(works, 0.0)
    for _ in range(7):
        for name, work in works.items():
            best[name] = max(best[name], _rate(work, 2000))
    return best


def _rate(work: Callable[[], object], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        work()
    return times / (time.process_time() - began)


def _of_pools(pools: int, tokens: int) -> list[tuple[str, str]]:
    """(issuer, Authorization header), pool after pool; all pools have the same key, each under its own issuer."""
    claims = {"client_id": CLIENT, "sub": "u", "exp": int(time.time()) + 3600}
    made = []
    for number in range(tokens):
        issuer = f"https://idp.example.test/pool-{number % pools}"
        payload = json.dumps(claims | {"iss": issuer, "jti": str(number)}).encode()
        made.append((issuer, f"Bearer {compact(payload, {'alg': 'RS256', 'kid': 'k1'}, rsa_key('first'))}"))
    return made


def _decided(calls: list[tuple[str, str]]) -> float:
    """Decisions per second of the third round through these calls: everything that can be known by then is."""
    document = key_set(jwk(rsa_key("first"), kid="k1"))

    async def fetch(url: str) -> bytes:
        if url.endswith("/keys"):
            return document
        issuer = url.removesuffix("/.well-known/openid-configuration")
        return json.dumps({"issuer": issuer, "jwks_uri": f"{issuer}/keys"}).encode()

    async def run() -> float:
        nobody: Any = None  # only bearer tokens come here
        rules = Permissions(
            Callers("AKIAEXAMPLEEXAMPLE00", "s", "us-east-1"), nobody, nobody, lambda _: None, time.time, "", ""
        )
        keys = KeyStore(fetch, time.monotonic)
        gate = Gate(rules, keys, time.time, "")
        asked = []
        for issuer, header in calls:
            authorizer = {"discoveryUrl": f"{issuer}/.well-known/openid-configuration", "allowedClients": [CLIENT]}
            asked.append((Head("POST", b"/", b"", (("authorization", header),)), authorizer, (issuer, 1)))
        rate = 0.0
        for _ in range(3):
            began = time.process_time()
            for head, authorizer, door in asked:
                await gate.judge(head, authorizer, door)
            rate = len(asked) / (time.process_time() - began)
        await keys.close()
        return rate

    return asyncio.run(run())
