"""The order of a teardown, what it keeps in mind, and when it stops. On AWS's side: nothing runs here."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self, cast

import pytest

from orchestration.commands.belongings import Belongings
from orchestration.commands.teardown import Teardown
from orchestration.console import Console
from orchestration.embedded.changes import Seen
from orchestration.embedded.cloud import LocalCloud
from orchestration.errors import BadInput, GateRefused, Leftovers, OrchestrationError, TerraformFailed, Unfit
from orchestration.gateway import ObservedGateway, ObservedProvider
from orchestration.ledger import Ledger, LedgerFile, Ports, RuntimeRecord
from orchestration.remains import Found, Kind, Ours, Remain, Thing, Unseen
from orchestration.settings import Target, aws_endpoints
from orchestration.steps import Steps, Tools
from orchestration.terraform import CUT_OFF, RemoteState
from tests.fakes.gateway import RECORD as GATEWAY_RECORD
from tests.fakes.gateway import FakeGateways, observed_gateway, observed_provider, observed_target
from tests.fakes.orchestration import (
    GATEWAY,
    LOCAL_ENDPOINTS,
    RUNTIME_ARN,
    RUNTIME_ID,
    FakeClock,
    FakeControl,
    deployment,
    observed,
    spec,
)
from tests.unit.orchestration.test_held import block, state

ACCOUNT = "111122223333"
RECORD = RuntimeRecord("mortgage_dev", RUNTIME_ID, RUNTIME_ARN)
LEFT = Remain(Thing(Kind.ROLE, "mortgage-dev-x", "mortgage-dev-x"), "name", "aws iam delete-role")
ROLE = "arn:aws:iam::111122223333:role/brought"
TAGS = {"Project": "mortgage", "Environment": "dev"}
ANOTHERS = {"Project": "payroll"}
OUTPUTS = {"project": "mortgage", "agent_runtime_name": "mortgage_dev", "runtime_role_arn": ROLE}


@dataclass
class World:
    """Tools, Terraform, log groups and the search in one, all on one list of calls."""

    state: Path
    control_plane: FakeControl = field(default_factory=lambda: FakeControl(observed()))
    gateway_plane: FakeGateways = field(default_factory=FakeGateways)
    found: Found = field(default_factory=Found)
    destroys: Callable[[], None] = lambda: None
    calls: list[str] = field(default_factory=list)
    searched: list[Ours] = field(default_factory=list)
    log_path: Path = Path("/log")
    settled: str | Exception = ""

    def __post_init__(self) -> None:
        self.control_plane.calls = self.gateway_plane.calls = self.calls

    def account(self) -> str:
        return ACCOUNT

    def confirm_spending(self) -> None:
        self.calls.append("confirm")

    def remote(self, bucket: str | None = None) -> RemoteState | None:
        return None

    def control(self, endpoints: Any) -> FakeControl:
        return self.control_plane

    def gateways(self, endpoints: Any) -> FakeGateways:
        return self.gateway_plane

    def log_groups(self, endpoints: Any) -> World:
        return self

    def of(self, runtime_id: str) -> list[str]:
        return [f"/logs/{runtime_id}-DEFAULT"]

    def remove(self, runtime_id: str) -> list[str]:
        self.calls.append(f"logs {runtime_id}")
        return self.of(runtime_id)

    def apart(self, endpoints: Any) -> World:
        return self

    def driver(self, endpoints: Any, place: Any) -> World:
        return self

    def local_state(self) -> None:
        raise TerraformFailed("not a state", remedy="none", code="corrupt_state")

    def init(self) -> None:
        self.calls.append("init")

    def terraform(self, endpoints: Any) -> World:
        raise AssertionError("it writes into the project")

    def is_settled(self, mark: str) -> bool:
        if isinstance(self.settled, Exception):
            raise self.settled
        self.calls.append(f"settled at {mark}")
        return self.settled == mark

    def destroy(self, *, refresh: bool, on_line: Callable[[str], None]) -> None:
        self.calls.append("destroy" if refresh else "destroy without a look")
        self.destroys()
        for address in ("aws_cognito_user_pool_client.x", "aws_iam_role.x"):
            on_line(f"{address}: Destruction complete after 0s")
        self.state.write_text(state())

    def has_state(self) -> bool:
        return bool(json.loads(self.state.read_text())["resources"])

    def remains(self, endpoints: Any) -> World:
        return self

    def search(self, ours: Ours) -> Found:
        self.calls.append("search")
        self.searched.append(ours)
        return self.found


class Here:
    """A deployment on AWS with a state, a ledger and a runtime."""

    cloud: Cloud | None = None

    def __init__(self, root: Path, target: Target = Target.AWS) -> None:
        self.chosen = deployment(root, target)
        self.world = World(self.chosen.state_dir / "terraform.tfstate")
        self.err = io.StringIO()

    def made(self, **outputs: str) -> Self:
        LedgerFile(self.chosen.ledger_path).save(
            Ledger(self.chosen.target.value, "dev", "us-east-1", ACCOUNT, runtime=RECORD)
        )
        held = block("aws_iam_role", arn="arn:role"), block("aws_cognito_user_pool_client", id="client-of-ours")
        self.world.state.write_text(state(*held, **(OUTPUTS | outputs)))
        return self

    def with_gateway(self, live: ObservedGateway | None = None, provider: ObservedProvider | None = None) -> None:
        plane = self.world.gateway_plane
        plane.live, plane.held = live, provider
        plane.behind = {"credit-check": observed_target()} if live else {}
        self.record(gateway=GATEWAY_RECORD)

    def record(self, **changes: Any) -> None:
        file = LedgerFile(self.chosen.ledger_path)
        file.save(replace(file.load() or pytest.fail("no ledger"), **changes))

    def teardown(self, env: dict[str, str] | None = None) -> Teardown:
        console = Console(FakeClock(), out=io.StringIO(), err=self.err)
        tools = cast(Tools, self.world)
        fixed = None if self.cloud else aws_endpoints("us-east-1")
        cloud = cast(LocalCloud | None, self.cloud)
        return Teardown(Steps(self.chosen, env or {}, tools, console, FakeClock(), cloud, fixed))

    def steps_taken(self) -> list[str]:
        """Without looks."""
        return [call for call in self.world.calls if call.split()[0] not in ("get", "find", "init")]


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(tmp_path)


def test_runtime_then_its_logs_then_terraform_then_the_search(here: Here) -> None:
    report = here.made().teardown().down()
    assert here.steps_taken() == ["confirm", f"delete {RUNTIME_ID}", f"logs {RUNTIME_ID}", "destroy", "search"]
    assert [(item.kind, item.by) for item in report.removed] == [
        ("runtime", "ledger"),
        ("log group", "runtime"),
        ("aws_cognito_user_pool_client", "terraform"),
        ("aws_iam_role", "terraform"),
        ("folder", "ledger"),
    ]
    assert report.ok and not here.chosen.state_dir.parent.exists()


def test_the_last_deployment_of_a_checkout_takes_the_functions_package_along(here: Here) -> None:
    package, other = here.chosen.root / "terraform" / ".package", here.made().chosen.state_dir.parent / "local-dev"
    package.mkdir(parents=True)
    other.mkdir()
    here.teardown().down()
    assert package.exists(), "another environment may plan with it"
    other.rmdir()
    here.teardown().steps.remove_if_empty()
    assert not package.exists()


def test_a_dry_run_says_what_the_teardown_then_does_and_changes_nothing(here: Here) -> None:
    here.made()
    before = {path: path.read_bytes() for path in here.chosen.state_dir.rglob("*") if path.is_file()}
    shown = here.teardown().preview()
    assert here.steps_taken() == ["search"]
    assert {path: path.read_bytes() for path in here.chosen.state_dir.rglob("*") if path.is_file()} == before
    assert here.teardown().down().removed == shown.removed


def test_what_is_left_is_reported_and_the_record_of_the_deployment_stays(here: Here) -> None:
    here.made().world.found = Found((LEFT,))
    report = here.teardown().down()
    assert report.left == [LEFT]
    assert here.chosen.ledger_path.exists()
    here.world.found = Found()
    assert here.teardown().down().ok
    assert not here.chosen.state_dir.exists()


def test_a_search_that_could_not_look_everywhere_keeps_the_record_too(here: Here) -> None:
    here.made().world.found = Found((), (Unseen(Kind.POOL, "AccessDenied"),))
    assert not here.teardown().down().ok
    assert here.chosen.ledger_path.exists()


def test_the_role_that_was_brought_is_kept_in_mind_after_the_outputs_are_gone(here: Here) -> None:
    here.made().world.found = Found((LEFT,))
    here.teardown().down()
    here.teardown().down()
    first, second = here.world.searched
    assert first.keep == second.keep == {ROLE}
    assert (second.project, second.agent) == ("mortgage", "mortgage_dev")


def test_a_role_that_the_state_holds_is_not_kept(here: Here) -> None:
    here.made(runtime_role_arn="arn:role").teardown().down()
    assert here.world.searched[0].keep == frozenset()


def broken() -> None:
    raise TerraformFailed("no", remedy="none")


def killed() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("how", "raised"), [(broken, TerraformFailed), (killed, KeyboardInterrupt)])
def test_a_teardown_that_was_cut_off_goes_on_where_it_was(
    here: Here, how: Callable[[], None], raised: type[BaseException]
) -> None:
    here.made().world.destroys = how
    with pytest.raises(raised):
        here.teardown().down()
    assert LedgerFile(here.chosen.ledger_path).load() == Ledger("aws", "dev", "us-east-1", ACCOUNT)
    here.world.destroys = lambda: None
    here.world.calls.clear()
    assert here.teardown().down().ok
    assert "destroy" in here.world.calls and f"delete {RUNTIME_ID}" not in here.world.calls


def test_the_log_groups_of_a_runtime_whose_removal_was_cut_off_go_too(here: Here) -> None:
    here.made().world.control_plane.live = None
    here.teardown().down()
    assert f"logs {RUNTIME_ID}" in here.world.calls, "the ledger still knows its id"


def test_log_groups_that_may_not_be_deleted_stop_nothing(here: Here) -> None:
    def refuse(runtime_id: str) -> list[str]:
        raise Unfit("logs:DeleteLogGroup was refused", remedy="allow it", code="access_denied")

    here.made().world.remove = refuse  # type: ignore[method-assign]
    assert here.teardown().down().ok
    assert "log groups of" in here.err.getvalue()


def test_resources_that_stay_in_the_state_are_leftovers(here: Here) -> None:
    here.made().world.has_state = lambda: True  # type: ignore[method-assign]
    with pytest.raises(Leftovers, match="still lists resources"):
        here.teardown().down()


def test_a_protected_environment_is_neither_removed_nor_shown(here: Here) -> None:
    here.made(deletion_protection="true")
    for act in (here.teardown().down, here.teardown().preview):
        with pytest.raises(GateRefused, match="deletion protection"):
            act()
    assert here.steps_taken() == ["confirm"]


@pytest.mark.parametrize("values", ["[", "allowed_account_ids = 7"])
def test_broken_values_do_not_keep_alive_what_was_made_in_this_account(here: Here, values: str) -> None:
    here.made().chosen.tfvars_path.parent.mkdir(parents=True)
    here.chosen.tfvars_path.write_text(values)
    assert here.teardown({"TF_VAR_allowed_account_ids": "["}).down().ok


def test_broken_values_and_no_account_on_record_stop_it(here: Here) -> None:
    here.made()
    LedgerFile(here.chosen.ledger_path).save(Ledger("aws", "dev", "us-east-1"))
    with pytest.raises(BadInput):
        here.teardown({"TF_VAR_allowed_account_ids": "["}).down()


def test_another_account_than_the_recorded_one_is_refused(here: Here) -> None:
    here.made()
    LedgerFile(here.chosen.ledger_path).save(Ledger("aws", "dev", "us-east-1", "444455556666"))
    for act in (here.teardown().down, here.teardown().preview):
        with pytest.raises(GateRefused, match="444455556666"):
            act()


def test_without_a_record_aws_is_searched_all_the_same_and_nothing_is_made(here: Here) -> None:
    assert here.teardown().down().removed == []
    here.world.found = Found((LEFT,))
    report = here.teardown().down()
    assert (report.removed, report.left) == ([], [LEFT])
    assert here.steps_taken() == ["search", "search"]
    assert here.world.searched[0].prefix == "inbound-auth-dev"
    assert not here.chosen.state_dir.exists()


def test_a_state_that_cannot_be_read_is_told_with_its_remedy(here: Here) -> None:
    here.made().world.state.write_text("{")
    with pytest.raises(OrchestrationError) as caught:
        here.teardown().down()
    assert caught.value.code == "corrupt_state"


def test_the_default_project_is_the_one_of_terraform() -> None:
    root = Path(__file__).resolve().parents[3]
    declared = (root / "terraform" / "variables.tf").read_text().partition('variable "project"')[2]
    assert 'default     = "inbound-auth"' in declared.partition("validation")[0]


PROOFS = [
    pytest.param(True, {}, "arn:other", "ledger", id="its-id-is-recorded"),
    pytest.param(False, TAGS, "arn:other", "tags", id="tagged"),
    pytest.param(False, {}, "arn:role", "role", id="runs-as-a-role-of-the-state"),
    pytest.param(False, {}, ROLE, None, id="runs-as-the-role-that-was-brought"),
    pytest.param(False, {}, "arn:other", None, id="only-called-so"),
    pytest.param(True, ANOTHERS, "arn:role", None, id="tagged-as-anothers"),
]


@pytest.mark.parametrize(("recorded", "tags", "role", "by"), PROOFS)
def test_a_runtime_goes_if_it_is_provably_ours_and_else_stays(
    here: Here, recorded: bool, tags: dict[str, str], role: str, by: str | None
) -> None:
    here.made().world.control_plane.live = observed(spec(role_arn=role))
    here.world.control_plane.labels = {RUNTIME_ARN: tags}
    if not recorded:
        here.record(runtime=None)
    shown = here.teardown().preview()
    removed = here.teardown().down().removed
    assert (f"delete {RUNTIME_ID}" in here.world.calls) is (by is not None)
    assert [item.by for item in removed if item.kind == "runtime"] == ([by] if by else [])
    assert [item.by for item in shown.removed if item.kind == "runtime"] == ([by] if by else [])
    assert (f"logs {RUNTIME_ID}" in here.world.calls) is (by is not None), "logs are as much somebody's as the runtime"


def test_a_recorded_runtime_that_became_anothers_stays_on_record(here: Here) -> None:
    """While something is left, the next run must know it."""
    here.made().world.control_plane.labels = {RUNTIME_ARN: ANOTHERS}
    here.world.found = Found((LEFT,))
    here.teardown().down()
    ledger = LedgerFile(here.chosen.ledger_path).load()
    assert ledger is not None and ledger.runtime == RECORD
    assert f"runtime {RUNTIME_ID} stays with its log groups" in here.err.getvalue()


@pytest.mark.parametrize(("recorded", "tags", "role", "by"), PROOFS)
def test_a_gateway_goes_if_it_is_provably_ours_and_else_stays(
    here: Here, recorded: bool, tags: dict[str, str], role: str, by: str | None
) -> None:
    asked = observed_gateway().spec
    here.made().with_gateway(observed_gateway(spec=replace(asked, role_arn=role)))
    here.world.gateway_plane.labels = tags
    if not recorded:
        here.record(gateway=None)
    removed = here.teardown().down().removed
    gone = [(item.kind, item.name, item.by) for item in removed if "gateway" in item.kind]
    assert gone == ([("gateway target", "credit-check", by), ("gateway", GATEWAY["gateway_name"], by)] if by else [])
    assert (here.world.gateway_plane.live is None) is (by is not None)


@pytest.mark.parametrize(
    ("recorded", "pool", "client", "by"),
    [
        pytest.param(True, "us-east-1_pool", "client-of-before", "ledger", id="recorded"),
        pytest.param(True, "", "client-of-before", "ledger", id="recorded-and-the-state-is-lost"),
        pytest.param(True, "us-east-1_ours", "client-of-others", None, id="its-tokens-are-another-pools"),
        pytest.param(False, "us-east-1_pool", "client-of-ours", "client", id="signs-in-as-a-client-of-the-state"),
        pytest.param(False, "us-east-1_pool", "client-of-others", None, id="only-called-so"),
    ],
)
def test_a_credential_provider_goes_if_it_is_provably_ours_and_else_stays(
    here: Here, recorded: bool, pool: str, client: str, by: str | None
) -> None:
    provider = observed_provider()
    here.made(cognito_user_pool_id=pool).with_gateway(
        provider=replace(provider, spec=replace(provider.spec, client_id=client))
    )
    if not recorded:
        here.record(gateway=None)
    removed = here.teardown().down().removed
    assert [item.by for item in removed if item.kind == "credential provider"] == ([by] if by else [])
    assert (here.world.gateway_plane.held is None) is (by is not None)


def test_a_gateway_removed_by_command_goes_with_its_provider(here: Here) -> None:
    here.made().with_gateway(observed_gateway(), observed_provider())
    belongings = Belongings(here.teardown().steps)
    gateway, provider = belongings.removable_gateway(LOCAL_ENDPOINTS)
    assert (gateway, provider) == (observed_gateway(), GATEWAY_RECORD.name)
    here.with_gateway()
    assert belongings.removable_gateway(LOCAL_ENDPOINTS) == (None, None)


@pytest.mark.parametrize(
    ("tags", "pool", "named"),
    [
        pytest.param({"Environment": "prod"}, "us-east-1_pool", f"gateway {GATEWAY_RECORD.id}", id="gateway"),
        pytest.param(TAGS, "us-east-1_ours", f"credential provider {GATEWAY_RECORD.name}", id="provider"),
    ],
)
def test_neither_is_removed_by_command_where_one_is_not_provably_ours(
    here: Here, tags: dict[str, str], pool: str, named: str
) -> None:
    here.made(cognito_user_pool_id=pool).with_gateway(observed_gateway(), observed_provider())
    here.world.gateway_plane.labels = tags
    with pytest.raises(GateRefused, match=named) as caught:
        Belongings(here.teardown().steps).removable_gateway(LOCAL_ENDPOINTS)
    assert caught.value.code == "of_another"


def test_the_gateway_goes_after_the_runtimes_that_call_it_and_before_its_role(here: Here) -> None:
    here.made().with_gateway(observed_gateway(), observed_provider())
    here.teardown().down()
    taken = here.steps_taken()
    order = [f"delete {RUNTIME_ID}", f"delete {GATEWAY_RECORD.id}", "delete_provider mortgage-dev-gateway", "destroy"]
    assert [call for call in taken if call in order] == order
    assert LedgerFile(here.chosen.ledger_path).load() is None


def test_a_gateway_that_nothing_records_is_found_by_the_name_that_follows_from_the_runtimes(here: Here) -> None:
    here.made(project="").with_gateway(observed_gateway(spec=replace(observed_gateway().spec, role_arn="arn:role")))
    here.record(gateway=None)
    assert "gateway" in [item.kind for item in here.teardown().down().removed]


@pytest.mark.parametrize(
    ("outputs", "named"),
    [
        ({"environment": "prod"}, "environment 'prod', not of 'dev'"),
        ({"region": "eu-west-1"}, "region 'eu-west-1', not of 'us-east-1'"),
        ({"account_id": "000000000000"}, "account '000000000000', not of '111122223333'"),
    ],
)
def test_a_state_of_another_deployment_is_not_destroyed(here: Here, outputs: dict[str, str], named: str) -> None:
    here.made(**outputs)
    for act in (here.teardown().preview, here.teardown().down):
        with pytest.raises(BadInput, match=named) as caught:
            act()
        assert caught.value.code == "state_of_another"
    assert here.steps_taken() == ["confirm"]


def test_a_state_without_outputs_is_told_by_the_tags_of_what_it_holds(here: Here) -> None:
    here.made().world.state.write_text(state(block("aws_iam_role", arn="a", tags_all={"Environment": "prod"})))
    with pytest.raises(BadInput, match="environment 'prod'"):
        here.teardown().down()


def test_a_dry_run_does_not_promise_the_folder_while_something_would_stay(here: Here) -> None:
    here.made().world.found = Found((LEFT,))
    assert "folder" not in [item.kind for item in here.teardown().preview().removed]


def test_a_link_in_place_of_the_folder_is_refused_and_not_followed(here: Here) -> None:
    folder = here.made().chosen.state_dir
    elsewhere = folder.parent.parent / "elsewhere"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    for act in (here.teardown().preview, here.teardown().down):
        with pytest.raises(BadInput, match="is a link to") as caught:
            act()
        assert caught.value.remedy.startswith(f"rm {folder} && mv {elsewhere} {folder}")
    assert (elsewhere / "ledger.json").exists() and here.world.calls == []


def test_a_link_that_leads_nowhere_is_refused_too(here: Here) -> None:
    here.chosen.state_dir.parent.mkdir()
    here.chosen.state_dir.symlink_to("nowhere")
    with pytest.raises(BadInput, match="is a link to"), here.teardown().steps.alone():
        pass


CUT_OFF_LEFT = replace(LEFT, thing=replace(LEFT.thing, tags=TAGS | {"ManagedBy": "terraform"}))


@pytest.mark.parametrize("mark", [True, False])
def test_on_aws_a_killed_apply_excuses_nothing(here: Here, mark: bool) -> None:
    """Nothing goes there by itself."""
    here.made().world.found = Found((CUT_OFF_LEFT,))
    if mark:
        (here.chosen.state_dir / CUT_OFF).touch()
    assert here.teardown().down().left == [CUT_OFF_LEFT]


@dataclass
class Cloud:
    """A local cloud that runs, as far as a teardown sees it."""

    left: list[tuple[int, str]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    seen: Seen | None = None

    def require_running(self, ports: Ports | None) -> Ports:
        return Ports(1, 2, 3)

    def endpoints(self, ports: Ports) -> Any:
        return LOCAL_ENDPOINTS

    def status(self, ports: Ports) -> list[Any]:
        return []

    def changes(self, ports: Ports) -> Seen | None:
        return self.seen

    def stop(self) -> None:
        self.calls.append("stop")

    def erase(self) -> None:
        self.calls.append("erase")

    def processes(self) -> list[tuple[int, str]]:
        return self.left


class AtHome(Here):
    """The same on this machine."""

    cloud: Cloud

    def __init__(self, root: Path) -> None:
        super().__init__(root, Target.LOCAL)
        self.cloud = Cloud()


@pytest.fixture
def at_home(tmp_path: Path) -> AtHome:
    return AtHome(tmp_path)


NOW = Seen("process", 7, 0)


@pytest.mark.parametrize(
    ("seen", "settled", "destroy"),
    [
        pytest.param(NOW, NOW.mark, "destroy without a look", id="proven"),
        pytest.param(NOW, "changed since", "destroy", id="changed"),
        pytest.param(None, NOW.mark, "destroy", id="the-cloud-does-not-say"),
        pytest.param(NOW, BadInput("no", remedy="none", code="bad_values"), "destroy", id="the-values-are-broken"),
        pytest.param(NOW, FileNotFoundError("main.tf"), "destroy", id="the-sources-are-gone"),
        pytest.param(NOW, UnicodeDecodeError("utf-8", b"", 0, 1, "no"), "destroy", id="a-file-is-no-text"),
    ],
)
def test_the_state_is_believed_where_it_is_proven_alone(
    at_home: AtHome, seen: Seen | None, settled: str | Exception, destroy: str
) -> None:
    at_home.made().record(ports=Ports(1, 2, 3))
    at_home.cloud.seen, at_home.world.settled = seen, settled
    at_home.teardown().down()
    calls = at_home.world.calls
    assert destroy in calls
    # Asked before anything is removed: that makes changes too, of which the proof knows nothing.
    assert not any(call.startswith("settled") for call in calls[calls.index(f"delete {RUNTIME_ID}") :])


def test_no_state_is_believed_on_aws(here: Here) -> None:
    here.made().teardown().down()
    assert "destroy" in here.world.calls and not any(call.startswith("settled") for call in here.world.calls)


@pytest.mark.parametrize(
    ("mark", "remain", "excused"),
    [
        pytest.param(True, CUT_OFF_LEFT, True, id="a-killed-applys"),
        pytest.param(False, CUT_OFF_LEFT, False, id="no-apply-was-killed"),
        pytest.param(True, replace(LEFT, thing=replace(LEFT.thing, tags={"ManagedBy": "hand"})), False, id="by-hand"),
    ],
)
def test_at_home_what_a_killed_apply_left_goes_with_the_cloud(
    at_home: AtHome, mark: bool, remain: Remain, excused: bool
) -> None:
    at_home.made().world.found = Found((remain,))
    if mark:
        (at_home.chosen.state_dir / CUT_OFF).touch()
    report = at_home.teardown().down()
    assert (report.excused, report.left) == (((remain,), []) if excused else ((), [remain]))
    assert ("erase" in at_home.cloud.calls) is excused


def test_a_process_that_did_not_end_is_a_remain(at_home: AtHome) -> None:
    at_home.made().cloud.left = [(4711, "python -m agentcore_local")]
    report = at_home.teardown().down()
    assert at_home.cloud.calls == ["stop", "erase"]
    assert [(one.thing.kind, one.thing.id, one.remove) for one in report.left] == [(Kind.PROCESS, "4711", "kill 4711")]


@pytest.mark.parametrize(
    ("found", "stays"),
    [
        pytest.param((), False, id="everything-is-in-the-state"),
        pytest.param((replace(LEFT, thing=Thing(Kind.ROLE, "n", "arn:role")),), False, id="found-and-in-the-state"),
        pytest.param((CUT_OFF_LEFT,), True, id="something-is-still-outside"),
        pytest.param((Remain(Thing(Kind.WORKLOAD, "mortgage_dev", "w"), "name", "rm"),), False, id="not-terraforms"),
    ],
)
def test_the_mark_of_a_killed_apply_goes_once_nothing_is_outside_the_state(
    at_home: AtHome, found: tuple[Remain, ...], stays: bool
) -> None:
    at_home.made().world.found = Found(found)
    mark = at_home.chosen.state_dir / CUT_OFF
    mark.touch()
    Belongings(at_home.teardown().steps).forget_cut_off(LOCAL_ENDPOINTS)
    assert mark.exists() is stays
