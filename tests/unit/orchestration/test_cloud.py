from __future__ import annotations

import json
import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
import pytest

from orchestration.embedded.cloud import PORT_VARIABLES, LocalCloud
from orchestration.embedded.daemon import free_port
from orchestration.errors import BadInput, Unfit
from orchestration.ledger import Ports
from orchestration.settings import Target, port
from tests.fakes.orchestration import FakeClock, deployment

NAMES = list(PORT_VARIABLES.items())


class Scene:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.notes: list[str] = []

    def cloud(self, env: dict[str, str] | None = None, environment: str = "dev") -> LocalCloud:
        chosen = deployment(self.root, Target.LOCAL, environment)
        return LocalCloud(chosen, env or {}, FakeClock(), self.notes.append)

    def ports(self, remembered: Ports | None = None, env: dict[str, str] | None = None) -> Ports:
        wishes = {name: port(env or {}, variable) for name, variable in PORT_VARIABLES.items()}
        return self.cloud(env)._choose_ports(remembered, wishes)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def numbers(ports: Ports) -> list[int]:
    return [ports.aws, ports.control_plane, ports.data_plane]


def free_ports() -> Ports:
    found: set[int] = set()
    while len(found) < 3:
        found.add(free_port())
    return Ports(*found)


@contextmanager
def held(number: int = 0) -> Iterator[int]:
    """A port that a program listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", number))
        listener.listen()
        yield int(listener.getsockname()[1])


# -- ports


@pytest.mark.enable_socket
def test_without_a_wish_three_different_free_ports_are_taken(scene: Scene) -> None:
    assert len(set(numbers(scene.ports()))) == 3


@pytest.mark.enable_socket
def test_remembered_ports_are_kept(scene: Scene) -> None:
    remembered = free_ports()
    assert scene.ports(remembered) == remembered
    assert scene.notes == []


@pytest.mark.enable_socket
@pytest.mark.parametrize(("name", "variable"), NAMES)
def test_a_wished_port_wins_over_the_remembered_one(scene: Scene, name: str, variable: str) -> None:
    remembered, wish = free_ports(), free_port()
    chosen = scene.ports(remembered, {variable: str(wish)})
    assert getattr(chosen, name) == wish
    assert [n for n, _ in NAMES if getattr(chosen, n) != getattr(remembered, n)] == [name]


@pytest.mark.enable_socket
@pytest.mark.parametrize(("name", "variable"), NAMES)
def test_a_wished_port_that_is_taken_is_unfit_and_not_replaced(scene: Scene, name: str, variable: str) -> None:
    with held() as number, pytest.raises(Unfit) as caught:
        scene.ports(env={variable: str(number)})
    assert caught.value.code == "port_taken"
    assert f"{variable} is {number}" in caught.value.message
    assert f"(pid {os.getpid()})" in caught.value.message


@pytest.mark.enable_socket
@pytest.mark.parametrize(("name", "variable"), NAMES)
def test_a_remembered_port_that_is_taken_moves_and_says_so(scene: Scene, name: str, variable: str) -> None:
    remembered = free_ports()
    with held(getattr(remembered, name)) as number:
        chosen = scene.ports(remembered)
    assert [n for n, _ in NAMES if getattr(chosen, n) != getattr(remembered, n)] == [name]
    [note] = scene.notes
    assert f"port {number} is now held by" in note


@pytest.mark.enable_socket
def test_a_wished_port_is_never_given_to_another_daemon(scene: Scene) -> None:
    remembered = free_ports()
    chosen = scene.ports(remembered, {"LOCAL_DATA_PORT": str(remembered.aws)})
    assert chosen.data_plane == remembered.aws
    assert chosen.aws != remembered.aws


@pytest.mark.enable_socket
def test_one_port_wished_for_twice_is_refused(scene: Scene) -> None:
    number = str(free_port())
    twice = scene.cloud({"LOCAL_AWS_PORT": number, "LOCAL_DATA_PORT": number})
    with pytest.raises(BadInput, match=f"LOCAL_AWS_PORT and LOCAL_DATA_PORT are both {number}"):
        twice.check_ports(None)


@pytest.mark.enable_socket
def test_a_wish_that_is_no_port_is_refused_before_anything_is_stopped(scene: Scene) -> None:
    with pytest.raises(BadInput, match="LOCAL_CONTROL_PORT"):
        scene.cloud({"LOCAL_CONTROL_PORT": "http"}).start(None)
    assert not scene.cloud()._folder.exists()


# -- what is said of it


def test_a_cloud_that_was_never_started_is_absent(scene: Scene) -> None:
    with pytest.raises(Unfit) as caught:
        scene.cloud(environment="qa").require_running(None)
    assert caught.value.code == "local_cloud_absent"
    assert caught.value.remedy == "make up ENVIRONMENT=qa"


def test_a_daemon_that_does_not_run_is_named(scene: Scene) -> None:
    with pytest.raises(Unfit) as caught:
        scene.cloud().require_running(Ports(4566, 8081, 8082))
    assert caught.value.code == "local_cloud_down"
    assert caught.value.message == "ministack is down: it is not running on 127.0.0.1:4566"


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Not onto the tests' output."""


