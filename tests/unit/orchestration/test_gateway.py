"""The gateway is made, kept, altered and removed, and every difference of a live one is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from orchestration.console import Console
from orchestration.drift import GatewaySeen, Level, gateway_drifts
from orchestration.errors import BadInput, GateRefused, LaunchFailed, Leftovers, MissingOutputs, Unfit
from orchestration.gateway import (
    FunctionKeeper,
    GatewayAsked,
    GatewayMaker,
    MadeGateway,
    asked_of,
    delete_gateway,
    gateway_name,
    load_tools,
    own_gateway,
)
from orchestration.ledger import GatewayRecord
from orchestration.runtime.spec import desired_spec
from orchestration.settings import Endpoints, Settings
from orchestration.steps import Steps
from tests.fakes.gateway import (
    RECORD,
    ROOT,
    TARGET_ID,
    FakeFunctions,
    FakeGateways,
    asked,
    observed_gateway,
    observed_provider,
    observed_target,
    standing,
)
from tests.fakes.orchestration import (
    CLIENT_SECRET,
    GATEWAY,
    GATEWAY_ID,
    GATEWAY_URL,
    LOCAL_ENDPOINTS,
    FakeClock,
    deployment,
    settings,
)

PACKAGE = b"the package"
OTHER = "arn:aws:lambda:us-east-1:000000000000:function:another"


def maker(control: FakeGateways, functions: FakeFunctions | None = None, package: bytes = PACKAGE) -> GatewayMaker:
    keeper = FunctionKeeper(functions or FakeFunctions(), lambda: package, lambda text: None)
    return GatewayMaker(
        control, keeper, lambda client_id: CLIENT_SECRET, FakeClock(), lambda text: None, timeout_s=5.0, poll_s=1.0
    )


def made(
    control: FakeGateways,
    known: GatewayRecord | None = None,
    records: list[GatewayRecord] | None = None,
    functions: FakeFunctions | None = None,
) -> MadeGateway:
    """What the maker makes of it; `records` gets what it tells in between."""
    return maker(control, functions).ensure(asked(), known, (records if records is not None else []).append)


def removed(control: FakeGateways) -> list[str]:
    assert control.live is not None
    return delete_gateway(control, control.live, FakeClock(), lambda text: None, timeout_s=5.0, poll_s=1.0)


# -- what is asked for


def test_the_outputs_ask_for_a_gateway_whose_door_is_closed() -> None:
    found = asked()
    rules = found.gateway.authorizer["customJWTAuthorizer"]
    assert (found.gateway.authorizer_type, rules["allowedClients"]) == ("CUSTOM_JWT", ["client-of-the-agent"])
    assert (rules["allowedScopes"], found.target.credentials) == (["gateway/invoke"], ("GATEWAY_IAM_ROLE",))
    assert found.provider.client_id == "client-of-the-agent"


def test_outputs_without_a_gateway_ask_for_none() -> None:
    assert asked_of(settings(), []) is None


def test_the_name_is_found_without_outputs() -> None:
    assert gateway_name("mortgage_dev") == asked().gateway.name


def test_too_long_a_name_is_refused_before_anything_is_made() -> None:
    with pytest.raises(BadInput, match="longer than 48"):
        asked(gateway_name="g" * 49)


@pytest.mark.parametrize("text", ["{}", "[]", "[1]", "[{}]", "no json"])
def test_a_file_without_tools_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "agent" / "gateway" / "credit_check" / "tool_schema.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(BadInput, match="tool_schema.json"):
        load_tools(tmp_path)


def test_the_tool_takes_a_customer_and_nothing_else() -> None:
    [tool] = load_tools(ROOT)
    assert tool["name"] == "get_credit_score"
    assert tool["inputSchema"]["required"] == ["customer_id"] == list(tool["inputSchema"]["properties"])


def test_the_agent_is_told_where_its_gateway_is() -> None:
    with_gateway = replace(settings(**GATEWAY), gateway_url=GATEWAY_URL)
    told = {name: value for name, value in desired_spec(with_gateway, "d").environment.items() if "GATEWAY" in name}
    assert told == {
        "GATEWAY_URL": GATEWAY_URL,
        "GATEWAY_CREDENTIAL_PROVIDER": "mortgage-dev-gateway",
        "GATEWAY_SCOPE": "gateway/invoke",
    }
    assert not any("GATEWAY" in name for name in desired_spec(settings(), "d").environment)


def test_the_secret_is_no_part_of_what_is_compared_or_shown() -> None:
    assert CLIENT_SECRET not in repr(asked())


# -- make


def test_where_there_is_nothing_all_of_it_is_made() -> None:
    control, records = FakeGateways(settling=["CREATING", "CREATING"]), list[GatewayRecord]()
    found = made(control, records=records)
    assert found == MadeGateway(RECORD, ("gateway created", "credential provider created", "target created"))
    assert control.secrets == [CLIENT_SECRET]
    assert [(r.credential_provider, r.target_id) for r in records] == [
        (None, None),
        ("mortgage-dev-gateway", None),
        ("mortgage-dev-gateway", TARGET_ID),
    ], "an interrupt after each step must find what was made"


@pytest.mark.parametrize("known", [RECORD, None], ids=["recorded", "found-by-name"])
def test_what_is_as_asked_for_is_kept_and_no_secret_is_sent(known: GatewayRecord | None) -> None:
    control = standing()
    assert made(control, known) == MadeGateway(RECORD, ())
    assert [call for call in control.calls if not call.startswith("find")] == ([] if known else ["tag"])
    assert control.secrets == []


def test_a_target_that_is_still_being_made_is_waited_for() -> None:
    control = standing()
    control.behind = {"credit-check": observed_target(status="CREATING")}
    with pytest.raises(LaunchFailed, match="target Ab12Cd34Ef is still CREATING"):
        made(control, RECORD)


def gateway_with(**changes: Any) -> FakeGateways:
    control = standing()
    control.live = observed_gateway(spec=replace(asked().gateway, **changes))
    return control


def target_with(**changes: Any) -> FakeGateways:
    control = standing()
    control.behind = {"credit-check": observed_target(spec=replace(asked().target, **changes))}
    return control


def provider_with(**changes: Any) -> FakeGateways:
    control = standing()
    control.held = observed_provider(spec=replace(asked().provider, **changes))
    return control


@pytest.mark.parametrize(
    ("control", "changed", "call"),
    [
        (lambda: gateway_with(authorizer={}), "gateway authorizer", f"update {GATEWAY_ID}"),
        (lambda: gateway_with(role_arn="another"), "gateway role_arn", f"update {GATEWAY_ID}"),
        (lambda: gateway_with(extras=("exceptionLevel",)), "gateway extras", f"update {GATEWAY_ID}"),
        (lambda: target_with(function_arn=OTHER), "target function_arn", f"update_target {TARGET_ID}"),
        (lambda: target_with(tools=()), "target tools", f"update_target {TARGET_ID}"),
        (lambda: provider_with(client_id="another"), "credential provider client_id", "update_provider"),
    ],
    ids=["authorizer", "role", "extras", "function", "tools", "client"],
)
def test_what_differs_and_nothing_else_is_put_right(
    control: Callable[[], FakeGateways], changed: str, call: str
) -> None:
    altered = control()
    assert made(altered, RECORD).changed == (changed,)
    assert [c for c in altered.calls if not c.startswith("find")][0].startswith(call)
    assert made(altered, RECORD).changed == ()


def test_a_gateway_of_another_kind_of_door_is_replaced_by_nobody_but_its_owner() -> None:
    control = gateway_with(authorizer_type="NONE", authorizer={})
    with pytest.raises(GateRefused, match="authorizer type NONE") as caught:
        made(control, RECORD)
    assert caught.value.code == "authorizer_type_fixed"
    assert control.calls == []


def test_a_failed_gateway_is_named_with_its_reasons() -> None:
    with pytest.raises(LaunchFailed, match="FAILED: the role cannot be assumed") as caught:
        made(FakeGateways(ends_as="FAILED", reasons=("the role cannot be assumed",)))
    assert caught.value.code == "gateway_failed"


def test_one_that_never_came_up_is_made_anew() -> None:
    control = standing()
    control.live = observed_gateway(status="FAILED")
    assert "gateway created" in made(control, RECORD).changed
    assert control.calls.index(f"delete {GATEWAY_ID}") < control.calls.index("create mortgage-dev-gateway")


def test_one_that_does_not_get_ready_ends_the_wait() -> None:
    with pytest.raises(LaunchFailed, match="still CREATING after 5 s") as caught:
        made(FakeGateways(settling=["CREATING"] * 20))
    assert caught.value.code == "gateway_timed_out"


def test_a_door_that_is_not_the_one_that_was_sent_is_no_success() -> None:
    with pytest.raises(LaunchFailed, match="differs from what was sent: gateway authorizer"):
        made(FakeGateways(alters={"authorizer": {"customJWTAuthorizer": {"discoveryUrl": "https://x"}}}))


def test_a_wrong_or_lost_secret_behind_a_provider_is_given_again() -> None:
    control = standing()
    control.kept = "another"
    assert drifts(control) == [(PROVIDER_PLACE, "secret", Level.DRIFT)]
    assert made(control, RECORD).changed == ("credential provider secret",)
    assert control.secrets == [CLIENT_SECRET]
    assert (made(control, RECORD).changed, drifts(control)) == ((), [])


def test_a_target_that_nobody_asked_for_is_removed() -> None:
    control = with_stranger()
    assert made(control, RECORD).changed == ("target a-strangers removed",)
    assert list(control.behind) == ["credit-check"]


# -- whose it is


def test_what_is_made_says_whose_it_is() -> None:
    control = FakeGateways()
    made(control)
    assert control.labels == {"Project": "mortgage", "Environment": "dev", "ManagedBy": "orchestration"}


@pytest.mark.parametrize(
    ("labels", "role", "refused"),
    [
        ({"Project": "mortgage", "Environment": "dev"}, "another", False),
        ({"Project": "payroll"}, None, True),
        ({"Project": "mortgage", "Environment": "prod"}, None, True),
        ({}, None, False),
        ({}, "another", True),
    ],
    ids=["our-tags", "another-project", "another-environment", "our-role", "neither"],
)
def test_a_gateway_of_our_name_that_nobody_recorded_is_taken_only_with_a_proof(
    labels: dict[str, str], role: str | None, refused: bool
) -> None:
    control = gateway_with(role_arn=role) if role else standing()
    control.labels = labels
    if not refused:
        assert made(control).record.id == GATEWAY_ID
        return
    with pytest.raises(GateRefused) as caught:
        made(control)
    assert caught.value.code == "of_another"
    assert [call for call in control.calls if not call.startswith("find")] == []


def test_a_provider_of_another_client_is_taken_only_if_it_was_recorded() -> None:
    with pytest.raises(GateRefused, match="is of another client: another") as caught:
        made(provider_with(client_id="another"), replace(RECORD, credential_provider=None))
    assert caught.value.code == "of_another"


# -- the function


def function_with(**changes: Any) -> FakeFunctions:
    return FakeFunctions(replace(asked().function, **changes))


@pytest.mark.parametrize(
    ("changes", "changed", "call"),
    [
        ({"permissions": {"open": "Allow * lambda:*"}}, "function permission open", "remove_permission open"),
        ({"urls": {"arn:f": "NONE"}}, "function URL", "remove_url arn:f"),
        ({"code_sha256": "another"}, "function code", "put_code the package"),
    ],
    ids=["permission", "url", "code"],
)
def test_ways_round_the_gateway_are_closed(changes: dict[str, Any], changed: str, call: str) -> None:
    functions = function_with(**changes)
    assert made(standing(), RECORD, functions=functions).changed == (changed,)
    assert functions.calls == [call]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param({"urls": {"arn:aws:lambda:r:a:function:f:evil": "NONE"}}, "URL of f:evil", id="url-of-an-alias"),
        pytest.param({"permissions": {"evil:open": "Allow *"}}, "permission evil:open", id="permission-of-an-alias"),
    ],
)
def test_a_way_round_that_could_not_be_closed_is_named_and_no_success(changes: dict[str, Any], named: str) -> None:
    functions = replace(function_with(**changes), stubborn=True)
    with pytest.raises(LaunchFailed, match=named) as caught:
        made(standing(), RECORD, functions=functions)
    assert "--qualifier" in caught.value.remedy


@pytest.mark.parametrize(
    "changes",
    [{"handler": "x"}, {"role_arn": "x"}, {"runtime": "x"}, {"layers": ("x",)}, {"variables": ("PYTHONPATH",)}],
    ids=str,
)
def test_what_terraform_puts_right_and_did_not_is_no_success(changes: dict[str, Any]) -> None:
    with pytest.raises(LaunchFailed, match=next(iter(changes))) as caught:
        made(standing(), RECORD, functions=function_with(**changes))
    assert (caught.value.code, caught.value.remedy) == ("function_differs", "invoke apply")


def test_code_is_put_back_only_if_it_is_what_was_applied() -> None:
    functions = function_with(code_sha256="another")
    with pytest.raises(LaunchFailed, match="sources have changed"):
        maker(standing(), functions, b"newer").ensure(asked(), RECORD, lambda record: None)
    assert functions.calls == []


def test_a_function_that_is_gone_is_said() -> None:
    with pytest.raises(LaunchFailed) as caught:
        made(standing(), RECORD, functions=FakeFunctions(None))
    assert caught.value.code == "function_gone"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"permissions": {"open": "Allow * lambda:*"}}, "permissions.open"),
        ({"urls": {"arn:f": "NONE"}}, "urls.arn:f"),
        ({"code_sha256": "another"}, "code_sha256"),
        ({"handler": "x"}, "handler"),
        ({"role_arn": "x"}, "role_arn"),
        ({"layers": ("x",)}, "layers"),
        ({"variables": ("PYTHONPATH",)}, "variables"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_difference_of_the_function_is_one_critical_row(changes: dict[str, Any], field: str) -> None:
    assert drifts(standing(), function_with(**changes)) == [
        ("function mortgage-dev-credit-check", field, Level.CRITICAL)
    ]


# -- remove


def test_targets_go_before_the_gateway() -> None:
    control = standing()
    control.behind["a-strangers"] = observed_target(id="Zz12Cd34Ef")
    assert removed(control) == [
        "gateway target a-strangers",
        "gateway target credit-check",
        "gateway mortgage-dev-gateway",
    ]
    assert (control.live, control.behind) == (None, {})


def test_a_gateway_of_another_name_is_not_ours_though_it_is_recorded() -> None:
    assert own_gateway(gateway_with(name="another-gateway"), RECORD.name, RECORD) is None


def test_one_that_does_not_settle_is_told_as_left_over() -> None:
    control = FakeGateways(observed_gateway(status="UPDATING"))
    with pytest.raises(Leftovers, match="still UPDATING"):
        removed(control)


# -- drift


def drifts(control: FakeGateways, functions: FakeFunctions | None = None) -> list[tuple[str, str, Level]]:
    fits = control.held is None or maker(control).secret_fits(control.held)
    seen = GatewaySeen(control.live, control.behind, control.held, (functions or FakeFunctions()).live, fits)
    return [(d.where, d.field, d.level) for d in gateway_drifts(asked(), seen)]


GATEWAY_PLACE, TARGET_PLACE = "gateway mortgage-dev-gateway", "gateway mortgage-dev-gateway target credit-check"
PROVIDER_PLACE = "credential provider mortgage-dev-gateway"


def test_what_is_as_asked_for_has_not_drifted() -> None:
    assert drifts(standing()) == []


def loosened() -> FakeGateways:
    rules = dict(asked().gateway.authorizer["customJWTAuthorizer"])
    rules["allowedClients"] = [*rules["allowedClients"], "a-strangers"]
    return gateway_with(authorizer={"customJWTAuthorizer": rules})


def with_stranger() -> FakeGateways:
    control = standing()
    control.behind["a-strangers"] = observed_target(id="Zz12Cd34Ef")
    return control


@pytest.mark.parametrize(
    ("control", "row"),
    [
        (loosened, (GATEWAY_PLACE, "authorizer.allowedClients", Level.CRITICAL)),
        (lambda: gateway_with(authorizer_type="NONE"), (GATEWAY_PLACE, "authorizer_type", Level.CRITICAL)),
        (lambda: gateway_with(role_arn="another"), (GATEWAY_PLACE, "role_arn", Level.CRITICAL)),
        (lambda: target_with(function_arn=OTHER), (TARGET_PLACE, "function_arn", Level.CRITICAL)),
        (with_stranger, (f"{GATEWAY_PLACE} target a-strangers", "target", Level.CRITICAL)),
        (lambda: provider_with(client_id="another"), (PROVIDER_PLACE, "client_id", Level.CRITICAL)),
        (lambda: FakeGateways(held=observed_provider()), (GATEWAY_PLACE, "gateway", Level.DRIFT)),
        (
            lambda: FakeGateways(observed_gateway(), {}, observed_provider()),
            (TARGET_PLACE, "target", Level.DRIFT),
        ),
        (
            lambda: FakeGateways(observed_gateway(), {"credit-check": observed_target()}),
            (PROVIDER_PLACE, "credential provider", Level.DRIFT),
        ),
    ],
    ids="client type role function extra-target provider no-gateway no-target no-provider".split(),
)
def test_each_difference_is_one_row(control: Callable[[], FakeGateways], row: tuple[str, str, Level]) -> None:
    assert drifts(control()) == [row]


def test_outputs_of_half_a_gateway_are_no_outputs() -> None:
    with pytest.raises(MissingOutputs, match="gateway_authorizer"):
        settings(**{**GATEWAY, "gateway_authorizer": None})


# -- the step of `up`


@dataclass
class FakeTools:
    """As much of steps.Tools as the gateway's step asks for."""

    control: FakeGateways

    def gateways(self, endpoints: Endpoints) -> FakeGateways:
        return self.control

    def gateway_asked(self, settings: Settings) -> GatewayAsked | None:
        return asked() if settings.outputs.gateway else None

    def gateway_maker(self, settings: Settings) -> GatewayMaker:
        return maker(self.control)


