from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from orchestration.commands.lifecycle import Lifecycle
from orchestration.commands.local import Local
from orchestration.commands.matrix import Choice
from orchestration.commands.proof import Proof
from orchestration.commands.review import Reviews
from orchestration.commands.state import State
from orchestration.commands.teardown import Teardown
from orchestration.console import Console
from orchestration.embedded.cloud import LocalCloud
from orchestration.errors import BadInput, GateRefused
from orchestration.settings import aws_endpoints
from orchestration.steps import Steps, Tools
from orchestration.terraform import allowed_accounts
from tests.fakes.orchestration import FakeClock, deployment

OURS, OTHER = "111122223333", "444455556666"
VARIABLE = "TF_VAR_allowed_account_ids"


class OnlyAccount:
    """Tools that say whose the credentials are; whatever else is asked of them is a call too many."""

    def account(self) -> str:
        return OURS

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked for before the account was refused")


def steps(root: Path, env: dict[str, str], *, local: bool = False) -> Steps:
    console = Console(FakeClock(), out=io.StringIO(), err=io.StringIO())
    nobody = cast(Any, OnlyAccount())
    cloud = cast(LocalCloud, nobody) if local else None
    endpoints = None if local else aws_endpoints("us-east-1")
    return Steps(deployment(root), env, cast(Tools, nobody), console, FakeClock(), cloud, endpoints)


CHANGING: dict[str, Callable[[Steps], object]] = {
    "up": lambda s: Lifecycle(s).up(),
    "apply": lambda s: Lifecycle(s).apply(),
    "configure": lambda s: Lifecycle(s).configure(),
    "launch": lambda s: Lifecycle(s).launch(),
    "down": lambda s: Teardown(s).down(),
    "plan": lambda s: Reviews(s).plan(),
    "drift": lambda s: Reviews(s).drift(),
    "smoke-test": lambda s: Proof(s).smoke_test(Choice((), (), 1)),
    "state.bootstrap": lambda s: State(s).bootstrap(),
    "state.remove": lambda s: State(s).remove(),
    "local.up": lambda s: Local(s).up(),
}


@pytest.mark.parametrize("command", CHANGING)
def test_an_account_that_is_not_allowed_is_refused_before_any_call(tmp_path: Path, command: str) -> None:
    refused = steps(tmp_path, {VARIABLE: f'["{OTHER}"]'}, local=command == "local.up")
    refused.deployment.state_dir.mkdir(parents=True)
    with pytest.raises(GateRefused) as caught:
        CHANGING[command](refused)
    assert (caught.value.code, caught.value.exit_code) == ("account_not_allowed", 3)
    assert OURS in caught.value.message
    assert not refused.deployment.ledger_path.exists()


@pytest.mark.parametrize(
    ("variable", "by_itself", "tfvars", "expected"),
    [
        pytest.param(None, None, None, [], id="nothing-given"),
        pytest.param(f'["{OURS}"]', None, None, [OURS], id="variable"),
        pytest.param(f'["{OURS}"]', None, f'["{OTHER}"]', [OTHER], id="file-beats-variable"),
        pytest.param(f'["{OURS}"]', None, "[]", [], id="an-empty-list-is-given-too"),
        pytest.param(f'["{OURS}"]', None, "null", [], id="null-is-the-default"),
        pytest.param(f'["{OURS}"]', f'["{OTHER}"]', None, [OTHER], id="file-that-terraform-finds"),
        pytest.param(None, f'["{OTHER}"]', f'["{OURS}"]', [OURS], id="the-environments-file-is-last"),
        pytest.param(f"[{OURS}, '']".replace("''", f'"{OTHER}"'), None, None, [OURS, OTHER], id="a-number"),
        pytest.param(None, None, f'[\n  "{OURS}", # us\n  "{OTHER}",\n]', [OURS, OTHER], id="lines-and-comments"),
    ],
)
def test_the_list_is_the_one_that_terraform_goes_by(
    tmp_path: Path, variable: str | None, by_itself: str | None, tfvars: str | None, expected: list[str]
) -> None:
    def written(name: str, value: str | None) -> Path:
        path = tmp_path / name
        path.write_text("# allowed_account_ids = []\n" + (f"allowed_account_ids = {value}\n" if value else ""))
        return path

    written("team.auto.tfvars", by_itself)
    env = {} if variable is None else {VARIABLE: variable}
    assert allowed_accounts(env, tmp_path, [written("dev.tfvars", tfvars)]) == expected


@pytest.mark.parametrize("text", ['["123"]', '"111122223333x"', 'concat(["a"], [])', "[", "", "{}", '["${var.x}"]'])
def test_a_list_that_cannot_be_told_lets_nobody_through(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput, match=VARIABLE):
        allowed_accounts({VARIABLE: text}, tmp_path, [])


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "terraform.tfvars.json"
    path.write_text("{")
    with pytest.raises(BadInput, match=r"terraform\.tfvars\.json"):
        allowed_accounts({}, tmp_path, [])


def test_a_local_bucket_that_went_with_its_cloud_is_nothing_to_remove(tmp_path: Path) -> None:
    gone = steps(tmp_path, {}, local=True)
    assert State(gone).remove() is False
    assert not gone.deployment.state_dir.exists()


@pytest.mark.parametrize("value", [OURS, f'["{OURS}"]', f'[\n"{OURS}"\n]'])
@pytest.mark.parametrize("before", ['environment = "dev"', "# allowed_account_ids = []", "old_allowed_account_ids = 1"])
def test_the_list_is_found_among_values_that_say_nothing_of_it(tmp_path: Path, before: str, value: str) -> None:
    path = tmp_path / "dev.tfvars"
    path.write_text(f"{before}\nallowed_account_ids = {value}\nretention = 3\n")
    assert allowed_accounts({}, tmp_path, [path]) == [OURS]
    path.write_text(f"{before}\nretention = 3\n")
    assert allowed_accounts({}, tmp_path, [path]) == []


def test_what_is_no_value_is_told_whether_or_not_it_speaks_of_accounts(tmp_path: Path) -> None:
    path = tmp_path / "dev.tfvars"
    for text in ('environment = "dev', "environment = ", "environment", '= "dev"', 'environment = "${"'):
        path.write_text(f"# none\n{text}\n")
        with pytest.raises(BadInput, match="no Terraform value"):
            allowed_accounts({}, tmp_path, [path])
