"""What is on disk while everything is up, and after all that the tests before this one did."""

from __future__ import annotations

import json

import pytest

from orchestration.machine import exposed
from tests.e2e.conftest import Clone

pytestmark = pytest.mark.e2e


def test_everything_under_state_is_the_owners_alone(up: Clone) -> None:
    """Whoever wrote it: these commands, the emulator, Terraform, the toolkit, an agent."""
    state = up.path / ".state"
    assert len(list(state.rglob("*"))) > 100
    assert [str(path.relative_to(state)) for path in exposed(state)] == []


def test_the_doctor_finds_nothing_wrong_where_all_is_up(up: Clone) -> None:
    """Tests run two at a time: a check may then be late, which is no finding about the deployment."""
    found = json.loads(up.invoke("doctor", "--json").out)["findings"]
    wrong = [line for line in found if line["severity"] in ("warns", "blocks")]
    assert [line for line in wrong if line["code"] != "check_timed_out"] == []


def test_nothing_is_left_in_the_users_home_or_among_temporary_files(up: Clone) -> None:
    assert sorted(str(path.relative_to(up.outside)) for path in up.outside.rglob("*")) == ["home", "tmp"]
