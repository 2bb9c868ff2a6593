"""How often a provider is asked, how long its answer holds, and when nobody gets in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from agentcore_local.keys import (
    RETRY_GAP_S,
    STALE_FOR_S,
    TIME_TO_LIVE_S,
    UNKNOWN_KEY_GAP_S,
    FetchFailed,
    KeyStore,
    KeysUnavailable,
)
from tests.fakes.tokens import ABSENT, DISCOVERY_URL, JWKS_URI, KID, discovery, jwk, key_set, rsa_key

pytestmark = pytest.mark.enable_socket  # an event loop opens a pair of sockets; nothing else here does


@dataclass
class Provider:
    """A provider and a clock. Bodies by URL; an exception in a body's place is raised."""

    bodies: dict[str, bytes | Exception] = field(
        default_factory=lambda: {DISCOVERY_URL: discovery(), JWKS_URI: key_set(jwk())}
    )
    asked: list[str] = field(default_factory=list)
    now: float = 1000.0
    gate: asyncio.Event | None = None
    mapped: bool = False

    async def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        if self.gate:
            await self.gate.wait()
        body = self.bodies.get(url, FetchFailed("status 404"))
        if isinstance(body, Exception):
            raise body
        return body

    def store(self, **limits: float) -> KeyStore:
        return KeyStore(self.fetch, lambda: self.now, is_mapped=lambda url: self.mapped, **limits)  # type: ignore[arg-type]

    @property
    def refreshes(self) -> int:
        return self.asked.count(DISCOVERY_URL)

    def rotate(self, kid: str) -> None:
        self.bodies[JWKS_URI] = key_set(jwk(rsa_key(kid), kid=kid))

    def go_down(self) -> None:
        self.bodies[DISCOVERY_URL] = FetchFailed("connection refused")


def play(scene: Callable[[Provider, KeyStore], Awaitable[None]], provider: Provider | None = None) -> Provider:
    provider = provider or Provider()

    async def run() -> None:
        await scene(provider, provider.store())

    asyncio.run(run())
    return provider


async def refused(store: KeyStore, kid: str | None = KID) -> str:
    with pytest.raises(KeysUnavailable) as caught:
        await store.get(DISCOVERY_URL, kid)
    return caught.value.cause


async def known(store: KeyStore, kid: str | None = KID) -> list[str]:
    return list((await store.get(DISCOVERY_URL, kid)).keys)


def test_keys_are_fetched_once_within_their_time_to_live() -> None:
    async def scene(provider: Provider, store: KeyStore) -> None:
        assert await known(store) == [KID]
        provider.now += TIME_TO_LIVE_S - 1
        assert await known(store) == [KID]

    assert play(scene).asked == [DISCOVERY_URL, JWKS_URI]


def test_keys_that_live_shorter_than_the_gap_between_tries_are_fetched_again_in_time() -> None:
    async def scene(provider: Provider, _: KeyStore) -> None:
        store = provider.store(ttl_s=RETRY_GAP_S / 4, stale_for_s=0)
        assert await known(store) == [KID]
        provider.now += RETRY_GAP_S / 2
        assert await known(store) == [KID]

    assert play(scene).refreshes == 2


def test_keys_are_fetched_again_after_their_time_to_live() -> None:
    async def scene(provider: Provider, store: KeyStore) -> None:
        await known(store)
        provider.rotate("new")
        provider.now += TIME_TO_LIVE_S
        assert await known(store) == ["new"]

    assert play(scene).refreshes == 2


def test_same_kid_with_another_key_is_followed_after_the_time_to_live() -> None:
    async def scene(provider: Provider, store: KeyStore) -> None:
        before = (await store.get(DISCOVERY_URL, KID)).keys[KID]
        provider.bodies[JWKS_URI] = key_set(jwk(rsa_key("other")))
        provider.now += TIME_TO_LIVE_S
        assert (await store.get(DISCOVERY_URL, KID)).keys[KID].key.as_dict() != before.key.as_dict()

    play(scene)


def test_new_kid_is_found_at_once_and_ends_the_old_one() -> None:
    async def scene(provider: Provider, store: KeyStore) -> None:
        await known(store)
        provider.now += 1
        provider.rotate("new")
        assert await known(store, "new") == ["new"]

    assert play(scene).refreshes == 2


