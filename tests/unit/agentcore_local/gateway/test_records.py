from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agentcore_local.gateway.records import Gateway, GatewayStore, Target, is_gateway
from agentcore_local.store import Store

NOW = "2027-01-01T00:00:00Z"
SPEC = {"authorizerType": "AWS_IAM", "roleArn": "r"}
GATEWAY = Gateway(
    "gw-0123456789", "gw", "arn:aws:bedrock-agentcore:r:a:gateway/gw-0123456789", 1, SPEC, "READY", None, NOW, NOW
)
TARGET = Target("abcdefghij", GATEWAY.id, "t", {"a": [1]}, "READY", None, NOW, NOW)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "state.sqlite3")
    yield opened
    opened.close()


@pytest.fixture
def records(store: Store) -> GatewayStore:
    made = GatewayStore(store)
    with made.change():
        made.put_gateway(GATEWAY)
        made.put_target(TARGET)
        made.put_tags(GATEWAY.id, {"k": "v"})
    return made


def test_what_was_written_is_read_back(records: GatewayStore) -> None:
    assert (records.gateway(GATEWAY.id), records.gateways()) == (GATEWAY, [GATEWAY])
    assert (records.target(GATEWAY.id, TARGET.id), records.targets(GATEWAY.id)) == (TARGET, [TARGET])
    assert records.target("another-0123456789", TARGET.id) is None


def test_a_changed_gateway_keeps_its_targets(records: GatewayStore) -> None:
    with records.change():
        records.put_gateway(replace(GATEWAY, revision=2, status="UPDATING"))
    assert records.targets(GATEWAY.id) == [TARGET]


def test_a_deleted_gateway_takes_all_that_is_its_own_along(records: GatewayStore, store: Store) -> None:
    with records.change():
        store.put_client_token("CreateGateway", "t", "d", {}, GATEWAY.id)
        records.drop_gateway(GATEWAY.id)
    assert (records.gateways(), records.targets(GATEWAY.id), records.tags(GATEWAY.id)) == ([], [], {})
    assert store.client_token("CreateGateway", "t") is None


def test_a_state_file_from_before_gateways_is_taken_over(tmp_path: Path) -> None:
    older = Store(tmp_path / "older.sqlite3")
    salt = older.log_salt()
    older.close()
    later = Store(tmp_path / "older.sqlite3")
    assert (GatewayStore(later).gateways(), later.log_salt()) == ([], salt)
    later.close()


def test_a_gateway_is_told_from_a_runtime_by_its_arn() -> None:
    assert is_gateway(GATEWAY.arn)
    assert not is_gateway("arn:aws:bedrock-agentcore:r:a:runtime/gateway-0123456789")
    assert not is_gateway("")
