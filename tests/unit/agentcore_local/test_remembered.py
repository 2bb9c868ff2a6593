"""A remembered verdict is the one that would be given now: whatever it follows from, a change ends it at once."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Mapping
from typing import Any

import pytest

from agentcore_local.authorizer import Allow, authorize
from agentcore_local.callers import Callers
from agentcore_local.claims import holds_during
from agentcore_local.edge import Head
from agentcore_local.gate import Gate
from agentcore_local.jwks import IssuerKeys, VerificationKey
from agentcore_local.keys import KeysUnavailable
from agentcore_local.permissions import Permissions
from agentcore_local.policy import Policy
from agentcore_local.remembered import MAX_REMEMBERED, Admitted, Remembered, Verdict
from agentcore_local.wire import Refused
from tests.fakes import tokens
from tests.fakes.tokens import BY_CLIENT, CLIENT, DISCOVERY_URL, NOW, issuer_keys, jwk, rsa_key

DOOR = ("agent-0123456789", 1)
AUTHORIZER = {"discoveryUrl": DISCOVERY_URL, "allowedClients": [CLIENT]}
TOKEN = tokens.bearer()


class Counting:
    """An algorithm that tells how often it was asked."""

    def __init__(self, real: Any) -> None:
        self.real, self.asked = real, 0

    def verify(self, message: bytes, signature: bytes, key: Any) -> bool:
        self.asked += 1
        return bool(self.real.verify(message, signature, key))


class Issuer:
    """A key store of one issuer, whose keys are the test's to change."""

    def __init__(self) -> None:
        self.keys: IssuerKeys | None = issuer_keys()

    async def get(self, discovery_url: str, kid: str | None) -> IssuerKeys:
        if self.keys is None:
            raise KeysUnavailable("unreachable", "down")
        return self.keys

    async def check(self, discovery_url: str) -> None:
        pass


class Rig:
    """A gate with an issuer and a clock; `call` gives what one caller is told."""

    def __init__(self) -> None:
        self.issuer, self.now = Issuer(), NOW
        nobody: Any = None  # these tests stay with bearer tokens
        callers = Callers("AKIAEXAMPLEEXAMPLE00", "s", "us-east-1")
        rules = Permissions(callers, nobody, nobody, lambda _: None, lambda: 0.0, "us-east-1", "000000000000")
        self.gate = Gate(rules, self.issuer, lambda: float(self.now), "http://127.0.0.1:1")

    def call(
        self, header: str = TOKEN, authorizer: Mapping[str, Any] = AUTHORIZER, door: tuple[str, int] = DOOR
    ) -> str | Admitted:
        head = Head("POST", b"/", b"", (("authorization", header),))
        try:
            return asyncio.run(self.gate.judge(head, authorizer, door))
        except Refused as e:
            return e.slug


@pytest.fixture
def rig() -> Rig:
    made = Rig()
    assert isinstance(made.call(), Admitted)
    return made


def counted(keys: IssuerKeys) -> tuple[IssuerKeys, Counting]:
    [(kid, key)] = keys.keys.items()
    counting: Any = Counting(key.algorithms["RS256"])
    return IssuerKeys(keys.issuer, {kid: VerificationKey(key.key, {"RS256": counting})}), counting


def test_the_same_credential_is_verified_once() -> None:
    rig = Rig()
    rig.issuer.keys, counting = counted(issuer_keys())
    first, again = rig.call(), rig.call()
    assert first == again == Admitted("jwt", "user-1", client=CLIENT)
    assert counting.asked == 1


def test_a_removed_key_ends_its_verdicts(rig: Rig) -> None:
    rig.issuer.keys = issuer_keys(jwk(rsa_key("other"), kid="other"))
    assert rig.call() == "unknown_key"


def test_a_key_replaced_under_its_name_ends_its_verdicts(rig: Rig) -> None:
    rig.issuer.keys = issuer_keys(jwk(rsa_key("other")))
    assert rig.call() == "bad_signature"


def test_keys_that_cannot_be_known_end_all_verdicts(rig: Rig) -> None:
    rig.issuer.keys = None
    assert rig.call() == "keys_unavailable"
    rig.issuer.keys = issuer_keys()
    assert isinstance(rig.call(), Admitted)


@pytest.mark.parametrize(
    "changed",
    [{"allowedClients": ["other-app"]}, {"allowedScopes": ["agent/admin"]}, {"allowedAudience": ["elsewhere"]}],
    ids=["client", "scope", "audience"],
)
def test_a_changed_authorizer_ends_its_verdicts(rig: Rig, changed: dict[str, Any]) -> None:
    refused = f"{next(iter(changed)).removeprefix('allowed').lower().removesuffix('s')}_mismatch"
    assert rig.call(authorizer=AUTHORIZER | changed, door=("agent-0123456789", 2)) == refused


