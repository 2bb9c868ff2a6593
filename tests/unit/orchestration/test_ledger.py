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
ARN = "arn:aws:bedrock-agentcore:us-east-1:000000000000"


def runtime(name: str, suffix: str, **more: str) -> RuntimeRecord:
    return RuntimeRecord(name, f"{name}-{suffix}", f"{ARN}:runtime/{name}-{suffix}", **more)


RUNTIME = runtime("mortgage_dev", "Ab12Cd34Ef")
EMPTY = Ledger("local", "dev", "us-east-1")
FULL = EMPTY.with_ports(PORTS).with_runtime(RUNTIME)
SCOPE = runtime("mortgage_dev_probe_scope", "Ab12Cd34Eg", artifact_version="v1")
IAM = runtime("mortgage_dev_probe_iam", "Ab12Cd34Eh")
GATEWAY_ID = "mortgage-dev-gateway-ab12cd34ef"
GATEWAY = GatewayRecord(
    "mortgage-dev-gateway", GATEWAY_ID, f"{ARN}:gateway/{GATEWAY_ID}", f"http://127.0.0.1:1/gateways/{GATEWAY_ID}/mcp"
)


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
        pytest.param(
            FULL.with_gateway(replace(GATEWAY, target_id="Ab12Cd34Ef", credential_provider=GATEWAY.name)), id="gateway"
        ),
        pytest.param(FULL.with_gateway(GATEWAY).with_gateway(None), id="gateway-removed"),
        pytest.param(
            FULL.with_deployment("container").with_runtime(replace(RUNTIME, image="i", image_digest="d")),
            id="container",
        ),
    ],
)
def test_what_was_saved_is_loaded(file: LedgerFile, ledger: Ledger) -> None:
    file.save(ledger)
    assert file.load() == ledger


def test_a_door_is_known_by_its_name_and_recorded_once() -> None:
    renewed = runtime(SCOPE.name, "Zb12Cd34Eg")
    ledger = FULL.with_door(SCOPE).with_door(IAM).with_door(renewed)
    assert (ledger.door(SCOPE.name), ledger.door(IAM.name), len(ledger.doors)) == (renewed, IAM, 2)
    assert ledger.without_door(SCOPE.name).doors == (IAM,)
    assert ledger.without_door(SCOPE.name).door(SCOPE.name) is None


@pytest.mark.parametrize(
    "lacking",
    [
        pytest.param((2, {"deployment"}), id="before-containers"),
        pytest.param((1, {"deployment", "gateway"}), id="before-gateways"),
        pytest.param((1, {"deployment", "gateway", "doors"}), id="before-doors"),
        pytest.param((1, {"deployment", "gateway", "doors", "state_bucket", "account"}), id="the-first"),
    ],
)
def test_an_older_ledger_is_read_and_written_as_this_version(file: LedgerFile, lacking: tuple[int, set[str]]) -> None:
    version, names = lacking
    file.save(FULL)
    raw = json.loads(file.path.read_text())
    file.path.write_text(json.dumps({k: v for k, v in raw.items() if k not in names} | {"schema_version": version}))
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
        pytest.param(having(runtime={"name": RUNTIME.name, "id": RUNTIME.id}), id="runtime-without-arn"),
        pytest.param(having(runtime=asdict(RUNTIME) | {"arn": 3}), id="arn-as-number"),
        pytest.param(having(runtime="a"), id="runtime-as-text"),
        pytest.param(having(gateway=asdict(GATEWAY) | {"url": None}), id="gateway-without-url"),
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


def otherwise(record: Any, **changes: str) -> dict[str, Any]:
    return asdict(record) | changes


@pytest.mark.parametrize(
    ("changes", "value"),
    [
        pytest.param({"runtime": otherwise(RUNTIME, name="billing")}, "'billing'", id="runtime-of-others"),
        pytest.param(
            {"runtime": otherwise(RUNTIME, name="mortgage_prod")}, "'mortgage_prod'", id="another-environment"
        ),
        pytest.param({"runtime": otherwise(RUNTIME, id="x/../y")}, "'x/../y'", id="no-runtime-id"),
        pytest.param({"runtime": otherwise(RUNTIME, arn=SCOPE.arn)}, repr(SCOPE.arn), id="arn-of-another-runtime"),
        pytest.param({"doors": [otherwise(SCOPE, name="mortgage_dev")]}, "'mortgage_dev'", id="no-name-of-a-door"),
        pytest.param({"doors": [otherwise(SCOPE, name="billing_prod")]}, "'billing_prod'", id="door-of-others"),
        pytest.param({"gateway": otherwise(GATEWAY, name="billing-gateway")}, "'billing-gateway'", id="gateway"),
        pytest.param({"gateway": otherwise(GATEWAY, id="*")}, "'*'", id="no-gateway-id"),
        pytest.param({"gateway": otherwise(GATEWAY, target_id="all")}, "'all'", id="no-target-id"),
        pytest.param({"gateway": otherwise(GATEWAY, credential_provider="pay")}, "'pay'", id="provider-of-others"),
        pytest.param({"gateway": otherwise(GATEWAY, url="http://10.0.0.1/mcp")}, "'http://10.0.0.1/mcp'", id="url"),
    ],
)
def test_nothing_is_taken_from_a_ledger_that_this_environment_never_wrote(
    file: LedgerFile, changes: dict[str, Any], value: str
) -> None:
    """What it names would be deleted."""
    file.save(FULL)
    file.path.write_text(json.dumps(json.loads(file.path.read_text()) | changes))
    with pytest.raises(CorruptLedger) as caught:
        file.load()
    assert f"{value}, which this environment never writes" in caught.value.message


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        pytest.param(without("gateway"), "gateway missing", id="member"),
        pytest.param(having(runtime={"name": "a"}), "runtime: id, arn missing", id="members-of-a-record"),
        pytest.param(having(gateway=asdict(GATEWAY) | {"colour": 1}), "gateway: colour unknown", id="unknown"),
        pytest.param(having(ports=[1]), "ports is no object", id="list"),
        pytest.param(having(deployment="zip"), "deployment is 'zip', expected code or container", id="deployment"),
        pytest.param(having(region=7), "region is 7, expected a text", id="number"),
        pytest.param(having(doors={}), "doors is no list", id="object"),
    ],
)
def test_it_says_in_plain_words_what_is_wrong(
    file: LedgerFile, spoil: Callable[[dict[str, Any]], Any], words: str
) -> None:
    file.save(FULL)
    file.path.write_text(json.dumps(spoil(json.loads(file.path.read_text()))))
    with pytest.raises(CorruptLedger) as caught:
        file.load()
    assert caught.value.message == f"{file.path} is not a ledger: {words}"


def test_text_and_name_reach_the_disk_before_a_save_is_done(tmp_path: Path) -> None:
    """A power cut may otherwise leave an empty ledger, or the one before."""
    path = tmp_path / "ledger.json"
    synced: list[tuple[bool, bool]] = []

    def sync(handle: int) -> None:
        synced.append((os.path.samestat(os.fstat(handle), tmp_path.stat()), path.exists()))

    LedgerFile(path, sync).save(FULL)
    assert synced == [(False, False), (True, True)], "the text before it gets its name, then the folder"


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
