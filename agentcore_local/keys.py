"""The key store: discovery document and key set of each issuer, fetched seldom and kept for a bounded time.

It knows or it raises: whoever cannot get keys here lets nobody in.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from agentcore_local.jwks import BadDocument, IssuerKeys, issuer_fits, parse_discovery, parse_key_set
from agentcore_local.urls import BadUrl, is_loopback, require_fetchable

__all__ = ["Fetch", "FetchFailed", "IssuerKeys", "KeyStore", "KeysUnavailable"]

Fetch = Callable[[str], Awaitable[bytes]]

# The service documents none of these times. Cognito advises to cache keys by `kid` and to refresh on a miss.
TIME_TO_LIVE_S = 300.0
# A provider that is down is asked again after this, not at each request.
RETRY_GAP_S = 2.0
# A token may name any `kid`, so a flood of invented ones must not become a flood of fetches.
UNKNOWN_KEY_GAP_S = 10.0
# How long beyond their time to live keys still serve while the provider cannot be reached.
STALE_FOR_S = 300.0
FETCH_TIMEOUT_S = 5.0
MAX_ISSUERS = 64


class FetchFailed(Exception):
    """A document could not be fetched. The message is safe to show."""


class KeysUnavailable(Exception):
    """The keys behind a discovery URL cannot be known. `cause` is a slug, the message is safe to show."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause

    def again(self) -> KeysUnavailable:
        """The same answer for another caller: one exception raised for all would gather all their frames."""
        return KeysUnavailable(self.cause, str(self))


class ProviderChanged(KeysUnavailable):
    """The provider answered and took its keys back, or is no longer who it was: earlier keys end at once."""


@dataclass(slots=True)
class _Issuer:
    discovery_url: str
    keys: IssuerKeys | None = None
    error: KeysUnavailable | None = None
    fetched_at: float = -math.inf
    attempted_at: float = -math.inf
    unknown_at: float = -math.inf
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class KeyStore:
    """Keys by discovery URL. One per event loop.

    `clock` counts seconds and never runs backwards (time.monotonic). `fetch` returns a document's bytes and
    raises FetchFailed; it must follow no redirect. `is_mapped` says if a URL is fetched from this machine
    instead of its own host: such an issuer, and one on loopback, may name a key set on loopback over http.
    """

    def __init__(
        self,
        fetch: Fetch,
        clock: Callable[[], float],
        *,
        is_mapped: Callable[[str], bool] = lambda url: False,
        ttl_s: float = TIME_TO_LIVE_S,
        retry_gap_s: float = RETRY_GAP_S,
        unknown_key_gap_s: float = UNKNOWN_KEY_GAP_S,
        stale_for_s: float = STALE_FOR_S,
        fetch_timeout_s: float = FETCH_TIMEOUT_S,
        max_issuers: int = MAX_ISSUERS,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._is_mapped = is_mapped
        self._ttl_s = ttl_s
        self._retry_gap_s = retry_gap_s
        self._unknown_key_gap_s = unknown_key_gap_s
        self._stale_for_s = stale_for_s
        self._fetch_timeout_s = fetch_timeout_s
        self._max_issuers = max_issuers
        self._issuers: dict[str, _Issuer] = {}

    async def get(self, discovery_url: str, kid: str | None) -> IssuerKeys:
        """The issuer's keys, refreshed when old or when `kid` is not among them. Raises KeysUnavailable."""
        entry = self._entry(discovery_url)
        asked_at = self._clock()
        is_old = asked_at - entry.fetched_at >= self._ttl_s
        if not is_old and entry.keys is not None and kid in entry.keys.keys:
            return entry.keys
        if is_old:
            # The gap is for a provider that is down: after a fetch that went well, old keys are fetched again at once.
            if entry.task or entry.error is None or asked_at - entry.attempted_at >= self._retry_gap_s:
                await self._refresh(entry)
                if self._is_missing(entry, kid):
                    entry.unknown_at = asked_at  # this very fetch has looked for it
        elif self._is_missing(entry, kid) and (entry.task or asked_at - entry.unknown_at >= self._unknown_key_gap_s):
            entry.unknown_at = asked_at
            await self._refresh(entry)
        return self._known(entry)

    async def check(self, discovery_url: str) -> None:
        """Fetch now, as the service does at create and update. Raises KeysUnavailable with the cause."""
        entry = self._entry(discovery_url)
        await self._refresh(entry)
        if entry.error is not None:
            raise entry.error.again()

    async def close(self) -> None:
        """Give up fetches under way."""
        tasks = [entry.task for entry in self._issuers.values() if entry.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _entry(self, discovery_url: str) -> _Issuer:
        """The issuer's entry, moved to the end; the least recently used one makes room for a new one."""
        entry = self._issuers.pop(discovery_url, None) or _Issuer(discovery_url)
        self._issuers[discovery_url] = entry
        while len(self._issuers) > self._max_issuers:
            del self._issuers[next(iter(self._issuers))]
        return entry

    @staticmethod
    def _is_missing(entry: _Issuer, kid: str | None) -> bool:
        return kid is not None and entry.keys is not None and kid not in entry.keys.keys

    def _known(self, entry: _Issuer) -> IssuerKeys:
        if entry.keys is not None and self._clock() - entry.fetched_at < self._ttl_s + self._stale_for_s:
            return entry.keys
        entry.keys = None
        if entry.error is not None:
            raise entry.error.again()
        raise KeysUnavailable("unreachable", "the issuer's keys were not fetched")

    async def _refresh(self, entry: _Issuer) -> None:
        """Fetch once for all who wait. A caller that goes away does not take the fetch with it."""
        if entry.task is None:
            entry.task = asyncio.create_task(self._load(entry))
        await asyncio.shield(entry.task)

    async def _load(self, entry: _Issuer) -> None:
        started_at = self._clock()
        try:
            entry.keys = await self._fetch_keys(entry.discovery_url)
            entry.fetched_at, entry.error = started_at, None
        except KeysUnavailable as error:
            entry.error = error
            if isinstance(error, ProviderChanged):
                entry.keys, entry.fetched_at = None, -math.inf
        finally:
            entry.attempted_at = self._clock()
            entry.task = None

    async def _fetch_keys(self, discovery_url: str) -> IssuerKeys:
        local = self._is_mapped(discovery_url) or is_loopback(discovery_url)
        try:
            issuer, jwks_uri = parse_discovery(await self._document(discovery_url, local=local))
            if not issuer_fits(issuer, discovery_url):
                raise ProviderChanged("issuer_mismatch", "the discovery document is another issuer's")
            keys = parse_key_set(await self._document(jwks_uri, local=local))
        except BadDocument as error:
            raise KeysUnavailable("bad_document", str(error)) from error
        if not keys:
            raise ProviderChanged("no_usable_keys", "the issuer publishes no usable key")
        return IssuerKeys(issuer, keys)

    async def _document(self, url: str, *, local: bool) -> bytes:
        try:
            require_fetchable(url, local=local)
            async with asyncio.timeout(self._fetch_timeout_s):
                return await self._fetch(url)
        except BadUrl as error:
            raise ProviderChanged("insecure_url", f"the URL of the discovery document or keys {error}") from error
        except TimeoutError as error:
            raise KeysUnavailable("unreachable", f"no answer within {self._fetch_timeout_s:g} s") from error
        except (FetchFailed, OSError) as error:
            raise KeysUnavailable("unreachable", str(error)) from error
