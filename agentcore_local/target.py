"""A request as ASGI has it."""

import urllib.parse
from functools import lru_cache

import httptools

from agentcore_local.edge import Scope

Address = tuple[str, int | None] | None


def scope_of(
    method: bytes, version: str, url: bytes, headers: list[tuple[bytes, bytes]], server: Address, client: Address
) -> Scope:
    """Raises ValueError or a parser's error for what is no request target."""
    path, raw_path, query = _split(url) if len(url) <= 1024 else _split.__wrapped__(url)
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": version,
        "server": server,
        "client": client,
        "scheme": "http",
        "root_path": "",
        "method": method.decode("ascii"),
        "path": path,
        "raw_path": raw_path,
        "query_string": query,
        "headers": headers,
        "state": {},
    }


@lru_cache(maxsize=256)
def _split(url: bytes) -> tuple[str, bytes, bytes]:
    """Decoded path, path and query."""
    parsed = httptools.parse_url(url)
    return urllib.parse.unquote(parsed.path.decode("ascii")), parsed.path, parsed.query or b""
