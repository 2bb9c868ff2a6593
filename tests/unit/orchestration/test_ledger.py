from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from orchestration.errors import CorruptLedger, Unfit
from orchestration.ledger import SCHEMA_VERSION, GatewayRecord, Ledger, LedgerFile, Ports, RuntimeRecord

ROOT = Path(__file__).resolve().parents[3]
PORTS = Ports(aws=4566, control_plane=8081, data_plane=8082)
RUNTIME = RuntimeRecord(name="mortgage_dev", id="mortgage_dev-1", arn="arn:aws:x")
EMPTY = Ledger("local", "dev", "us-east-1")
FULL = EMPTY.with_ports(PORTS).with_runtime(RUNTIME)
SCOPE = RuntimeRecord(name="mortgage_dev_probe_scope", id="s-1", arn="arn:aws:s", artifact_version="v1")
IAM = RuntimeRecord(name="mortgage_dev_probe_iam", id="i-1", arn="arn:aws:i")
GATEWAY = GatewayRecord(name="mortgage-dev-gateway", id="g-1", arn="arn:aws:g", url="http://127.0.0.1/gateways/g-1/mcp")


@pytest.fixture
def file(tmp_path: Path) -> LedgerFile:
    return LedgerFile(tmp_path / "state" / "ledger.json")


@pytest.mark.parametrize(
    "ledger",
    [
        pytest.param(EMPTY, id="nothing-made"),
        pytest.param(EMPTY.with_ports(PORTS), id="ports"),
        pytest.param(EMPTY.with_runtime(RUNTIME), id="runtime"),
        pytest.param(FULL, id="both"),
        pytest.param(FULL.with_runtime(None), id="runtime-removed"),
        pytest.param(FULL.with_door(SCOPE).with_door(IAM), id="doors"),
        pytest.param(FULL.with_gateway(GATEWAY), id="gateway-without-target"),
        pytest.param(FULL.with_gateway(replace(GATEWAY, target_id="t", credential_provider="p")), id="gateway"),
        pytest.param(FULL.with_gateway(GATEWAY).with_gateway(None), id="gateway-removed"),
    ],
)
def test_what_was_saved_is_loaded(file: LedgerFile, ledger: Ledger) -> None:
    file.save(ledger)
    assert file.load() == ledger


def test_a_door_is_known_by_its_name_and_recorded_once() -> None:
    renewed = RuntimeRecord(name=SCOPE.name, id="s-2", arn="arn:aws:s2")
    ledger = FULL.with_door(SCOPE).with_door(IAM).with_door(renewed)
    assert (ledger.door(SCOPE.name), ledger.door(IAM.name), len(ledger.doors)) == (renewed, IAM, 2)
    assert ledger.without_door(SCOPE.name).doors == (IAM,)
    assert ledger.without_door(SCOPE.name).door(SCOPE.name) is None


@pytest.mark.parametrize(
    "lacking",
    [
        pytest.param({"gateway"}, id="before-gateways"),
        pytest.param({"gateway", "doors"}, id="before-doors"),
        pytest.param({"gateway", "doors", "state_bucket", "account"}, id="the-first"),
    ],
)
def test_an_older_ledger_is_read_and_written_as_this_version(file: LedgerFile, lacking: set[str]) -> None:
    file.save(FULL)
    raw = json.loads(file.path.read_text())
    file.path.write_text(json.dumps({k: v for k, v in raw.items() if k not in lacking} | {"schema_version": 1}))
    loaded = file.load()
    assert loaded == FULL
    file.save(loaded)
    assert json.loads(file.path.read_text()) == raw


def test_a_later_ledger_is_refused_and_left_as_it_is(file: LedgerFile) -> None:
    file.save(FULL)
    later = json.dumps(json.loads(file.path.read_text()) | {"schema_version": SCHEMA_VERSION + 1, "new": {}})
    file.path.write_text(later)
    with pytest.raises(Unfit) as caught:
        file.load()
    assert (caught.value.code, caught.value.exit_code) == ("newer_ledger", 5)
    assert f"{file.path} has schema_version {SCHEMA_VERSION + 1}" in caught.value.message
    assert file.path.read_text() == later


def test_no_file_means_nothing_was_made(file: LedgerFile) -> None:
    assert file.load() is None


def test_only_the_owner_reads_the_file_and_its_folder(file: LedgerFile) -> None:
    before = os.umask(0)
    try:
        file.save(FULL)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


def test_saving_leaves_no_second_file(file: LedgerFile) -> None:
    file.save(EMPTY)
    file.save(FULL)
    assert [path.name for path in file.path.parent.iterdir()] == ["ledger.json"]


