from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from orchestration.checks.callers import Caller
from orchestration.checks.case import Door
from orchestration.checks.doors import door_names, door_spec, excluded, probe_doors
from orchestration.errors import BadInput, LaunchFailed
from orchestration.ledger import RuntimeRecord
from orchestration.runtime.doors import DoorMaker
from orchestration.runtime.spec import Create, Keep, RuntimeSpec, Step, Update, changed_fields, spec_digest
from orchestration.settings import own_tags
from tests.fakes.orchestration import (
    DISCOVERY_URL,
    PROBES,
    RUNTIME_ARN,
    RUNTIME_ID,
    FakeClock,
    FakeControl,
    observed,
    settings,
    spec,
    without,
)

OTHERS = [door for door in Door if door not in (Door.MAIN, Door.GATEWAY)]
GROUP_RULE = {
    "inboundTokenClaimName": "cognito:groups",
    "inboundTokenClaimValueType": "STRING_ARRAY",
    "authorizingClaimMatchValue": {
        "claimMatchValue": {"matchValueStringList": ["mortgage-dev-probe"]},
        "claimMatchOperator": "CONTAINS_ANY",
    },
}


# -- what the doors should be


@pytest.mark.parametrize(
    ("door", "rules"),
    [
        pytest.param(
            Door.SCOPE,
            {
                "allowedClients": ["client-of-people", "client-of-machines", "client-of-probing-machines"],
                "allowedScopes": ["probe/call"],
            },
            id="scope",
        ),
        pytest.param(
            Door.GROUP,
            {"allowedClients": ["client-of-people", "client-of-machines"], "customClaims": [GROUP_RULE]},
            id="group",
        ),
        pytest.param(Door.AUDIENCE, {"allowedAudience": ["client-of-people"]}, id="audience"),
    ],
)
def test_a_door_asks_for_one_thing_more_than_a_client(door: Door, rules: dict[str, Any]) -> None:
    made = door_spec(settings(), spec(), door)
    assert made.authorizer == {"customJWTAuthorizer": {"discoveryUrl": DISCOVERY_URL, **rules}}
    assert changed_fields(made, spec()) == ("name", "authorizer")


def test_the_door_for_signed_calls_has_no_authorizer_and_may_not_forward_a_token() -> None:
    made = door_spec(settings(), spec(), Door.IAM)
    assert (made.authorizer, made.request_headers) == ({}, ())
    assert changed_fields(made, spec()) == ("name", "authorizer", "request_headers")


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"request_headers": ("X-Other",), "require_mmds_v2": False}, id="headers"),
        pytest.param({"extras": ("filesystemConfigurations",)}, id="extras"),
        pytest.param({"bucket": "somebody-elses", "key": "evil/a.zip"}, id="package"),
        pytest.param({"protocol": ""}, id="no-protocol"),
        pytest.param({"role_arn": "arn:aws:iam::000000000000:role/other"}, id="role"),
    ],
)
def test_what_somebody_changed_at_the_main_runtime_is_not_copied(changed: dict[str, Any]) -> None:
    loose = spec(**changed)
    assert door_spec(settings(), loose, Door.SCOPE) == door_spec(settings(), spec(), Door.SCOPE)


def test_no_outsider_is_let_in_anywhere() -> None:
    made = repr([door_spec(settings(), spec(), door).authorizer for door in OTHERS])
    assert PROBES["probe_outsider_client_id"] not in made
    assert PROBES["probe_outsider_machine_client_id"] not in made


def test_doors_are_named_after_the_runtime() -> None:
    assert door_names("mortgage_dev") == {door: f"mortgage_dev_probe_{door.value}" for door in OTHERS}


def test_a_name_that_the_service_would_not_take_is_refused() -> None:
    long = settings(agent_runtime_name="m" * 34)
    assert len(door_spec(long, spec(), Door.GROUP).name) == 46
    with pytest.raises(BadInput, match="longer than 48"):
        door_spec(long, spec(), Door.AUDIENCE)


def test_there_are_as_many_doors_as_there_are_probes_for() -> None:
    assert set(probe_doors(settings())) == set(OTHERS)
    assert probe_doors(settings(**without(PROBES))) == ()


MACHINES = {Caller.MACHINE, Caller.ACTING_MACHINE}
RULE = {"name": "cognito:groups", "type": "STRING_ARRAY", "operator": "CONTAINS_ANY", "values": ["staff"]}


@pytest.mark.parametrize(
    ("changes", "out"),
    [
        pytest.param({}, set(), id="clients-alone"),
        pytest.param({"authorizer_custom_claims": [RULE]}, MACHINES | {Caller.SECOND}, id="a-group"),
        pytest.param({"authorizer_allowed_scopes": ["agent/invoke"]}, {Caller.PERSON, Caller.SECOND}, id="a-scope"),
        pytest.param({"authorizer_allowed_scopes": ["aws.cognito.signin.user.admin"]}, MACHINES, id="peoples-scope"),
        pytest.param(
            {"authorizer_allowed_scopes": ["aws.cognito.signin.user.admin", "agent/invoke"]}, set(), id="both-scopes"
        ),
    ],
)
def test_whom_the_main_door_keeps_out_by_its_own_rules(changes: dict[str, Any], out: set[Caller]) -> None:
    assert set(excluded(settings(**changes))) == out


# -- making them

SCOPE = door_spec(settings(), spec(), Door.SCOPE)
RECORD = RuntimeRecord(SCOPE.name, RUNTIME_ID, RUNTIME_ARN, "v1", spec_digest(SCOPE))


