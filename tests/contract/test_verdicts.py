"""Every token at every authorizer, over HTTP: each verdict is compared with the oracle, and with the agent."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from joserfc.jwk import OctKey

from tests.contract.cloud import Emulator, Local, send
from tests.contract.deployed import Deployed
from tests.contract.provider import CLIENT, DISCOVERY_URL, ISSUER, Provider
from tests.contract.rawhttp import RECORDER
from tests.fakes.tokens import ABSENT, b64, compact, ec_key, merged, rsa_key
from tests.property import oracle

Create = Callable[..., Deployed]
SECRET = OctKey.import_key({"kty": "oct", "k": b64(rsa_key("first").public_key.public_numbers().n.to_bytes(256))})


def rule(name: str, kind: str, operator: str, **value: Any) -> dict[str, Any]:
    match = {"claimMatchOperator": operator, "claimMatchValue": value}
    return {"inboundTokenClaimName": name, "inboundTokenClaimValueType": kind, "authorizingClaimMatchValue": match}


AUTHORIZERS: dict[str, dict[str, Any]] = {
    "client": {"allowedClients": [CLIENT, "second"]},
    "audience": {"allowedAudience": ["api"]},
    "scope": {"allowedScopes": ["agent/invoke", "admin"]},
    "client-and-audience": {"allowedClients": [CLIENT], "allowedAudience": ["api", CLIENT]},
    "equals": {"customClaims": [rule("tier", "STRING", "EQUALS", matchValueString="gold")]},
    "contains": {"customClaims": [rule("groups", "STRING_ARRAY", "CONTAINS", matchValueString="a")]},
    "everything": {
        "allowedClients": [CLIENT],
        "allowedAudience": ["api"],
        "allowedScopes": ["agent/invoke"],
        "customClaims": [
            rule("tier", "STRING", "EQUALS", matchValueString="gold"),
            rule("groups", "STRING_ARRAY", "CONTAINS_ANY", matchValueStringList=["a", "z"]),
        ],
    },
}
# What the good claims are changed to; exp, nbf and iat count from now.
CHANGES: dict[str, dict[str, Any]] = {
    "good": {},
    "second-client": {"client_id": "second"},
    "other-client": {"client_id": "other"},
    "no-client": {"client_id": ABSENT},
    "client-list": {"client_id": [CLIENT]},
    "client-in-other-case": {"client_id": CLIENT.upper()},
    "client-with-space": {"client_id": f"{CLIENT} "},
    "client-prefix": {"client_id": CLIENT[:-1]},
    "no-audience": {"aud": ABSENT},
    "audience-list": {"aud": ["x", "api"]},
    "other-audience": {"aud": "other"},
    "empty-audience": {"aud": []},
    "nested-audience": {"aud": [["api"]]},
    "client-as-audience": {"aud": CLIENT},
    "no-scope": {"scope": ABSENT},
    "other-scope": {"scope": "agent/read"},
    "longer-scope": {"scope": "agent/invoke2"},
    "scope-in-other-case": {"scope": "Agent/Invoke"},
    "scope-list": {"scope": ["agent/invoke"]},
    "scope-by-comma": {"scope": "openid,agent/invoke"},
    "scope-by-tab": {"scope": "openid\tagent/invoke"},
    "scp-list": {"scope": ABSENT, "scp": ["agent/invoke"]},
    "scp-that-differs": {"scp": ["other"]},
    "second-scope": {"scope": "admin openid"},
    "no-tier": {"tier": ABSENT},
    "other-tier": {"tier": "golden"},
    "tier-list": {"tier": ["gold"]},
    "no-groups": {"groups": ABSENT},
    "group-text": {"groups": "a"},
    "other-groups": {"groups": ["b", "c"]},
    "mixed-groups": {"groups": ["a", 1]},
    "second-group": {"groups": ["z"]},
    "expired": {"exp": -1},
    "expires-now": {"exp": 0},
    "expiring": {"exp": 40},
    "no-expiry": {"exp": ABSENT},
    "expiry-text": {"exp": "900"},
    "expiry-list": {"exp": [900]},
    "expiry-true": {"exp": True},
    "not-yet": {"nbf": 300},
    "issued-later": {"iat": 300},
    "other-issuer": {"iss": "https://evil.test"},
    "issuer-with-slash": {"iss": f"{ISSUER}/"},
    "issuer-list": {"iss": [ISSUER]},
    "no-issuer": {"iss": ABSENT},
    "id-token": {"token_use": "id", "client_id": ABSENT, "aud": CLIENT},
    "refresh-token": {"token_use": "refresh"},
}
# How the good claims are signed otherwise: header, key, algorithm. None of these passes anywhere.
FORGED: dict[str, tuple[dict[str, Any], Any, str]] = {
    "attackers-key": ({"alg": "RS256", "kid": "k1"}, rsa_key("attacker"), "RS256"),
    "attackers-key-embedded": (
        {"alg": "RS256", "kid": "k1", "jwk": rsa_key("attacker").as_dict(private=False)},
        rsa_key("attacker"),
        "RS256",
    ),
    "attackers-key-by-url": ({"alg": "RS256", "kid": "k1", "jku": "https://evil.test"}, rsa_key("attacker"), "RS256"),
    "no-kid": ({"alg": "RS256"}, rsa_key("first"), "RS256"),
    "unknown-kid": ({"alg": "RS256", "kid": "k9"}, rsa_key("first"), "RS256"),
    "kid-as-path": ({"alg": "RS256", "kid": "../../dev/null"}, rsa_key("first"), "RS256"),
    "other-algorithm": ({"alg": "RS512", "kid": "k1"}, rsa_key("first"), "RS512"),
    "pss": ({"alg": "PS256", "kid": "k1"}, rsa_key("first"), "PS256"),
    "elliptic": ({"alg": "ES256", "kid": "k1"}, ec_key("P-256"), "ES256"),
    "public-key-as-secret": ({"alg": "HS256", "kid": "k1"}, SECRET, "HS256"),
    "named-none": ({"alg": "none", "kid": "k1"}, rsa_key("first"), "RS256"),
    "critical": ({"alg": "RS256", "kid": "k1", "crit": ["x"], "x": 1}, rsa_key("first"), "RS256"),
    "unencoded": ({"alg": "RS256", "kid": "k1", "b64": False}, rsa_key("first"), "RS256"),
    "other-type": ({"alg": "RS256", "kid": "k1", "typ": "secevent+jwt"}, rsa_key("first"), "RS256"),
}
PAIRS = len(AUTHORIZERS) * (len(CHANGES) + len(FORGED))


def claims_of(changes: dict[str, Any], now: int) -> dict[str, Any]:
    good = {"iss": ISSUER, "client_id": CLIENT, "sub": "u", "iat": -5, "exp": 900, "aud": "api", "tier": "gold"}
    made = merged(good | {"scope": "openid agent/invoke", "groups": ["a", "b"], "token_use": "access"}, changes)
    return {n: now + v if n in ("exp", "nbf", "iat") and type(v) is int else v for n, v in made.items()}


@dataclass
class Doors:
    local: Local
    runtimes: dict[str, Deployed]
    owner: dict[str, str]  # a credential that passes everywhere, to ask an agent what it has seen

    def call(self, name: str, word: str, authorization: str) -> int:
        body = json.dumps({"word": word}).encode()
        return self.local.invoke(self.runtimes[name].arn, body=body, headers={"Authorization": authorization}).status

    def words(self, name: str) -> set[str]:
        answer = self.local.invoke(self.runtimes[name].arn, body=b"recall", headers=self.owner)
        return {json.loads(entry["body"])["word"] for entry in answer.json["seen"]}


@pytest.fixture(scope="module")
def doors(
    emulator: Emulator,
    create: Create,
    upload: Callable[..., dict[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Doors]:
    provider = Provider()
    provider.keys = {"k1": rsa_key("first")}
    provider.start()
    local = Local(emulator, tmp_path_factory.mktemp("verdicts"), ("--oidc-map", f"{ISSUER}={provider.url}/pool"))
    try:
        local.start()
        artifact = upload(main=RECORDER)
        runtimes = {
            name: create(
                local,
                agentRuntimeArtifact=artifact,
                authorizerConfiguration={"customJWTAuthorizer": {"discoveryUrl": DISCOVERY_URL, **fields}},
            )
            for name, fields in AUTHORIZERS.items()
        }
        payload = json.dumps(claims_of({}, int(time.time()))).encode()
        owner = compact(payload, {"alg": "RS256", "kid": "k1"}, rsa_key("first"))
        yield Doors(local, runtimes, {"Authorization": f"Bearer {owner}"})
    finally:
        local.kill()
        provider.stop()


@pytest.mark.parametrize("name", AUTHORIZERS)
def test_every_verdict_is_the_oracles(doors: Doors, name: str) -> None:
    now, wrong, admitted = int(time.time()), [], set()
    for kind, changes in CHANGES.items():
        claims = claims_of(changes, now)
        text = compact(json.dumps(claims).encode(), {"alg": "RS256", "kid": "k1"}, rsa_key("first"))
        status = doors.call(name, kind, f"Bearer {text}")
        expected = oracle.admits(AUTHORIZERS[name], ISSUER, claims, now)
        admitted |= {kind} if expected else set()
        if (status == 200) != expected or status not in (200, 401, 403):
            wrong.append((kind, status))
    for kind, (header, key, algorithm) in FORGED.items():
        text = compact(json.dumps(claims_of({}, now)).encode(), header, key, algorithm)
        status = doors.call(name, kind, f"Bearer {text}")
        if status not in (401, 403):
            wrong.append((kind, status))
    assert not wrong
    assert doors.words(name) == admitted
    assert "good" in admitted and len(admitted) < len(CHANGES)


def test_a_token_of_one_door_is_judged_anew_at_another(doors: Doors) -> None:
    now = int(time.time())
    text = compact(
        json.dumps(claims_of({"tier": "silver"}, now)).encode(), {"alg": "RS256", "kid": "k1"}, rsa_key("first")
    )
    assert doors.call("client", "anew", f"Bearer {text}") == 200
    assert doors.call("equals", "anew", f"Bearer {text}") == 401
    url = f"{doors.local.data_url}/runtimes/{doors.runtimes['client'].arn}/invocations"
    assert send("POST", url, b"{}", {"Authorization": f"Bearer {text}"}).status == 404


def test_the_table_is_as_large_as_promised() -> None:
    assert PAIRS >= 150
