"""Turns away a request whose body is too large, before it is in memory."""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The longest prompt, every character escaped as JSON can, and the rest of the payload.
MAX_BODY_BYTES = 262_144


class _TooLarge(Exception):
    """More has arrived than is accepted."""


class BodyLimit:
    """ASGI middleware: 400 for a body above the limit, by its announced length or as it comes."""

    def __init__(self, app: ASGIApp, limit: int = MAX_BODY_BYTES) -> None:
        self._app, self._limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limit:
                raise _TooLarge
            return message

        try:
            if any(name == b"content-length" and _exceeds(value, self._limit) for name, value in scope["headers"]):
                raise _TooLarge
            await self._app(scope, counted, send)
        except _TooLarge:
            text = f"the body is larger than the {self._limit} bytes that are accepted"
            await JSONResponse({"error": text, "code": "bad_payload"}, status_code=400)(scope, receive, send)


def _exceeds(length: bytes, limit: int) -> bool:
    digits = length.decode("latin-1").strip()
    return digits.isdigit() and (len(digits) > 18 or int(digits) > limit)
