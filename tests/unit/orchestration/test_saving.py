from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from orchestration.embedded.daemon import Daemon
from orchestration.embedded.saving import TRIES, Saving
from orchestration.errors import Unfit


@pytest.fixture
def saving(tmp_path: Path) -> Saving:
    folder = tmp_path / "cloud"
    (folder / "ministack" / "state").mkdir(parents=True)
    started(folder, 100)
    return Saving(Daemon("ministack", folder), folder / "ministack")


def started(folder: Path, pid: int) -> None:
    """As Daemon.start records it."""
    (folder / "ministack.pid").write_text(json.dumps({"pid": pid, "created": 5.0, "version": "1"}))


@contextmanager
def emulator(*statuses: int) -> Iterator[tuple[str, list[str]]]:
    """An emulator that answers so, one status a call; the base URL and what it was asked."""
    asked: list[str] = []
    answers = iter(statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(next(answers))
            self.end_headers()
            self.wfile.write(b'{"unsaved": ["cognito"]}')

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def test_nothing_is_lost_while_the_same_emulator_runs(saving: Saving) -> None:
    saving.expect_changes()
    assert not saving.lost()


def test_what_another_emulator_held_unsaved_is_lost_until_the_next_save(saving: Saving) -> None:
    saving.expect_changes()
    started(saving.daemon.folder, 101)
    assert saving.lost()
    saving.expect_changes()
    assert saving.lost(), "to begin anew does not bring it back"


@pytest.mark.enable_socket
def test_what_was_saved_is_not_lost_with_its_emulator(saving: Saving) -> None:
    saving.expect_changes()
    with emulator(200) as (url, asked):
        saving.save(url)
    started(saving.daemon.folder, 101)
    assert asked == ["/_ministack/save"]
    assert not saving.lost()


@pytest.mark.enable_socket
def test_a_service_that_could_not_be_written_once_is_tried_again(saving: Saving) -> None:
    saving.expect_changes()
    with emulator(507, 200) as (url, asked):
        saving.save(url)
    assert len(asked) == 2


@pytest.mark.enable_socket
def test_an_emulator_that_cannot_save_is_unfit_and_what_it_holds_stays_marked(saving: Saving) -> None:
    saving.expect_changes()
    with emulator(*[507] * TRIES) as (url, _), pytest.raises(Unfit, match="cognito") as caught:
        saving.save(url)
    assert caught.value.code == "not_saved"
    started(saving.daemon.folder, 101)
    assert saving.lost()


@pytest.mark.parametrize("text", ["", "{", "null", "[1]"])
def test_a_mark_that_cannot_be_read_says_nothing(saving: Saving, text: str) -> None:
    (saving.folder / "unsaved.json").write_text(text)
    assert not saving.lost()


def test_a_cloud_without_a_saved_file_is_empty(saving: Saving) -> None:
    assert saving.is_empty()
    (saving.folder / "state" / "iam.json").touch()
    assert not saving.is_empty()


@pytest.mark.enable_socket
def test_an_emulator_that_is_not_there_is_asked_once(saving: Saving) -> None:
    with emulator() as (url, _):
        pass
    with pytest.raises(Unfit, match="ConnectError") as caught:
        saving.save(url)
    assert caught.value.code == "not_saved"
