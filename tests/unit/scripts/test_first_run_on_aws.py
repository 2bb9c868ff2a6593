"""The first run on AWS: its order, that it always cleans up, and that what it keeps holds no token."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import pytest

from scripts.answers import ASKS, collect, doors_of, family_of, forged, masked
from scripts.first_run_on_aws import (
    ANSWERS,
    CODE_FAILED,
    CODE_LEFT,
    CODE_NOT_CONFIRMED,
    PAGE,
    Done,
    ask,
    life,
    main,
    record,
    with_table,
)

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJlLW9mLXRva2Vu"
OUTPUTS = {
    "runtime": {"invocation_url": "https://runtime.example.com/runtimes/arn%3Aaws/invocations?qualifier=DEFAULT"},
    "gateway": {"url": "https://gateway.example.com/mcp"},
}


class Shell:
    """Notes the commands; those in `failing` end with 1."""

    def __init__(self, *failing: str) -> None:
        self.failing, self.ran = failing, list[str]()

    def __call__(self, words: Sequence[str], quiet: bool) -> Done:
        self.ran.append(words[0])
        outs = {"outputs": json.dumps(OUTPUTS), "token": f"{TOKEN}\n"}
        return Done(int(words[0] in self.failing), outs.get(words[0], "") if quiet else "")


def lived(shell: Shell, answers: Callable[[], None] = lambda: None) -> int:
    return life(shell, answers, lambda line: None)


def test_everything_runs_in_order_and_is_taken_down() -> None:
    shell = Shell()
    assert lived(shell, lambda: shell.ran.append("answers")) == 0
    assert shell.ran == ["doctor", "up", "smoke-test", "answers", "drift", "down"]


@pytest.mark.parametrize("step", ["up", "smoke-test", "drift"])
def test_what_fails_is_taken_down_too(step: str) -> None:
    shell = Shell(step)
    assert lived(shell) == CODE_FAILED
    assert shell.ran[-2:] == [step, "down"]


def test_without_credentials_nothing_is_begun() -> None:
    shell = Shell("doctor")
    assert (lived(shell), shell.ran) == (CODE_FAILED, ["doctor"])


def test_a_teardown_that_fails_has_a_code_of_its_own() -> None:
    assert lived(Shell("down")) == CODE_LEFT


@pytest.mark.parametrize("error", [httpx.ConnectError("no"), ValueError("no JSON"), KeyError("runtime")], ids=repr)
def test_answers_that_cannot_be_had_end_in_a_teardown(error: Exception) -> None:
    def fail() -> None:
        raise error

    shell = Shell()
    assert lived(shell, fail) == CODE_FAILED
    assert shell.ran[-1] == "down"


def test_an_interrupt_ends_in_a_teardown() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    shell = Shell()
    with pytest.raises(KeyboardInterrupt):
        lived(shell, interrupt)
    assert shell.ran[-1] == "down"


def test_the_cost_is_told_and_nothing_made_without_a_yes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], {}) == CODE_NOT_CONFIRMED
    assert "US dollar" in capsys.readouterr().err


def refusing(request: httpx.Request) -> httpx.Response:
    """A door whose words hold what is not to be kept."""
    said = f"arn:aws:x:eu-west-1:123456789012:y {request.headers.get('authorization', '')} at 123456789012"
    headers = {"x-amzn-ErrorType": "AccessDeniedException:http://x", "Date": "now", "WWW-Authenticate": "Bearer"}
    return httpx.Response(403, json={"message": said}, headers=headers)


def test_of_an_answer_neither_token_nor_account_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    path.write_text('{"expected": {}}')
    with httpx.Client(transport=httpx.MockTransport(refusing)) as http:
        record(path, ask(Shell(), http), "eu-west-1", "2026-01-01")
    text = path.read_text()
    kept = json.loads(text)["aws"]["answers"]
    assert set(kept) == {one.name for one in ASKS}
    assert kept["no-token"]["error_type"] == "AccessDeniedException"
    assert kept["no-token"]["family"] == "object: message"
    assert kept["no-token"]["headers"] == ["content-type", "www-authenticate", "x-amzn-errortype"]
    assert not [part for part in (*TOKEN.split("."), "123456789012") if part in text]


def test_a_door_that_is_not_there_is_not_asked() -> None:
    with httpx.Client(transport=httpx.MockTransport(refusing)) as http:
        told = collect(http, doors_of({"runtime": OUTPUTS["runtime"], "gateway": None}), TOKEN)
    assert set(told) == {one.name for one in ASKS if one.door == "runtime"}


@pytest.mark.parametrize(
    ("body", "family"),
    [
        ("", "empty"),
        ("plain", "text"),
        ('data: {"x": 1}\n\n', "events"),
        ('{"b": 1, "a": 2}', "object: a, b"),
        ('{"jsonrpc": "2.0", "error": {"code": -32001}}', "jsonrpc -32001"),
        ("[1]", "list"),
    ],
)
def test_a_body_has_a_family(body: str, family: str) -> None:
    assert family_of(body) == family


def test_a_forged_token_has_another_signature_of_the_same_length() -> None:
    assert forged("a.b.Abc") == "a.b.Bbc"
    assert forged("a.b.xbc") == "a.b.Abc"


def test_words_stay_words() -> None:
    assert masked("Claim 'client_id' value mismatch with configuration.") == (
        "Claim 'client_id' value mismatch with configuration."
    )


def test_the_page_tells_what_is_expected_and_what_was_answered() -> None:
    page, document = PAGE.read_text(), json.loads(ANSWERS.read_text())
    assert page == with_table(page, document)
    assert "| `no-token` | body and headers of the challenge | 401, UnauthorizedException" in page
    told = document | {"aws": {"answers": {"no-token": {"status": 418, "error_type": "", "family": "text"}}}}
    assert "| 418, text |" in with_table(page, told)