def changes(control: FakeControl) -> list[str]:
    return [call for call in control.calls if not call.startswith(("get ", "find "))]


class Making:
    """`unknown` is how often the data plane does not know the door yet."""

    def __init__(self, control: FakeControl, unknown: int = 0) -> None:
        self.control, self.clock, self.unknown = control, FakeClock(), unknown
        self.made: list[RuntimeRecord] = []
        self.notes: list[str] = []
        waits: Any = {"timeout_s": 60.0, "poll_s": 5.0}
        tags = own_tags("mortgage", "dev")
        self.maker = DoorMaker(control, self._known, self.clock, self.notes.append, **waits, tags=tags)

    def _known(self, arn: str) -> bool:
        self.unknown -= 1
        return self.unknown < 0

    def step(self, version: str | None = "v1", record: RuntimeRecord | None = RECORD, *, mend: bool = False) -> Step:
        return self.maker.next_step(SCOPE, record, version, mend=mend)

    def ensure(self, wanted: RuntimeSpec = SCOPE) -> str:
        return self.maker.ensure(self.step(), wanted, "v1", self.made.append).arn


def test_a_door_that_is_as_it_should_be_is_kept_and_not_touched() -> None:
    making = Making(FakeControl(observed(SCOPE)))
    assert isinstance(making.step(), Keep)
    assert making.ensure() == RUNTIME_ARN
    assert changes(making.control) == [] and making.made == []


LOOSENED = observed(replace(SCOPE, authorizer={}))


@pytest.mark.parametrize(
    ("control", "version", "record", "kind"),
    [
        pytest.param(FakeControl(), "v1", RECORD, Create, id="not-there"),
        pytest.param(FakeControl(observed(SCOPE)), "v1", None, Update, id="not-recorded"),
        pytest.param(FakeControl(observed(SCOPE)), "v2", RECORD, Update, id="an-older-package"),
        pytest.param(
            FakeControl(observed(SCOPE)), "v1", replace(RECORD, spec_digest="x"), Update, id="asked-for-otherwise-now"
        ),
        pytest.param(FakeControl(observed(SCOPE, status="UPDATE_FAILED")), "v1", RECORD, Update, id="never-came-up"),
    ],
)
def test_the_step(control: FakeControl, version: str, record: RuntimeRecord | None, kind: type[Step]) -> None:
    assert isinstance(Making(control).step(version, record), kind)


def test_a_door_that_somebody_loosened_is_left_for_the_calls_to_show_and_said_to_be_so() -> None:
    making = Making(FakeControl(LOOSENED))
    assert isinstance(making.step(), Keep)
    assert "authorizer" in making.notes[0]


def test_a_door_that_somebody_loosened_is_mended_where_that_is_asked_for() -> None:
    assert isinstance(Making(FakeControl(LOOSENED)).step(mend=True), Update)


def test_the_digest_of_a_spec_tells_every_change_but_the_order_of_lists() -> None:
    clients = SCOPE.authorizer["customJWTAuthorizer"]["allowedClients"]
    turned = {"customJWTAuthorizer": {**SCOPE.authorizer["customJWTAuthorizer"], "allowedClients": clients[::-1]}}
    assert spec_digest(replace(SCOPE, authorizer=turned)) == spec_digest(SCOPE)
    others: list[Any] = [{name: "x"} for name in RuntimeSpec.__slots__]
    assert len({spec_digest(SCOPE), *(spec_digest(replace(SCOPE, **other)) for other in others)}) == len(others) + 1


def test_a_new_door_is_recorded_before_it_is_waited_for() -> None:
    making = Making(FakeControl())
    making.control.statuses = ["CREATING"]
    making.clock = FakeClock()
    seen: list[int] = []
    maker = replace(making.maker, clock=FakeClock(lambda seconds: seen.append(len(making.made))))
    maker.ensure(making.step(), SCOPE, "v1", making.made.append)
    assert making.made == [RECORD]
    assert seen and set(seen) == {1}


def test_a_door_says_whose_it_is() -> None:
    control = FakeControl()
    Making(control).ensure()
    assert control.tags(RUNTIME_ARN) == own_tags("mortgage", "dev")


def test_mmds_v2_is_turned_on_where_creating_leaves_it_off() -> None:
    control = FakeControl(starts_with_mmds_off=True)
    Making(control).ensure()
    assert changes(control) == [f"create {SCOPE.name}", f"update {RUNTIME_ID}"]
    assert control.live is not None and control.live.spec == SCOPE


def test_a_door_that_does_not_turn_out_as_asked_for_is_an_error() -> None:
    class Forgetful(FakeControl):
        def create(self, spec: RuntimeSpec, tags: Mapping[str, str]) -> tuple[str, str]:
            return super().create(replace(spec, authorizer={}), tags)

    with pytest.raises(LaunchFailed) as caught:
        Making(Forgetful()).ensure()
    assert caught.value.code == "door_differs"
    assert "authorizer" in caught.value.message


def test_the_data_plane_is_waited_for() -> None:
    making = Making(FakeControl(), unknown=3)
    making.ensure()
    assert making.clock.slept == [5.0, 5.0, 5.0]


def test_a_data_plane_that_never_knows_the_door_ends_the_wait() -> None:
    with pytest.raises(LaunchFailed) as caught:
        Making(FakeControl(), unknown=1000).ensure()
    assert caught.value.code == "data_plane_timed_out"