def test_flood_of_unknown_kids_on_an_empty_store_is_one_fetch() -> None:
    async def scene(provider: Provider, store: KeyStore) -> None:
        for number in range(500):
            assert await known(store, f"k{number}") == [KID]

    assert play(scene).refreshes == 1


def test_flood_of_unknown_kids_is_one_fetch_in_each_gap() -> None:
    async def scene(provider: Provider, store: KeyStore) -> None:
        await known(store)
        for number in range(500):
            provider.now += UNKNOWN_KEY_GAP_S / 100
            await known(store, f"k{number}")

    assert play(scene).refreshes == 1 + 5


def test_flood_of_unknown_kids_at_once_is_one_fetch() -> None:
    async def scene(provider: Provider, store: KeyStore) -> None:
        await known(store)
        await asyncio.gather(*(known(store, f"k{number}") for number in range(200)))

    assert play(scene).refreshes == 2


def test_no_kid_causes_no_fetch() -> None:
    async def scene(provider: Provider, store: KeyStore) -> None:
        await known(store)
        provider.now += UNKNOWN_KEY_GAP_S
        await known(store, None)

    assert play(scene).refreshes == 1


def test_callers_share_one_fetch_and_survive_one_of_them_leaving() -> None:
    async def scene(provider: Provider, store: KeyStore) -> None:
        provider.gate = asyncio.Event()
        callers = [asyncio.create_task(known(store)) for _ in range(50)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        callers[0].cancel()
        provider.gate.set()
        results = await asyncio.gather(*callers, return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError)
        assert results[1:] == [[KID]] * 49

    assert play(scene).asked == [DISCOVERY_URL, JWKS_URI]


@pytest.mark.parametrize("url", [DISCOVERY_URL, JWKS_URI])
@pytest.mark.parametrize(
    ("body", "cause"),
    [
        pytest.param(FetchFailed("status 500"), "unreachable", id="status"),
        pytest.param(TimeoutError(), "unreachable", id="time-out"),
        pytest.param(ConnectionRefusedError("refused"), "unreachable", id="refused"),
        pytest.param(b"<html>sorry</html>", "bad_document", id="html"),
        pytest.param(b"{}", "bad_document", id="empty-object"),
        pytest.param(b"{" + b" " * 300_000 + b"}", "bad_document", id="huge"),
    ],
)
def test_provider_that_does_not_answer_well_at_first_is_unavailable(
    url: str, body: bytes | Exception, cause: str
) -> None:
    async def scene(provider: Provider, store: KeyStore) -> None:
        provider.bodies[url] = body
        assert await refused(store) == cause

    play(scene)


def test_fetch_that_never_ends_is_given_up() -> None:
    async def scene(provider: Provider, _: KeyStore) -> None:
        provider.gate = asyncio.Event()
        assert await refused(provider.store(fetch_timeout_s=0.01)) == "unreachable"

    play(scene)


def test_provider_that_is_down_is_asked_once_in_each_gap_and_recovers_by_itself() -> None:
    async def scene(provider: Provider, store: KeyStore) -> None:
        provider.go_down()
        for _ in range(100):
            assert await refused(store) == "unreachable"
        assert provider.refreshes == 1
        provider.now += RETRY_GAP_S
        assert await refused(store) == "unreachable"
        assert provider.refreshes == 2
        provider.bodies[DISCOVERY_URL] = discovery()
        provider.now += RETRY_GAP_S
        assert await known(store) == [KID]

    play(scene)


def test_last_good_keys_serve_for_a_bounded_time_only() -> None:
    async def scene(provider: Provider, store: KeyStore) -> None:
        await known(store)
        provider.go_down()
        provider.now += TIME_TO_LIVE_S + STALE_FOR_S - 1
        assert await known(store) == [KID]
        provider.now += 1
        assert await refused(store) == "unreachable"
        provider.bodies[DISCOVERY_URL] = discovery()
        provider.now += RETRY_GAP_S
        assert await known(store) == [KID]

    play(scene)


def test_unknown_kid_while_the_provider_is_down_keeps_the_known_keys() -> None:
    async def scene(provider: Provider, store: KeyStore) -> None:
        await known(store)
        provider.go_down()
        assert await known(store, "new") == [KID]

    play(scene)


@pytest.mark.parametrize(
    ("url", "body", "cause"),
    [
        pytest.param(DISCOVERY_URL, discovery(issuer="https://idp.example.com/b"), "issuer_mismatch", id="issuer"),
        pytest.param(DISCOVERY_URL, discovery(jwks_uri="http://idp.example.com/keys"), "insecure_url", id="http"),
        pytest.param(DISCOVERY_URL, discovery(jwks_uri="file:///etc/passwd"), "insecure_url", id="file"),
        pytest.param(DISCOVERY_URL, discovery(jwks_uri="http://169.254.169.254/x"), "insecure_url", id="metadata"),
        pytest.param(DISCOVERY_URL, discovery(jwks_uri="http://127.0.0.1/x"), "insecure_url", id="loopback"),
        pytest.param(DISCOVERY_URL, discovery(jwks_uri="https://a@idp.example.com/"), "insecure_url", id="userinfo"),
        pytest.param(JWKS_URI, key_set(), "no_usable_keys", id="no-keys"),
        pytest.param(JWKS_URI, key_set(jwk(use="enc")), "no_usable_keys", id="no-usable-keys"),
    ],
)
def test_provider_that_says_something_else_ends_its_keys_at_once(url: str, body: bytes, cause: str) -> None:
    async def scene(provider: Provider, store: KeyStore) -> None:
        await known(store)
        provider.bodies[url] = body
        provider.now += TIME_TO_LIVE_S
        assert await refused(store) == cause
        assert await refused(store) == cause

    play(scene)


@pytest.mark.parametrize(("mapped", "cause"), [(True, None), (False, "insecure_url")])
def test_loopback_keys_are_for_a_provider_on_this_machine(mapped: bool, cause: str | None) -> None:
    local = "http://127.0.0.1:4666/pool/keys"

    async def scene(provider: Provider, store: KeyStore) -> None:
        provider.bodies |= {DISCOVERY_URL: discovery(jwks_uri=local), local: key_set(jwk())}
        assert (await known(store) == [KID]) if cause is None else (await refused(store) == cause)

    play(scene, Provider(mapped=mapped))


def test_mapped_provider_may_not_name_plain_http_elsewhere() -> None:
    async def scene(provider: Provider, store: KeyStore) -> None:
        provider.bodies[DISCOVERY_URL] = discovery(jwks_uri="http://idp.example.com/keys")
        assert await refused(store) == "insecure_url"

    play(scene, Provider(mapped=True))


def test_plain_http_discovery_elsewhere_is_never_asked() -> None:
    async def scene(provider: Provider, store: KeyStore) -> None:
        with pytest.raises(KeysUnavailable):
            await store.get(DISCOVERY_URL.replace("https", "http"), KID)

    assert play(scene).asked == []


def test_check_asks_now_and_names_the_cause() -> None:
    async def scene(provider: Provider, store: KeyStore) -> None:
        await store.check(DISCOVERY_URL)
        await store.check(DISCOVERY_URL)
        assert provider.refreshes == 2
        provider.bodies[DISCOVERY_URL] = discovery(jwks_uri=ABSENT)
        with pytest.raises(KeysUnavailable, match="lacks issuer or jwks_uri") as caught:
            await store.check(DISCOVERY_URL)
        assert caught.value.cause == "bad_document"

    play(scene)


def test_issuers_do_not_share_keys() -> None:
    async def scene(provider: Provider, store: KeyStore) -> None:
        theirs = "https://idp.example.com/theirs"
        url = f"{theirs}/.well-known/openid-configuration"
        provider.bodies |= {url: discovery(issuer=theirs, jwks_uri=f"{theirs}/k"), f"{theirs}/k": key_set(jwk(kid="t"))}
        assert await known(store) == [KID]
        other = await store.get(url, "t")
        assert (other.issuer, list(other.keys)) == (theirs, ["t"])

    play(scene)


def test_store_remembers_a_bounded_number_of_issuers() -> None:
    async def scene(provider: Provider, _: KeyStore) -> None:
        store = provider.store(max_issuers=2)
        await known(store)
        for name in ("a", "b"):
            with pytest.raises(KeysUnavailable):
                await store.get(f"https://idp.example.com/{name}/.well-known/openid-configuration", KID)
        await known(store)

    assert play(scene).refreshes == 2


def test_close_gives_up_what_is_under_way() -> None:
    async def scene(provider: Provider, store: KeyStore) -> None:
        provider.gate = asyncio.Event()
        caller = asyncio.create_task(known(store))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await store.close()
        with pytest.raises(asyncio.CancelledError):
            await caller

    play(scene)