def steps(root: Path, control: FakeGateways) -> Steps:
    console = Console(FakeClock(), quiet=True)
    tools: Any = FakeTools(control)
    return Steps(deployment(root), {}, tools, console, FakeClock(), None, LOCAL_ENDPOINTS)


def test_the_step_records_the_gateway_and_hands_its_url_on(tmp_path: Path) -> None:
    step = steps(tmp_path, FakeGateways())
    found, changed = step.gateway(settings(**GATEWAY))
    assert (found.gateway_url, changed) == (GATEWAY_URL, True)
    assert step.load_or_new().gateway == RECORD
    assert step.gateway(settings(**GATEWAY))[1] is False


def test_a_gateway_that_is_no_longer_asked_for_is_removed_and_forgotten(tmp_path: Path) -> None:
    control = FakeGateways()
    step = steps(tmp_path, control)
    step.gateway(settings(**GATEWAY))
    found, changed = step.gateway(settings())
    assert (found.gateway_url, changed, control.live, control.held) == (None, True, None, None)
    assert step.load_or_new().gateway is None
    assert step.gateway(settings())[1] is False


@pytest.mark.parametrize("ours", [True, False], ids=["with-our-tags", "with-none"])
def test_an_unasked_gateway_that_nobody_recorded_goes_only_with_our_tags(tmp_path: Path, ours: bool) -> None:
    control = standing()
    control.labels = asked().tags if ours else {}
    step = steps(tmp_path, control)
    assert (step.unasked_gateway(settings()) is not None) is ours
    assert step.gateway(settings())[1] is ours
    assert (control.live is None) is ours