@pytest.mark.enable_socket
def test_a_daemon_that_was_moved_with_its_folder_is_down_though_it_answers(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would fail at the first service that it has not loaded yet, and `down` could not get past it."""
    cloud = scene.cloud()
    folder = cloud.emulator.folder
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)  # this process is the daemon: it works in the folder and holds the port
    started = {"pid": os.getpid(), "created": psutil.Process().create_time()}
    with HTTPServer(("127.0.0.1", 0), Healthy) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        ports = Ports(server.server_port, server.server_port, server.server_port)
        found = {}
        for place in (folder, scene.root / "before" / "cloud"):
            (folder / "ministack.pid").write_text(json.dumps({**started, "folder": str(place)}))
            found[place] = cloud.status(ports)[0]
        with pytest.raises(Unfit, match="which was moved with its folder, works in part on 127") as caught:
            cloud.require_running(ports)
        server.shutdown()
    assert [(status.running, status.healthy) for status in found.values()] == [(True, True), (True, False)]
    assert (caught.value.code, caught.value.remedy) == ("local_cloud_down", "make up")


def test_the_endpoints_are_loopback_and_the_token_endpoint_the_emulators(scene: Scene) -> None:
    endpoints = scene.cloud().endpoints(Ports(1, 2, 3))
    assert endpoints.aws == "http://127.0.0.1:1"
    assert endpoints.control_plane == "http://127.0.0.1:2"
    assert endpoints.data_plane == "http://127.0.0.1:3"
    assert endpoints.token_url == "http://127.0.0.1:1/oauth2/token"


# -- the root key


def key_file(scene: Scene) -> Path:
    return scene.root / ".state" / "local-dev" / "cloud" / "root-key.json"


def test_a_root_key_is_made_once_and_kept(scene: Scene) -> None:
    made = scene.cloud().root_key(create=True)
    assert scene.cloud().root_key(create=True) == scene.cloud().root_key() == made
    assert len(made.secret) >= 40


def test_each_environment_has_its_own_root_key(scene: Scene) -> None:
    assert scene.cloud().root_key(create=True) != scene.cloud(environment="qa").root_key(create=True)


def test_only_the_owner_reads_the_root_key(scene: Scene) -> None:
    before = os.umask(0)
    try:
        scene.cloud().root_key(create=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE(key_file(scene).stat().st_mode) == 0o600


def test_a_root_key_is_not_made_by_asking(scene: Scene) -> None:
    with pytest.raises(Unfit):
        scene.cloud().root_key()
    assert not key_file(scene).exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"id": "AKIA"}', "null"], ids=repr)
def test_a_root_key_that_cannot_be_read_is_named_and_not_replaced(scene: Scene, text: str) -> None:
    scene.cloud().root_key(create=True)
    key_file(scene).write_text(text)
    with pytest.raises(Unfit) as caught:
        scene.cloud().root_key(create=True)
    assert caught.value.code == "corrupt_root_key"
    assert str(key_file(scene)) in caught.value.message
    assert key_file(scene).read_text() == text


def test_the_secret_of_the_root_key_is_not_in_an_error(scene: Scene) -> None:
    scene.cloud().root_key(create=True)
    key_file(scene).write_text(json.dumps({"secret": "hidden-secret"}))
    with pytest.raises(Unfit) as caught:
        scene.cloud().root_key()
    assert "hidden-secret" not in f"{caught.value!r} {caught.value.remedy}"


def test_erasing_removes_all_of_it(scene: Scene) -> None:
    scene.cloud().root_key(create=True)
    scene.cloud().erase()
    assert not key_file(scene).parent.exists()
