"""The decision log: who was let in or refused and why, and never a token, a name or a session id."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agentcore_local.data import Call
from agentcore_local.journal import DECISIONS, DecisionFile, Journal
from agentcore_local.wire import Refused
from tests.fakes.tokens import bearer

SALT = b"0123456789abcdef"


@dataclass
class Logs:
    """Journals with a decision file each, closed at the test's end."""

    folder: Path
    files: list[DecisionFile] = field(default_factory=list)

    def open(self, salt: bytes = SALT, name: str = DECISIONS, **limits: int) -> tuple[Journal, io.StringIO]:
        stream = io.StringIO()
        self.files.append(DecisionFile(self.folder / name, **limits))
        return Journal(stream, salt, lambda: "2027-01-01T00:00:00Z", self.files[-1]), stream


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Logs]:
    made = Logs(tmp_path)
    yield made
    for file in made.files:
        file.close()


def call(**changes: Any) -> Call:
    made = Call("request-1", time.monotonic(), "InvokeAgentRuntime", "door-AbCdEfGhIj", "DEFAULT", 1)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def kept(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / DECISIONS).read_text().splitlines()]


def test_an_admitted_call_is_one_line(logs: Logs, tmp_path: Path) -> None:
    log, stream = logs.open()
    log.decision("data", call(by="jwt", subject="ann", client="app", session="s" * 33, method="bearer", status=200))
    [line] = kept(tmp_path)
    assert stream.getvalue() == ""  # one file is where decisions are looked for
    assert (line["event"], line["decision"], line["reason"], line["client"]) == ("decision", "allow", "allowed", "app")
    assert (line["runtime"], line["qualifier"], line["method"]) == ("door-AbCdEfGhIj", "DEFAULT", "bearer")
    assert line["latency_ms"] >= 0
    assert "ann" not in json.dumps(line)
    assert "s" * 33 not in json.dumps(line)


def test_a_refused_call_names_the_reason_and_whom_the_issuer_named(logs: Logs, tmp_path: Path) -> None:
    log, _ = logs.open()
    refused, made = Refused("client_mismatch", log_reason="client_mismatch,scope_mismatch"), call()
    refused.client, refused.subject = "other-app", "ann"
    made.refused(refused, 401)
    log.decision("data", made)
    [line] = kept(tmp_path)
    assert (line["decision"], line["reason"], line["status"]) == ("deny", "client_mismatch,scope_mismatch", 401)
    assert (line["client"], len(line["subject"])) == ("other-app", 16)


def test_a_subject_is_the_same_in_one_log_and_another_in_the_next(logs: Logs, tmp_path: Path) -> None:
    log, _ = logs.open()
    for _ in range(2):
        log.decision("data", call(subject="ann"))
    other, _ = logs.open(b"f" * 16, "other.jsonl")
    other.decision("data", call(subject="ann"))
    first, second = (line["subject"] for line in kept(tmp_path))
    assert first == second != json.loads((tmp_path / "other.jsonl").read_text())["subject"]


@pytest.mark.parametrize("name", ["runtime", "qualifier", "client", "session", "subject"])
def test_a_token_in_the_wrong_place_is_not_kept(logs: Logs, tmp_path: Path, name: str) -> None:
    token = bearer().removeprefix("Bearer ")
    log, _ = logs.open()
    log.decision("data", call(**{name: token}))
    log.decision("data", call(**{name: token.split(".")[1]}))
    text = (tmp_path / DECISIONS).read_text()
    assert [part for part in token.split(".") if part[:24] in text] == []


def test_a_strangers_text_cannot_begin_a_line_or_steer_a_terminal(logs: Logs, tmp_path: Path) -> None:
    log, _ = logs.open()
    log.decision("data", call(runtime='x\n{"event": "decision"}\x1b[2J\u2028' + "y" * 70, qualifier="q " * 4_000))
    raw = (tmp_path / DECISIONS).read_bytes()
    assert raw.count(b"\n") == 1
    assert all(32 <= byte < 127 for byte in raw[:-1])
    assert len(raw) < 900


def test_the_log_is_for_its_owner_alone_and_full_files_move_on(logs: Logs, tmp_path: Path) -> None:
    log, _ = logs.open(max_bytes=700, kept=2)
    for number in range(12):
        log.decision("data", call(request_id=f"request-{number}"))
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == [DECISIONS, f"{DECISIONS}.1", f"{DECISIONS}.2"]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    assert all(path.stat().st_size <= 700 for path in tmp_path.iterdir())
    assert kept(tmp_path)[-1]["request"] == "request-11"


def test_an_old_log_is_continued(logs: Logs, tmp_path: Path) -> None:
    for _ in range(2):
        log, _ = logs.open()
        log.decision("data", call())
    assert len(kept(tmp_path)) == 2


def test_a_log_that_cannot_be_kept_changes_no_answer(tmp_path: Path) -> None:
    decisions = DecisionFile(tmp_path / DECISIONS)
    decisions.close()
    stream = io.StringIO()
    Journal(stream, SALT, lambda: "", decisions).decision("data", call())
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["decision_not_kept", "decision"]


@pytest.mark.parametrize("text", ["plain", 'a "quoted" \\ one', "\x00\x1f\x7f\u2028\ud800 \u00fc\U0001f600"])
def test_a_line_is_json_as_the_library_writes_it(logs: Logs, tmp_path: Path, text: str) -> None:
    log, _ = logs.open()
    log.decision("data", call(reason=text, tool=text, trace=text, version=0, by="jwt", status=200))
    raw = (tmp_path / DECISIONS).read_text()
    assert raw == json.dumps(json.loads(raw)) + "\n"
    assert (kept(tmp_path)[0]["tool"], kept(tmp_path)[0]["version"]) == (text, 0)


def test_a_link_in_the_logs_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / DECISIONS).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic|Too many"):
        DecisionFile(tmp_path / DECISIONS)


def test_a_long_session_is_hashed_alike_and_not_kept(logs: Logs, tmp_path: Path) -> None:
    log, _ = logs.open()
    for session in ("s" * 32_000, "s" * 32_000, "s" * 33):
        log.decision("data", call(session=session))
    assert log._hashed.cache_info().currsize == 1
    first, second, other = (line["session"] for line in kept(tmp_path))
    assert first == second != other
