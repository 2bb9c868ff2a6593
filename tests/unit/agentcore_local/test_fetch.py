"""The HTTP adapter against a server on loopback, and the map that leads to it."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from agentcore_local.fetch import AiohttpFetch, BadOidcMap, OidcMap
from agentcore_local.keys import FetchFailed, KeyStore
from tests.fakes.tokens import ISSUER, KID, discovery, jwk, key_set

pytestmark = pytest.mark.enable_socket

LEFT = "https://idp.example.com"
RIGHT = "http://127.0.0.1:4666"


@pytest.mark.parametrize(
    ("url", "target"),
    [
        (f"{LEFT}/pool/x", f"{RIGHT}/pool/x"),
        (LEFT, RIGHT),
        (f"{LEFT}?a=b", f"{RIGHT}?a=b"),
        ("https://idp.example.com.evil.example/pool", "https://idp.example.com.evil.example/pool"),
        ("https://idp.example.com:8443/pool", "https://idp.example.com:8443/pool"),
        ("http://idp.example.com/pool", "http://idp.example.com/pool"),
        ("https://other.example/?u=https://idp.example.com/", "https://other.example/?u=https://idp.example.com/"),
        (f"{LEFT}/special/x", "http://127.0.0.1:9/x"),
        (f"{LEFT}/specialty/x", f"{RIGHT}/specialty/x"),
    ],
)
def test_map_rewrites_whole_segments_of_the_longest_prefix(url: str, target: str) -> None:
    oidc_map = OidcMap([f"{LEFT}={RIGHT}/", f"{LEFT}/special/=http://127.0.0.1:9"])
    assert oidc_map.target(url) == target
    assert oidc_map.maps(url) is (url != target)


@pytest.mark.parametrize(
    "entries",
    [
        [""],
        [LEFT],
        ["=", RIGHT],
        [f"={RIGHT}"],
        [f"{LEFT}="],
        [f"http://idp.example.com={RIGHT}"],
        [f"{LEFT}=http://10.0.0.1"],
        [f"{LEFT}=http://127.0.0.1.example.com"],
        [f"{LEFT}=file:///etc"],
        [f"{LEFT}?a={RIGHT}"],
        [f"https://a@idp.example.com={RIGHT}"],
        [f"{LEFT}={RIGHT}", f"{LEFT}/={RIGHT}"],
    ],
)
def test_bad_map_is_refused(entries: list[str]) -> None:
    with pytest.raises(BadOidcMap):
        OidcMap(entries)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def serve(handler: Handler, scene: Callable[[str], Awaitable[None]]) -> None:
    """Run the scene with the base URL of a server that answers everything with the handler."""

    async def run() -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            await scene(f"http://127.0.0.1:{runner.addresses[0][1]}")
        finally:
            await runner.cleanup()

    asyncio.run(run())


def failure(handler: Handler, *, timeout_s: float = 5.0, max_bytes: int = 1000) -> str:
    """What the adapter says about a server's answer that it must not take."""
    said: list[str] = []

    async def scene(base: str) -> None:
        with pytest.raises(FetchFailed) as caught:
            await AiohttpFetch(OidcMap(), timeout_s=timeout_s, max_bytes=max_bytes)(f"{base}/doc")
        said.append(str(caught.value))

    serve(handler, scene)
    return said[0]


def test_document_is_fetched_plainly() -> None:
    seen: list[web.Request] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append(request)
        return web.Response(body=b'{"a":1}')

    async def scene(base: str) -> None:
        fetch = AiohttpFetch(OidcMap([f"{LEFT}={base}"]))
        assert await fetch(f"{LEFT}/pool/a%2Fb") == b'{"a":1}'

    serve(handler, scene)
    assert seen[0].raw_path == "/pool/a%2Fb"
    assert "Cookie" not in seen[0].headers
    assert "Authorization" not in seen[0].headers


def test_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"{}")

    async def scene(base: str) -> None:
        assert await AiohttpFetch(OidcMap())(f"{base}/doc") == b"{}"

    serve(handler, scene)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_never_followed(status: int) -> None:
    paths: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        paths.append(request.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"}, body=b"{}")

    assert str(status) in failure(handler)
    assert paths == ["/doc"]


@pytest.mark.parametrize("status", [201, 204, 400, 401, 404, 500, 503])
def test_other_status_than_200_is_a_failure(status: int) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    assert str(status) in failure(handler)


@pytest.mark.parametrize("chunked", [False, True])
def test_body_beyond_the_bound_is_a_failure(chunked: bool) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = None if chunked else 1001
        if chunked:
            response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(b"x" * 1001)
        return response

    assert "more than 1000 bytes" in failure(handler)


def test_body_of_exactly_the_bound_is_taken() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x" * 1000)

    async def scene(base: str) -> None:
        assert len(await AiohttpFetch(OidcMap(), max_bytes=1000)(f"{base}/doc")) == 1000

    serve(handler, scene)


def test_compressed_body_is_not_unfolded() -> None:
    packed = gzip.compress(b"x" * 100_000)

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    async def scene(base: str) -> None:
        assert await AiohttpFetch(OidcMap(), max_bytes=1000)(f"{base}/doc") == packed

    serve(handler, scene)


def test_slow_drip_is_given_up() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.01)

    assert "in time" in failure(handler, timeout_s=0.1)


def test_closed_port_is_a_failure() -> None:
    async def scene() -> None:
        with pytest.raises(FetchFailed, match="could not be fetched"):
            await AiohttpFetch(OidcMap())("http://127.0.0.1:1/doc")

    asyncio.run(scene())


def test_store_gets_keys_of_a_mapped_provider_that_names_its_loopback_address() -> None:
    """The embedded emulator's document: the real issuer, and a `jwks_uri` with the host that was asked."""

    async def handler(request: web.Request) -> web.StreamResponse:
        if request.path == "/pool/.well-known/openid-configuration":
            return web.Response(body=discovery(jwks_uri=f"http://{request.host}/pool/.well-known/jwks.json"))
        return web.Response(body=key_set(jwk()))

    async def scene(base: str) -> None:
        oidc_map = OidcMap([f"{LEFT}={base}"])
        store = KeyStore(AiohttpFetch(oidc_map), asyncio.get_running_loop().time, is_mapped=oidc_map.maps)
        keys = await store.get(f"{ISSUER}/.well-known/openid-configuration", KID)
        assert (keys.issuer, list(keys.keys)) == (ISSUER, [KID])

    serve(handler, scene)
