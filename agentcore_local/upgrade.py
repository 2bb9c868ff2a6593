"""Which requests may become a WebSocket. uvicorn's protocol for those checks none of this."""

from agentcore_local.edge import MAX_FIELDS

MAX_LINE = 8000  # what the WebSocket parser takes for one line of a handshake
Headers = list[tuple[bytes, bytes]]


def asks_for_websocket(headers: Headers) -> bool:
    found = dict(headers)
    tokens = [t.strip() for t in found.get(b"connection", b"").lower().split(b",")]
    return found.get(b"upgrade", b"").lower() == b"websocket" and b"upgrade" in tokens


def objection(is_get: bool, url: bytes, headers: Headers) -> bytes:
    """The status of its refusal; empty for a handshake that may be handed over."""
    if not is_get or {n for n, _ in headers} & {b"content-length", b"transfer-encoding"}:  # RFC 6455 section 4.1
        return b"400 Bad Request"
    longest = max(len(url), *(len(n) + len(v) for n, v in headers))
    return b"431 Request Header Fields Too Large" if len(headers) > MAX_FIELDS or longest > MAX_LINE else b""