def test_runtimes_never_share_a_verdict(rig: Rig) -> None:
    strict = AUTHORIZER | {"allowedClients": ["other-app"]}
    other = ("other-0123456789", 1)
    for _ in range(2):
        assert rig.call(authorizer=strict, door=other) == "client_mismatch"
        assert isinstance(rig.call(), Admitted)


def test_two_doors_remember_the_same_credential_side_by_side() -> None:
    rig = Rig()
    rig.issuer.keys, counting = counted(issuer_keys())
    for _ in range(3):
        assert isinstance(rig.call(), Admitted)
        assert isinstance(rig.call(door=("other-0123456789", 1)), Admitted)
    assert counting.asked == 2


def test_a_verdict_ends_a_minute_before_its_token(rig: Rig) -> None:
    rig.now = NOW + 600 - 61
    assert isinstance(rig.call(), Admitted)
    rig.now += 1
    assert rig.call() == "expiring"


def test_a_clock_that_is_set_back_is_believed(rig: Rig) -> None:
    rig.now = NOW - 11
    assert rig.call() == "issued_in_future"


def test_a_refusal_is_not_remembered() -> None:
    rig = Rig()
    rig.issuer.keys = issuer_keys(jwk(rsa_key("other"), kid="other"))
    assert rig.call() == "unknown_key"
    rig.issuer.keys = issuer_keys()
    assert isinstance(rig.call(), Admitted)


@pytest.mark.parametrize("at", [10, 60, -5])
def test_another_credential_is_another_matter(rig: Rig, at: int) -> None:
    spoiled = TOKEN[:at] + ("A" if TOKEN[at] != "A" else "B") + TOKEN[at + 1 :]
    assert isinstance(rig.call(spoiled), str)


def verdict(policy: Policy = BY_CLIENT) -> Verdict:
    return Verdict(policy, issuer_keys(), "k", range(10), Admitted("jwt", "s", client="c"))


def test_the_least_recently_used_verdict_makes_room() -> None:
    remembered = Remembered(limit=2)
    for name in (b"a", b"b"):
        remembered.keep(name, DOOR, verdict())
    assert remembered.find(b"a", DOOR, BY_CLIENT) is not None
    remembered.keep(b"c", DOOR, verdict())
    found = [name for name in (b"a", b"b", b"c") if remembered.find(name, DOOR, BY_CLIENT) is not None]
    assert (found, len(remembered)) == ([b"a", b"c"], 2)
    assert MAX_REMEMBERED <= 10_000


def test_an_equal_policy_that_was_parsed_anew_is_asked_again() -> None:
    remembered = Remembered()
    remembered.keep(b"a", DOOR, verdict())
    assert remembered.find(b"a", DOOR, Policy(DISCOVERY_URL, clients=BY_CLIENT.clients)) is None


def test_no_part_of_a_token_is_kept(rig: Rig) -> None:
    kept = repr(rig.gate.__dict__["_remembered"].__dict__["_verdicts"])
    assert "user-1" in kept
    assert not [part for part in TOKEN.removeprefix("Bearer ").split(".") if part in kept]


@pytest.mark.parametrize(
    "changes",
    [{}, {"nbf": NOW + 5}, {"iat": NOW + 7, "nbf": NOW - 5}, {"iat": tokens.ABSENT}, {"exp": NOW + 65}],
    ids=["plain", "not-before", "issued-later", "no-issue", "short"],
)
def test_a_verdict_is_remembered_for_the_very_seconds_at_which_it_would_be_given(changes: dict[str, Any]) -> None:
    header, keys = tokens.bearer(changes), issuer_keys()
    told = holds_during(tokens.claims(**changes))
    edges = [s for edge in (told.start, told.stop) for s in (edge - 1, edge, edge + 1) if s >= 0]
    given = {s for s in edges if isinstance(authorize(header, BY_CLIENT, keys, s), Allow)}
    assert given == {s for s in edges if s in told}
    assert given


def test_a_refused_caller_leaves_nothing_for_the_collector(rig: Rig) -> None:
    """What only the collector can free makes everybody wait for it, and anybody can be refused as often as he likes."""
    head = Head("POST", b"/", b"", (("authorization", TOKEN[:-9] + "AAAAAAAAA"),))

    async def refused(times: int) -> int:
        gc.collect()
        for _ in range(times):
            with contextlib.suppress(Refused):
                await rig.gate.judge(head, AUTHORIZER, DOOR)
        return gc.collect()

    gc.disable()
    try:
        assert asyncio.run(refused(50)) < 50
    finally:
        gc.enable()
