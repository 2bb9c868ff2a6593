"""The order of a teardown, what it keeps in mind, and when it stops. On AWS's side: nothing runs here."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from orchestration.commands.teardown import Teardown
from orchestration.console import Console
from orchestration.errors import BadInput, GateRefused, Leftovers, OrchestrationError, TerraformFailed, Unfit
from orchestration.ledger import Ledger, LedgerFile, RuntimeRecord
from orchestration.remains import Found, Kind, Ours, Remain, Thing, Unseen
from orchestration.settings import Target, aws_endpoints
from orchestration.steps import Steps, Tools
from orchestration.terraform import RemoteState
from tests.fakes.orchestration import RUNTIME_ARN, RUNTIME_ID, FakeClock, FakeControl, deployment, observed
from tests.unit.orchestration.test_held import block, state

ACCOUNT = "111122223333"
RECORD = RuntimeRecord("mortgage_dev", RUNTIME_ID, RUNTIME_ARN)
LEFT = Remain(Thing(Kind.ROLE, "mortgage-dev-x", "mortgage-dev-x"), "name", "aws iam delete-role")
ROLE = "arn:aws:iam::111122223333:role/brought"
OUTPUTS = {"project": "mortgage", "agent_runtime_name": "mortgage_dev", "runtime_role_arn": ROLE}


@dataclass
class World:
    """Tools, Terraform, log groups and the search in one, all on one list of calls."""

    state: Path
    control_plane: FakeControl = field(default_factory=lambda: FakeControl(observed()))
    found: Found = field(default_factory=Found)
    destroys: Callable[[], None] = lambda: None
    calls: list[str] = field(default_factory=list)
    searched: list[Ours] = field(default_factory=list)
    log_path: Path = Path("/log")

    def __post_init__(self) -> None:
        self.control_plane.calls = self.calls

    def account(self) -> str:
        return ACCOUNT

    def confirm_spending(self) -> None:
        self.calls.append("confirm")

    def remote(self, bucket: str | None = None) -> RemoteState | None:
        return None

    def control(self, endpoints: Any) -> FakeControl:
        return self.control_plane

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

    def destroy(self, *, on_line: Callable[[str], None]) -> None:
        self.calls.append("destroy")
        self.destroys()
        on_line("aws_iam_role.x: Destruction complete after 0s")
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

    def __init__(self, root: Path) -> None:
        self.chosen = deployment(root, Target.AWS)
        self.world = World(self.chosen.state_dir / "terraform.tfstate")
        self.err = io.StringIO()

    def made(self, **outputs: str) -> Here:
        LedgerFile(self.chosen.ledger_path).save(Ledger("aws", "dev", "us-east-1", ACCOUNT, runtime=RECORD))
        self.world.state.write_text(state(block("aws_iam_role", arn="arn:role"), **(OUTPUTS | outputs)))
        return self

    def teardown(self, env: dict[str, str] | None = None) -> Teardown:
        console = Console(FakeClock(), out=io.StringIO(), err=self.err)
        tools = cast(Tools, self.world)
        return Teardown(Steps(self.chosen, env or {}, tools, console, FakeClock(), None, aws_endpoints("us-east-1")))

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
        ("aws_iam_role", "terraform"),
        ("folder", "ledger"),
    ]
    assert report.ok and not here.chosen.state_dir.parent.exists()


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
