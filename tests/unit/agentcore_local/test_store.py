from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agentcore_local.store import Endpoint, Runtime, Store, Version

NOW = "2026-11-23T12:00:00Z"
RUNTIME = Runtime("a-0123456789", "a", "arn:a", 1, "READY", None, NOW, NOW)
DEFAULT = Endpoint(RUNTIME.id, "DEFAULT", "DEFAULT-0123456789", 1, 1, None, "READY", None, NOW, NOW)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "state.sqlite3")
    with opened.change():
        opened.put_runtime(RUNTIME)
        opened.put_version(Version(RUNTIME.id, 1, {"v": 1}, "READY", NOW))
        opened.put_endpoint(DEFAULT)
    yield opened
    opened.close()


def test_a_change_that_fails_leaves_everything_as_it_was(store: Store) -> None:
    with pytest.raises(RuntimeError), store.change():
        store.put_runtime(replace(RUNTIME, status="DELETING"))
        store.put_endpoint(replace(DEFAULT, live=None))
        raise RuntimeError
    assert store.runtime(RUNTIME.id) == RUNTIME
    assert store.endpoint(RUNTIME.id, "DEFAULT") == DEFAULT


def test_a_moved_endpoint_is_seen_by_the_next_lookup(store: Store) -> None:
    first = store.door(RUNTIME.id, "DEFAULT")
    with store.change():
        store.put_version(Version(RUNTIME.id, 2, {"v": 2}, "READY", NOW))
        store.put_endpoint(replace(DEFAULT, live=2, target=2))
    second = store.door(RUNTIME.id, "DEFAULT")
    assert first and second
    assert (first.spec, second.spec) == ({"v": 1}, {"v": 2})


def test_an_endpoint_that_was_never_live_or_is_being_deleted_has_no_door(store: Store) -> None:
    with store.change():
        store.put_endpoint(replace(DEFAULT, name="stage", live=None))
    assert store.door(RUNTIME.id, "stage") is None
    assert store.door(RUNTIME.id, "DEFAULT") is not None
    with store.change():
        store.put_runtime(replace(RUNTIME, status="DELETING"))
    assert store.door(RUNTIME.id, "DEFAULT") is None


def test_updating_a_runtime_keeps_its_versions(store: Store) -> None:
    with store.change():
        store.put_runtime(replace(RUNTIME, status="UPDATING", latest=2))
    assert [v.number for v in store.versions(RUNTIME.id)] == [1]
    assert store.endpoints(RUNTIME.id) == [DEFAULT]


def test_a_dropped_runtime_takes_all_its_rows_along(store: Store) -> None:
    with store.change():
        store.put_tags(RUNTIME.id, RUNTIME.arn, {"a": "b"})
        store.put_client_token("CreateAgentRuntime", "t", "d", {}, RUNTIME.id)
    with store.change():
        store.drop_runtime(RUNTIME.id)
    assert not store.versions(RUNTIME.id)
    assert not store.endpoints(RUNTIME.id)
    assert store.tags(RUNTIME.arn) == {}
    assert store.client_token("CreateAgentRuntime", "t") is None


def test_state_is_there_after_reopening_and_private(store: Store, tmp_path: Path) -> None:
    again = Store(tmp_path / "state.sqlite3")
    assert again.runtimes() == [RUNTIME]
    assert again.log_salt() == store.log_salt()
    again.close()
    assert (tmp_path / "state.sqlite3").stat().st_mode & 0o077 == 0


def test_what_callers_need_is_looked_up_once_and_anew_after_a_change(store: Store) -> None:
    asked: list[str] = []
    store.add_tables("").set_trace_callback(asked.append)
    for _ in range(3):
        assert (store.version(RUNTIME.id, 1), store.resource_policy("arn:a")) == (first_version(), None)
        assert store.door(RUNTIME.id, "DEFAULT") is not None
    assert len(asked) == 4  # version, policy, and a door's runtime and endpoint
    with store.change():
        store.put_resource_policy(RUNTIME.id, "arn:a", "{}")
        assert store.resource_policy("arn:a") == "{}"
        store.drop_version(RUNTIME.id, 1)
        assert store.version(RUNTIME.id, 1) is None
    assert (store.version(RUNTIME.id, 1), store.resource_policy("arn:a")) == (None, "{}")
    assert store.door(RUNTIME.id, "DEFAULT") is None


def test_a_change_that_fails_is_not_remembered(store: Store) -> None:
    with pytest.raises(RuntimeError), store.change():
        store.drop_version(RUNTIME.id, 1)
        assert store.version(RUNTIME.id, 1) is None
        raise RuntimeError
    assert store.version(RUNTIME.id, 1) == first_version()


def first_version() -> Version:
    return Version(RUNTIME.id, 1, {"v": 1}, "READY", NOW)
