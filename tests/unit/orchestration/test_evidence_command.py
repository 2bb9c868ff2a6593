"""What the evidence command looks for in the folder: every credential of the run, and what it was got with."""

from __future__ import annotations

import io
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from invoke.parser import Parser, ParserContext

from cli.evidence import evidence as task
from orchestration.checks.cases import CASES
from orchestration.checks.run import Outcome, Sent
from orchestration.commands.evidence import Evidence, Written, sent_credentials
from orchestration.commands.matrix import Matrix
from orchestration.console import Console
from orchestration.errors import BadInput, OrchestrationError, WrongVerdicts
from orchestration.evidence import controls, write
from orchestration.report import SmokeReport
from orchestration.steps import Steps
from orchestration.tokens import TokenBroker
from tests.fakes.evidence import TOKEN, inputs
from tests.fakes.orchestration import CLIENT_SECRET, PASSWORD, FakeClock, FakeIdentityProvider, settings


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


def test_each_part_of_a_credential_is_looked_for_once() -> None:
    head, payload, signature = "eyJhbGciOiJSUzI1NiIsImtpZCI6MX0", "eyJzdWIiOiJzb21lYm9keSJ9" * 2, "c2ln" * 20
    token, signed = f"{head}.{payload}.{signature}", f"AWS4-HMAC-SHA256 Credential=AKIA/x, Signature={'0a' * 32}"
    found = sent_credentials([sent(("Authorization", f"Bearer {token}")), sent(("Authorization", signed))] * 2)
    assert sorted(found.values()) == sorted([token, head, payload, signature, signed.partition(" ")[2], "0a" * 32])


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


@pytest.mark.parametrize(("altered", "ok"), [((), True), (("scope",), False)])
def test_a_door_that_is_not_as_asked_ends_with_1_whatever_it_answered(altered: tuple[str, ...], ok: bool) -> None:
    chosen = settings().deployment
    report = SmokeReport(chosen, "arn", [replace(sent(), ok=True)], 1.0)
    written = Written(Path("proof"), "0a", report, altered)
    assert report.ok and written.document()["ok"] is ok
    command = Evidence(cast(Steps, SimpleNamespace(deployment=chosen)), cast(Matrix, None))
    with nullcontext() if ok else pytest.raises(WrongVerdicts, match="door scope"):
        command.require(written)


# -- flags


def flags(*words: str) -> dict[str, Any]:
    """The values that reach the command, as invoke reads them."""
    context = ParserContext("evidence", args=task.get_arguments())
    [_, read] = Parser(contexts=[context], initial=ParserContext()).parse_argv(["evidence", *words])
    return {name: read.args[name].value for name in ("out", "verify", "seal")}


@pytest.mark.parametrize(
    ("words", "named"),
    [
        pytest.param(["--verify=", "--out", "D"], "--verify is empty", id="verify"),
        pytest.param(["--verify", "D", "--seal="], "--seal is empty", id="seal"),
        pytest.param(["--verify", "D", "--seal", " "], "--seal is empty", id="blanks"),
        pytest.param(["--out="], "--out is empty", id="out"),
        pytest.param(["--seal", "0a"], "--seal without --verify", id="seal-alone"),
        pytest.param(["--verify", "D", "--out", "E"], "--out writes", id="both"),
    ],
)
def test_a_shell_variable_that_nobody_set_chooses_nothing_else(command: Evidence, words: list[str], named: str) -> None:
    with pytest.raises(BadInput) as caught:
        command.check_flags(**flags(*words))
    assert named in caught.value.message


@pytest.mark.parametrize("words", [[], ["--out", "D"], ["--verify", "D"], ["--verify", "D", "--seal", "0a"]])
def test_flags_that_go_together_do(command: Evidence, words: list[str]) -> None:
    command.check_flags(**flags(*words))


class Called(Exception):
    """The run began."""


class Runs:
    """A matrix that only tells that it was asked to run."""

    def whole(self, choice: object) -> None:
        raise Called


@pytest.fixture
def running() -> Evidence:
    return Evidence(cast(Steps, None), cast(Matrix, Runs()))


def test_a_place_that_cannot_be_written_is_told_before_the_run(running: Evidence, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("nowhere")
    for place, code in (
        (tmp_path / "file" / "proof", "evidence_unwritable"),
        (tmp_path / ("x" * 300), "evidence_unwritable"),
        (tmp_path, "evidence_exists"),
        (tmp_path / "link", "evidence_exists"),
    ):
        with pytest.raises(BadInput) as caught:
            running.write(str(place))
        assert caught.value.code == code


def test_looking_whether_a_place_can_be_written_leaves_nothing_there(running: Evidence, tmp_path: Path) -> None:
    with pytest.raises(Called):
        running.write(str(tmp_path / "proofs" / "one"))
    assert list((tmp_path / "proofs").iterdir()) == []


@pytest.mark.parametrize(("seal", "told"), [(None, True), ("0a", False)])
def test_a_folder_checked_without_its_seal_is_said_to_be(seal: str | None, told: bool) -> None:
    lines, document = io.StringIO(), io.StringIO()
    for out, json in ((lines, False), (document, True)):
        steps = SimpleNamespace(console=Console(FakeClock(), out=out, err=io.StringIO()))
        command = Evidence(cast(Steps, steps), cast(Matrix, None))
        command.show_verified("D", seal, json=json)
    assert ("only the seal, kept elsewhere, finds a folder that was sealed anew" in lines.getvalue()) is told
    assert ('"seal_checked": false' in document.getvalue()) is told
