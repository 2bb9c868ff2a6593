"""A proxy by which programs reach AWS's names on this machine: it ends their TLS itself."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.aws.certificates import Authority
from tests.aws.hosts import Place
from tests.aws.signatures import Wire
from tests.aws.streams import Answer, Gone, Stream, body_of, head_of, send

TIMEOUT_S = 60.0
# Sent by nobody but the smoke matrix, which wants its bytes handed on as they are.
VERBATIM = ("connection", "close")


@dataclass
class Edge:
    """`places` says where a host is played, `handle` answers for it.

    Hosts of `beside` are reached as they are: the package index. `nowhere` collects the other ones.
    """

    authority: Authority
    places: Callable[[str], Place | None]
    handle: Callable[[Place, Wire], Answer]
    beside: frozenset[str] = frozenset()
    nowhere: set[str] = field(default_factory=set)

    def serve(self, connection: socket.socket) -> None:
        connection.settimeout(TIMEOUT_S)
        stream = Stream(connection)
        method, target, _ = head_of(stream.until(b"\r\n\r\n"))
        host, _, port = target.rpartition(":")
        if method != "CONNECT":
            connection.sendall(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
        elif host in self.beside:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with socket.create_connection((host, int(port)), TIMEOUT_S) as there:
                pump(connection, there)
        elif (place := self.places(host)) is None or port != "443":
            self.nowhere.add(target)
            connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        else:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with self.authority.context(host).wrap_socket(connection, server_side=True) as secured:
                self._converse(Stream(secured), place)

    def _converse(self, stream: Stream, place: Place) -> None:
        while True:
            raw = stream.until(b"\r\n\r\n")
            method, target, headers = head_of(raw)
            closing = any((n.lower(), v.lower()) == VERBATIM for n, v in headers)
            signed = any(n.lower() == "authorization" and v.startswith("AWS4-") for n, v in headers)
            if closing and not signed and place.service in ("bedrock-agentcore", "gateway"):
                self._verbatim(stream, place, raw)
                return
            answer = self.handle(place, Wire(method, target, headers, body_of(stream, headers)))
            send(stream.socket, method, answer)

    def _verbatim(self, stream: Stream, place: Place, raw: bytes) -> None:
        """Only the names are changed: the first line's path and the host."""
        line, mark, rest = raw.partition(b"\r\n")
        method, _, after = line.partition(b" ")
        target, _, version = after.rpartition(b" ")
        inward = place.inward(target.decode("latin-1")).encode("latin-1")
        address = f"127.0.0.1:{place.port}".encode()
        head = b" ".join((method, inward, version)) + mark + rest.replace(place.host.encode(), address)
        with socket.create_connection(("127.0.0.1", place.port), TIMEOUT_S) as there:
            there.sendall(head + stream.ahead)
            pump(stream.socket, there)


def pump(one: socket.socket, other: socket.socket) -> None:
    """Hand bytes on both ways until either side has said its last."""

    def onward(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    back = threading.Thread(target=onward, args=(one, other), daemon=True)
    back.start()
    onward(other, one)
    # Whoever still reads must be gone before the number of this socket becomes another one's.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(one, socket.SHUT_RDWR)
    back.join()


class Listener(socketserver.ThreadingTCPServer):
    """Serves an edge on a free port of loopback."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(socketserver.BaseRequestHandler):
    server: Listener

    def handle(self) -> None:
        # Clients hang up between requests, and some of them in the middle of one.
        with contextlib.suppress(Gone, OSError, ValueError):
            self.server.edge.serve(self.request)
