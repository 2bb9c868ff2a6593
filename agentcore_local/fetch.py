"""Fetching provider documents over HTTP: bounded, without redirects or cookies, without proxies that nobody named.

An OIDC map plays the part of /etc/hosts for a provider that lives on this machine: what is asked of the left
side is fetched from the right side. It changes no issuer and admits nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import aiohttp
import yarl

from agentcore_local.jwks import MAX_DOCUMENT_BYTES
from agentcore_local.keys import FETCH_TIMEOUT_S, FetchFailed
from agentcore_local.urls import BadUrl, require_fetchable


class BadOidcMap(ValueError):
    """An entry of the OIDC map is not `https://left=https-or-loopback-right`."""


class OidcMap:
    """URL prefixes and where they are fetched from. Prefixes end at a path segment; the longest one wins."""

    def __init__(self, entries: Sequence[str] = ()) -> None:
        """Parse entries as `https://idp.example.com=http://127.0.0.1:4666`. Raises BadOidcMap."""
        pairs: dict[str, str] = {}
        for entry in entries:
            left, _, right = entry.partition("=")
            left, right = left.rstrip("/"), right.rstrip("/")
            try:
                require_fetchable(left, local=False)
                require_fetchable(right, local=True)
            except BadUrl as error:
                raise BadOidcMap(f"{entry!r}: one side {error}") from error
            if "?" in entry or left in pairs:
                raise BadOidcMap(f"{entry!r}: a query, or the left side appears twice")
            pairs[left] = right
        self._pairs = sorted(pairs.items(), key=lambda pair: len(pair[0]), reverse=True)

    def maps(self, url: str) -> bool:
        """Whether the URL is fetched from elsewhere."""
        return self.target(url) != url

    def target(self, url: str) -> str:
        """The URL to fetch in the given one's place; the same where no entry covers it."""
        for left, right in self._pairs:
            if url == left or url.startswith((f"{left}/", f"{left}?")):
                return right + url[len(left) :]
        return url


class AiohttpFetch:
    """The key store's `fetch`: GET one document, at most `max_bytes` within `timeout_s` in all.

    Each call opens a connection of its own: documents are fetched minutes apart.
    """

    def __init__(
        self,
        oidc_map: OidcMap,
        *,
        timeout_s: float = FETCH_TIMEOUT_S,
        max_bytes: int = MAX_DOCUMENT_BYTES,
        proxy: Callable[[str], str | None] = lambda url: None,
    ) -> None:
        """proxy(url) is the one on the way to that URL, None where there is none."""
        self._map, self._proxy = oidc_map, proxy
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._max_bytes = max_bytes

    async def __call__(self, url: str) -> bytes:
        """Fetch the document. Raises FetchFailed with a text that is safe to show."""
        target = yarl.URL(self._map.target(url), encoded=True)
        try:
            async with (
                aiohttp.ClientSession(
                    timeout=self._timeout,
                    trust_env=False,
                    auto_decompress=False,  # a small compressed body could unfold into a huge one
                    cookie_jar=aiohttp.DummyCookieJar(),
                    headers={"Accept": "application/json", "Accept-Encoding": "identity"},
                ) as session,
                session.get(target, allow_redirects=False, proxy=self._proxy(str(target))) as response,
            ):
                if response.status != 200:
                    raise FetchFailed(f"{url} answered with status {response.status}")
                return await self._body(url, response)
        except TimeoutError as error:
            raise FetchFailed(f"{url} did not answer in time") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise FetchFailed(f"{url} could not be fetched ({type(error).__name__})") from error

    async def _body(self, url: str, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_chunked(16 * 1024):
            body += chunk
            if len(body) > self._max_bytes:
                raise FetchFailed(f"{url} answered with more than {self._max_bytes} bytes")
        return bytes(body)
