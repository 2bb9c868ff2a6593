"""The issuer's keys while everything runs: gone, back, rotated, disguised. Nothing is restarted."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.contract.agents import archive
from tests.contract.cloud import Emulator, Local, eventually
from tests.contract.deployed import Deployed
from tests.contract.provider import CLIENT, DISCOVERY_URL, ISSUER, Provider, token
from tests.fakes.tokens import rsa_key

Create = Callable[..., Deployed]
AUTHORIZER = {"customJWTAuthorizer": {"discoveryUrl": DISCOVERY_URL, "allowedClients": [CLIENT]}}
KEYS, DISCOVERY = "/keys", "/openid-configuration"


@pytest.fixture
def provider() -> Iterator[Provider]:
    running = Provider()
    running.keys = {"k1": rsa_key("first")}
    running.start()
    yield running
    running.stop()


def started(emulator: Emulator, provider: Provider, folder: Any, *flags: str) -> Local:
    local = Local(emulator, folder, ("--oidc-map", f"{ISSUER}={provider.url}/pool", *flags))
    local.start()
    return local


@pytest.fixture(scope="module")
def shared() -> Iterator[Provider]:
    running = Provider()
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def one_second(emulator: Emulator, shared: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    folder = tmp_path_factory.mktemp("keys")
    local = started(emulator, shared, folder, "--keys-ttl-s", "1", "--keys-stale-s", "0")
    yield local
    local.kill()


@pytest.fixture
def forgetful(one_second: Local, shared: Provider) -> Iterator[Local]:
    """Keys serve for one second, and not at all beyond it."""
    shared.keys, shared.odd = {"k1": rsa_key("first")}, {}
    yield one_second


@pytest.fixture
def patient(emulator: Emulator, provider: Provider, tmp_path: Any) -> Iterator[Local]:
    """Keys serve as long as they do unless told otherwise."""
    local = started(emulator, provider, tmp_path)
    yield local
    local.kill()


def door(local: Local, create: Create, upload: Callable[..., dict[str, Any]]) -> Callable[[dict[str, str]], int]:
    runtime = create(local, agentRuntimeArtifact=upload(archive()), authorizerConfiguration=AUTHORIZER)

    def call(headers: dict[str, str]) -> int:
        return local.invoke(runtime.arn, headers=headers).status

    return call


def test_without_the_issuers_keys_nobody_passes_and_with_them_back_all_do(
    forgetful: Local, shared: Provider, create: Create, upload: Callable[..., dict[str, Any]]
) -> None:
    call, good = door(forgetful, create, upload), token("k1", "first")
    eventually(lambda: call(good) == 200, "the keys are fetched", 10)
    gone: list[Callable[[], None]] = [
        shared.stop,
        lambda: shared.odd.update({DISCOVERY: (200, {}, b'{"issuer": "https://evil.test", "jwks_uri": "x"}')}),
        lambda: shared.odd.update({KEYS: (302, {"Location": f"{shared.url}/elsewhere/k"}, b"")}),
    ]
    for spoil in gone:
        spoil()
        eventually(lambda: call(good) == 403, "the door is closed", 10)
        assert [call(good) for _ in range(3)] == [403] * 3
        shared.odd.clear()
        if not shared.runs:
            shared.start()
        eventually(lambda: call(good) == 200, "the door is open again", 10)
    assert not [path for path in shared.fetched if "elsewhere" in path]


def test_rotated_keys_close_the_door_to_old_tokens_and_open_it_to_new_ones(
    forgetful: Local, shared: Provider, create: Create, upload: Callable[..., dict[str, Any]]
) -> None:
    call, old, new = door(forgetful, create, upload), token("k1", "first"), token("k2", "second")
    assert (call(old), call(new)) == (200, 403)
    shared.keys = {"k1": rsa_key("first"), "k2": rsa_key("second")}
    eventually(lambda: call(new) == 200, "the new key is known", 10)
    assert call(old) == 200
    shared.keys = {"k2": rsa_key("second")}
    eventually(lambda: call(old) == 403, "the old key is forgotten", 10)
    assert (call(new), call(old)) == (200, 403)
    shared.keys = {"k2": rsa_key("third")}  # the same name for another key
    eventually(lambda: call(new) == 403, "the replaced key is forgotten", 10)
    assert call(token("k2", "third")) == 200


def test_a_new_key_is_found_at_once_and_the_old_one_ends_with_it(
    patient: Local, provider: Provider, create: Create, upload: Callable[..., dict[str, Any]]
) -> None:
    call, old, new = door(patient, create, upload), token("k1", "first"), token("k2", "second")
    assert call(old) == 200
    provider.keys = {"k2": rsa_key("second")}
    assert call(old) == 200  # nothing has made the door look again: the documented time to live
    assert call(new) == 200
    assert call(old) == 403


def test_invented_key_names_cause_one_fetch(
    patient: Local, provider: Provider, create: Create, upload: Callable[..., dict[str, Any]]
) -> None:
    call = door(patient, create, upload)
    assert call(token("k1", "first")) == 200
    before, began = len(provider.fetched), time.monotonic()
    for _ in range(60):
        assert call(token(secrets.token_hex(8), "attacker")) == 403
    allowed = 2 * (1 + int((time.monotonic() - began) / 10))
    assert len(provider.fetched) - before <= allowed
    assert call(token("k1", "first")) == 200


def test_the_last_good_keys_serve_while_the_issuer_is_away(
    patient: Local, provider: Provider, create: Create, upload: Callable[..., dict[str, Any]]
) -> None:
    call = door(patient, create, upload)
    provider.stop()
    assert call(token("unknown", "first")) == 403  # looks for it, in vain
    assert call(token("k1", "first")) == 200
    assert call(token("k1", "attacker")) == 403


def test_a_start_without_the_issuer_lets_nobody_in_until_it_is_there(
    emulator: Emulator, provider: Provider, tmp_path: Any, create: Create, upload: Callable[..., dict[str, Any]]
) -> None:
    local = started(emulator, provider, tmp_path)
    try:
        call, good = door(local, create, upload), token("k1", "first")
        assert call(good) == 200
        provider.stop()
        local.kill()
        local.start()
        assert [call(good) for _ in range(5)] == [403] * 5
        provider.start()
        eventually(lambda: call(good) == 200, "the keys are fetched", 10)
    finally:
        local.kill()


@pytest.mark.parametrize(
    ("odd", "answer"),
    [
        (DISCOVERY, (404, {}, b"{}")),
        (DISCOVERY, (200, {}, b"not json")),
        (DISCOVERY, (200, {}, b'{"issuer": "https://evil.test", "jwks_uri": "https://evil.test/keys"}')),
        (DISCOVERY, (302, {"Location": "/pool/.well-known/openid-configuration?again"}, b"")),
        (KEYS, (500, {}, b"{}")),
        (KEYS, (200, {}, b'{"keys": []}')),
    ],
    ids=["no-document", "no-json", "other-issuer", "redirect", "no-keys", "empty-keys"],
)
def test_a_runtime_with_an_unusable_issuer_is_not_created(
    forgetful: Local, shared: Provider, create: Create, odd: str, answer: tuple[int, dict[str, str], bytes]
) -> None:
    shared.odd = {odd: answer}
    control = forgetful.control()
    with pytest.raises(control.exceptions.ValidationException, match="discovery URL"):
        create(forgetful, authorizerConfiguration=AUTHORIZER)
    shared.odd = {}
