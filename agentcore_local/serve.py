"""Two HTTP listeners on loopback in one process, with a deadline for slow requests and one way to stop."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from agentcore_local.edge import Asgi
from agentcore_local.patient import PatientProtocol
from agentcore_local.websocket import MAX_FRAME, MAX_MESSAGE

IDLE_S = 65
MAX_CONNECTIONS = 2048
ACCEPTED_AT_ONCE = 16
"""The loop takes one connection a turn from each listening socket: of 64 callers who came together, the last would wait
for a thousand calls of the others."""


class PatientWebSocket(WebSocketsSansIOProtocol):
    """Ends a connection whose handshake the WebSocket parser refuses; uvicorn would leave it to the event loop."""

    def data_received(self, data: bytes) -> None:
        try:
            super().data_received(data)
        except Exception:
            self.transport.close()


class Listener(uvicorn.Server):
    """A server that leaves signals to the process, which has two of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(port: int) -> socket.socket:
    """A listening socket on loopback. Raises OSError when the port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(2048)
        listener.set_inheritable(False)
    except OSError:
        listener.close()
        raise
    return listener


def server(app: Asgi, protocol: type[PatientProtocol] = PatientProtocol, *, websockets: bool = False) -> Listener:
    """A server for one plane. Without compression: a small frame could unpack to any size."""
    ws = PatientWebSocket if websockets else "none"
    settings: dict[str, Any] = {"http": protocol, "ws": ws, "lifespan": "off", "log_config": None}
    settings |= {"access_log": False, "server_header": False, "proxy_headers": False, "interface": "asgi3"}
    settings |= {"timeout_keep_alive": IDLE_S, "limit_concurrency": MAX_CONNECTIONS}
    settings |= {"timeout_graceful_shutdown": 3}
    settings |= {"ws_max_size": (MAX_MESSAGE, MAX_FRAME), "ws_per_message_deflate": False}
    return Listener(uvicorn.Config(app, **settings))


async def serve_until(stop: asyncio.Event, listeners: list[tuple[Listener, socket.socket]]) -> None:
    """Run all listeners until `stop`; then let requests under way finish for a few seconds."""
    sockets = [[sock, *(sock.dup() for _ in range(ACCEPTED_AT_ONCE - 1))] for _, sock in listeners]
    running = [asyncio.create_task(s.serve(socks)) for (s, _), socks in zip(listeners, sockets, strict=True)]
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait([waiting, *running], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for s, _ in listeners:
        s.should_exit = True
    await asyncio.gather(*running)