def test_a_save_that_fails_leaves_the_last_ledger(file: LedgerFile) -> None:
    file.save(EMPTY)
    unwritable: Any = object()
    with pytest.raises(TypeError):
        file.save(Ledger("local", "dev", unwritable))
    assert file.load() == EMPTY


def test_a_save_replaces_the_file_instead_of_rewriting_it(file: LedgerFile) -> None:
    file.save(EMPTY)
    with file.path.open() as reader:
        file.save(FULL)
        assert json.load(reader)["runtime"] is None


def without(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda document: {k: v for k, v in document.items() if k != name}


def having(**changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda document: document | changes


@pytest.mark.parametrize(
    "spoil",
    [
        *[
            pytest.param(without(name), id=f"without-{name}")
            for name in (
                "schema_version",
                "target",
                "region",
                "account",
                "ports",
                "runtime",
                "state_bucket",
                "doors",
                "gateway",
            )
        ],
        *[
            pytest.param(having(schema_version=value), id=f"version-{value}")
            for value in (0, -1, True, 1.0, "1", None, [2])
        ],
        pytest.param(having(region=""), id="empty-region"),
        pytest.param(having(target=None), id="target-null"),
        pytest.param(having(ports={"aws": 1, "control_plane": 2}), id="a-port-missing"),
        pytest.param(having(ports={"aws": 1, "control_plane": 2, "data_plane": "3"}), id="port-as-text"),
        pytest.param(having(ports={"aws": 1, "control_plane": 2, "data_plane": 65536}), id="port-too-high"),
        pytest.param(having(ports={"aws": 1, "control_plane": 2, "data_plane": 0}), id="port-zero"),
        pytest.param(having(ports={"aws": 1, "control_plane": 2, "data_plane": True}), id="port-boolean"),
        pytest.param(having(ports={"aws": 1, "control_plane": 2, "data_plane": 3, "x": 4}), id="port-too-many"),
        pytest.param(having(ports=[1, 2, 3]), id="ports-as-list"),
        pytest.param(having(runtime={"name": "a", "id": "b"}), id="runtime-without-arn"),
        pytest.param(having(runtime={"name": "a", "id": "b", "arn": 3}), id="arn-as-number"),
        pytest.param(having(runtime="a"), id="runtime-as-text"),
        pytest.param(having(gateway={"name": "a", "id": "b", "arn": "c"}), id="gateway-without-url"),
        pytest.param(having(gateway=asdict(GATEWAY) | {"url": ""}), id="gateway-url-empty"),
        pytest.param(having(gateway=asdict(GATEWAY) | {"colour": "red"}), id="gateway-with-more"),
        pytest.param(lambda document: [document], id="list"),
        pytest.param(lambda document: None, id="null"),
        pytest.param(lambda document: "text", id="text"),
    ],
)
def test_a_wrong_document_is_corrupt(file: LedgerFile, spoil: Callable[[dict[str, Any]], Any]) -> None:
    file.save(FULL)
    file.path.write_text(json.dumps(spoil(json.loads(file.path.read_text()))))
    with pytest.raises(CorruptLedger) as caught:
        file.load()
    assert str(file.path) in caught.value.message
    assert caught.value.remedy.startswith(f"mv {file.path} ")
    assert caught.value.exit_code == 5


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'{"schema_version": 1, "target', id="cut-off"),
        pytest.param(b"\xff\xfe\x00", id="no-utf-8"),
        pytest.param(b"[" * 100_000, id="nested-too-deep"),
    ],
)
def test_a_file_that_is_no_json_is_corrupt(file: LedgerFile, content: bytes) -> None:
    file.save(FULL)
    file.path.write_bytes(content)
    with pytest.raises(CorruptLedger) as caught:
        file.load()
    assert str(file.path) in caught.value.message


def test_a_folder_in_its_place_is_corrupt(file: LedgerFile) -> None:
    file.path.mkdir(parents=True)
    with pytest.raises(CorruptLedger):
        file.load()


SAVES = """
import sys
from pathlib import Path
from orchestration.ledger import Ledger, LedgerFile

file = LedgerFile(Path(sys.argv[1]))
for number in range(10**9):
    file.save(Ledger("local", "dev", "us-east-1", account=str(number) * 200))
    if number == 3:
        print("saving", flush=True)
"""


@pytest.mark.parametrize("after_s", [0.0, 0.0007, 0.0031, 0.0113])
def test_a_kill_amid_a_save_leaves_a_whole_ledger(tmp_path: Path, after_s: float) -> None:
    path = tmp_path / "ledger.json"
    with subprocess.Popen(
        [sys.executable, "-c", SAVES, str(path)],
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "saving\n"
        time.sleep(after_s)
        process.kill()
    ledger = LedgerFile(path).load()
    assert ledger is not None and ledger.account and len(ledger.account) >= 200
