from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from orchestration.checks.callers import SIGNED, Caller
from orchestration.checks.kit import AwsCredentials, Unavailable
from orchestration.checks.request import Request
from orchestration.checks.source import DeploymentSource, GivenSource
from orchestration.tokens import TokenBroker
from tests.fakes.orchestration import (
    COGNITO,
    CUSTOMERS,
    GATEWAY,
    OUTPUTS,
    PROBES,
    FakeIdentityProvider,
    decoded,
    settings,
    without,
)

BEARERS = [caller for caller in Caller if caller not in SIGNED | {Caller.NOBODY}]
OWN = {Caller.PERSON, Caller.PERSON_ID, Caller.PERSON_REFRESH, Caller.MACHINE, Caller.ACTING_MACHINE}


class Roles:
    def own(self) -> AwsCredentials:
        return AwsCredentials("own", "s")

    def of_role(self, role_arn: str, session_name: str) -> AwsCredentials:
        return AwsCredentials(role_arn, session_name)


class Scene:
    def __init__(self, **outputs: Any) -> None:
        self.provider = FakeIdentityProvider()
        self.grants: list[tuple[str, str]] = []
        chosen = settings(**outputs)
        broker = TokenBroker(chosen, self.provider, self._grant)
        self.source = DeploymentSource(chosen, broker, Roles(), lambda: [], lambda pool, use: b"", same)

    def _grant(self, url: str, client_id: str, secret: str, scope: str) -> str:
        self.grants.append((client_id, scope))
        return f"{client_id} {scope}"


def same(request: Request, signing: object) -> Request:
    return request


@pytest.mark.parametrize(
    ("caller", "sign_in"),
    [
        (Caller.PERSON, "sign_in client-of-people caller@example.com"),
        (Caller.SECOND, "sign_in client-of-people second@example.com"),
        (Caller.OUTSIDER, f"sign_in {PROBES['probe_outsider_client_id']} caller@example.com"),
        (Caller.OTHER_POOL, "sign_in client-of-the-other-pool second@example.com"),
    ],
)
def test_people_sign_in_as_themselves_through_their_client(caller: Caller, sign_in: str) -> None:
    scene = Scene()
    token = scene.source.token(caller)
    assert [call for call in scene.provider.calls if call.startswith("sign_in")] == [sign_in]
    assert decoded(token.split(".")[1])["client_id"] == sign_in.split()[1]


@pytest.mark.parametrize(
    ("caller", "client", "scope"),
    [
        (Caller.MACHINE, "client-of-machines", "agent/invoke"),
        (Caller.ACTING_MACHINE, "client-of-machines", "agent/invoke agent/act-for-customers"),
        (Caller.OUTSIDER_MACHINE, PROBES["probe_outsider_machine_client_id"], "probe/call"),
        (Caller.SCOPED, "client-of-probing-machines", "probe/call"),
        (Caller.SCOPED_BOTH, "client-of-probing-machines", "probe/call probe/other"),
        (Caller.SCOPED_LONGER, "client-of-probing-machines", "probe/call-more"),
        (Caller.SCOPED_OTHER, "client-of-probing-machines", "probe/other"),
        (Caller.AGENT, "client-of-the-agent", "gateway/invoke"),
        (Caller.GATEWAY_OUTSIDER, "client-of-the-gateways-outsiders", "gateway/invoke"),
    ],
)
def test_machines_ask_for_their_scope_and_no_other(caller: Caller, client: str, scope: str) -> None:
    scene = Scene(**GATEWAY)
    scene.source.token(caller)
    assert scene.grants == [(client, scope)]


def test_the_three_tokens_of_a_person_come_from_one_sign_in() -> None:
    scene = Scene()
    tokens = {scene.source.token(c) for c in (Caller.PERSON, Caller.PERSON_ID, Caller.PERSON_REFRESH)}
    assert len(tokens) == 3
    assert len([call for call in scene.provider.calls if call.startswith("sign_in")]) == 1


@pytest.mark.parametrize(
    ("caller", "key_id"),
    [
        (Caller.OPERATOR, "own"),
        (Caller.INVOKER, OUTPUTS["probe_invoker_role_arn"]),
        (Caller.STRANGER, OUTPUTS["probe_stranger_role_arn"]),
        (Caller.ELSEWHERE, OUTPUTS["probe_elsewhere_role_arn"]),
    ],
)
def test_signed_calls_are_made_as_the_role_that_they_are_about(caller: Caller, key_id: str) -> None:
    assert Scene().source.credentials(caller).key_id == key_id


@pytest.mark.parametrize("caller", BEARERS, ids=lambda caller: caller.name)
@pytest.mark.parametrize(
    ("outputs", "there"),
    [
        pytest.param(without(PROBES), OWN, id="no-probes"),
        pytest.param(without(PROBES, COGNITO), set[Caller](), id="another-provider"),
    ],
)
def test_callers_that_are_not_there_are_unavailable(
    caller: Caller, outputs: Mapping[str, Any], there: set[Caller]
) -> None:
    source = Scene(**outputs).source
    if caller in there:
        assert source.token(caller)
    else:
        with pytest.raises(Unavailable):
            source.token(caller)


@pytest.mark.parametrize("caller", [Caller.AGENT, Caller.GATEWAY_OUTSIDER], ids=lambda caller: caller.name)
def test_a_state_without_a_gateway_has_nobody_who_calls_one(caller: Caller) -> None:
    with pytest.raises(Unavailable, match="no gateway here"):
        Scene().source.token(caller)


def test_a_state_without_customers_has_nobody_who_acts_for_them() -> None:
    with pytest.raises(Unavailable, match="invoke apply"):
        Scene(**without(CUSTOMERS)).source.token(Caller.ACTING_MACHINE)


def test_the_providers_key_is_to_be_had_for_our_own_pool_on_the_local_target_alone() -> None:
    asked: list[tuple[str, str]] = []

    def key(pool: str, use: str) -> bytes:
        asked.append((pool, use))
        return b"pem"

    def source(pool_key: Any, **outputs: Any) -> DeploymentSource:
        chosen = settings(**outputs)
        broker = TokenBroker(chosen, FakeIdentityProvider(), lambda *args: "")
        return DeploymentSource(chosen, broker, Roles(), lambda: [], pool_key, same)

    assert source(key).private_key("access") == b"pem"
    assert asked == [("us-east-1_pool", "access")]
    for elsewhere in (source(None), source(key, **without(PROBES, COGNITO))):
        with pytest.raises(Unavailable):
            elsewhere.private_key("access")


@pytest.mark.parametrize("caller", BEARERS, ids=lambda caller: caller.name)
def test_of_a_runtime_of_somebody_else_only_the_given_token_is_known(caller: Caller) -> None:
    given = GivenSource("the-token", Roles(), lambda: [], same)
    if caller is Caller.PERSON:
        assert given.token(caller) == "the-token"
    else:
        with pytest.raises(Unavailable):
            given.token(caller)
    with pytest.raises(Unavailable):
        GivenSource(None, Roles(), lambda: [], same).token(caller)


def test_of_a_runtime_of_somebody_else_no_role_and_no_key_is_known() -> None:
    given = GivenSource("the-token", Roles(), lambda: [], same)
    assert given.credentials(Caller.OPERATOR).key_id == "own"
    with pytest.raises(Unavailable):
        given.credentials(Caller.INVOKER)
    with pytest.raises(Unavailable):
        given.private_key("access")


def test_a_given_token_is_shown_nowhere() -> None:
    assert "the-token" not in repr(GivenSource("the-token", Roles(), lambda: [], same))