def test_a_strangers_gateway_of_our_name_stays_though_a_gone_one_is_recorded(tmp_path: Path) -> None:
    control = FakeGateways()
    step = steps(tmp_path, control)
    step.gateway(settings(**GATEWAY))
    control.live, control.labels = observed_gateway(id="gateway-of-a-stranger"), {}
    assert step.gateway(settings())[1] is True
    assert (control.live is None, control.held, step.load_or_new().gateway) == (False, None, None)


def test_a_recorded_gateway_that_its_tags_have_made_anothers_stays(tmp_path: Path) -> None:
    control = FakeGateways()
    step = steps(tmp_path, control)
    step.gateway(settings(**GATEWAY))
    control.labels |= {"Environment": "prod"}
    step.gateway(settings())
    assert control.live is not None


@pytest.mark.parametrize("recorded", [True, False])
def test_a_provider_whose_tokens_are_another_pools_stays_whatever_it_is_called(tmp_path: Path, recorded: bool) -> None:
    control = standing()
    control.labels = dict(asked().tags)
    step = steps(tmp_path, control)
    if recorded:
        step.gateway(settings(**GATEWAY))
    control.held = observed_provider(spec=replace(asked().provider, discovery_url="https://idp/pool-of-a-stranger/x"))
    step.gateway(settings())
    assert (control.live, control.held is None) == (None, False)


@pytest.mark.parametrize("outputs", [{}, GATEWAY], ids=["off", "not-made"])
def test_who_calls_a_gateway_that_is_not_there_is_told_so(tmp_path: Path, outputs: dict[str, Any]) -> None:
    with pytest.raises(Unfit) as caught:
        steps(tmp_path, FakeGateways()).gateway_url(settings(**outputs))
    assert caught.value.code == "no_gateway"
