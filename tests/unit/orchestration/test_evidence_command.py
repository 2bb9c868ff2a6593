"""What the evidence command looks for in the folder: every credential of the run, and what it was got with."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from orchestration.checks.cases import CASES
from orchestration.checks.run import Outcome, Sent
from orchestration.commands.evidence import Evidence, sent_credentials
from orchestration.commands.matrix import Matrix
from orchestration.errors import BadInput, OrchestrationError
from orchestration.evidence import controls, write
from orchestration.steps import Steps
from orchestration.tokens import TokenBroker
from tests.fakes.evidence import TOKEN, inputs
from tests.fakes.orchestration import CLIENT_SECRET, PASSWORD, FakeIdentityProvider, settings


def sent(*headers: tuple[str, str]) -> Outcome:
    return Outcome(CASES[0], None, 401, "", 1.0, True, sent=(Sent("POST", "/", headers, 0),))


@pytest.mark.parametrize(
    ("header", "credential"),
    [
        pytest.param(("Authorization", f"Bearer {TOKEN}"), TOKEN, id="bearer"),
        pytest.param(("authorization", TOKEN), TOKEN, id="no-scheme"),
        pytest.param(("X-Amz-Security-Token", TOKEN), TOKEN, id="session-token"),
        pytest.param(("Authorization", "Bearer garbage"), None, id="a-word"),
        pytest.param(("X-Padding", TOKEN), None, id="no-credential"),
    ],
)
def test_credentials_that_were_sent_are_looked_for(header: tuple[str, str], credential: str | None) -> None:
    assert list(sent_credentials([sent(header)]).values()) == ([credential] if credential else [])


def test_each_of_two_headers_is_looked_for() -> None:
    two = sent(("Authorization", f"Bearer {TOKEN}"), ("Authorization", f"Bearer {TOKEN[::-1]}"))
    assert set(sent_credentials([two]).values()) == {TOKEN, TOKEN[::-1]}


def test_passwords_and_client_secrets_are_looked_for() -> None:
    broker = TokenBroker(settings(), FakeIdentityProvider(), lambda *_: TOKEN)
    assert {PASSWORD, CLIENT_SECRET} == set(broker.secrets().values())


def test_each_case_has_a_tag_that_a_control_knows() -> None:
    """Otherwise a case would count for access alone, which every case does, and its own control would miss it."""
    known = frozenset().union(*(control.tags for control in controls.CONTROLS if control.tags))
    told = {"scope", "group", "audience", "session"}  # what AC-3 is about: covered as every case is
    assert [case.id for case in CASES if not case.tags & (known | told)] == []


@pytest.fixture
def command() -> Evidence:
    """Checking a folder needs no deployment, so there is none."""
    return Evidence(cast(Steps, None), cast(Matrix, None))


def test_verify_names_what_changed_and_ends_with_1(command: Evidence, tmp_path: Path) -> None:
    folder = write(tmp_path / "evidence", inputs())
    command.verify(str(folder))
    (folder / "result.json").write_text("{}")
    (folder / "\x1b[2J").write_text("")
    with pytest.raises(OrchestrationError) as caught:
        command.verify(str(folder))
    assert (caught.value.exit_code, caught.value.code) == (1, "evidence_changed")
    assert "result.json was changed" in caught.value.message
    assert "\x1b" not in caught.value.message


def test_verify_of_no_folder_is_wrong_input(command: Evidence, tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        command.verify(str(tmp_path / "nowhere"))
