"""HTTP/1.1 as bytes: heads and bodies as they were sent, since the smoke matrix sends what no library would."""

from __future__ import annotations

import http.client
import socket
from dataclasses import dataclass

from tests.aws.signatures import Headers, Wire

MAX_HEAD = 1 << 20
# What belongs to one connection, not to the message (RFC 9110, 7.6.1).
HOP = frozenset({"connection", "keep-alive", "proxy-connection", "transfer-encoding", "te", "trailer", "upgrade"})


class Gone(Exception):
    """The other side has closed the connection."""


class Stream:
    """A socket with a buffer that can be looked into."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.ahead = b""

    def until(self, mark: bytes) -> bytes:
        """Up to and with the mark. Raises Gone."""
        while mark not in self.ahead:
            if len(self.ahead) > MAX_HEAD:
                raise Gone
            self._more()
        found, mark, self.ahead = self.ahead.partition(mark)
        return found + mark

    def exactly(self, count: int) -> bytes:
        while len(self.ahead) < count:
            self._more()
        found, self.ahead = self.ahead[:count], self.ahead[count:]
        return found

    def _more(self) -> None:
        piece = self.socket.recv(65536)
        if not piece:
            raise Gone
        self.ahead += piece


@dataclass(frozen=True, slots=True)
class Answer:
    """`stream` is what is still to be read of it, where it has no end yet."""

    status: int
    headers: Headers
    body: bytes
    stream: http.client.HTTPResponse | None = None


def head_of(raw: bytes) -> tuple[str, str, Headers]:
    """Method, target and headers of a request's head, whatever they are."""
    lines = raw.decode("latin-1").split("\r\n")
    method, _, rest = lines[0].partition(" ")
    target = rest.rpartition(" ")[0]
    split = (line.partition(":") for line in lines[1:] if line)
    return method, target, [(name, value.strip(" \t")) for name, _, value in split]


def body_of(stream: Stream, headers: Headers) -> bytes:
    """The request's body, taken out of its chunks. Raises Gone, ValueError."""
    fields = {name.lower(): value for name, value in headers}
    length, chunked = int(fields.get("content-length") or 0), "chunked" in fields.get("transfer-encoding", "").lower()
    if (length or chunked) and fields.get("expect", "").lower() == "100-continue":
        stream.socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    if not chunked:
        return stream.exactly(length)
    body = b""
    while size := int(stream.until(b"\r\n").split(b";")[0], 16):
        body += stream.exactly(size)
        stream.until(b"\r\n")
    while stream.until(b"\r\n") != b"\r\n":
        pass
    return body


def ask(port: int, wire: Wire, timeout_s: float) -> Answer:
    """Send a request to this machine; an event stream is answered when it begins."""
    connection = socket.create_connection(("127.0.0.1", port), timeout_s)
    kept = [(n, v) for n, v in wire.headers if n.lower() not in HOP | {"content-length", "expect"}]
    kept += [("Content-Length", str(len(wire.body))), ("Connection", "close")]
    lines = [f"{wire.method} {wire.target} HTTP/1.1", *(f"{n}: {v}" for n, v in kept), "", ""]
    connection.sendall("\r\n".join(lines).encode("latin-1") + wire.body)
    answer = http.client.HTTPResponse(connection, method=wire.method)
    answer.begin()
    connection.close()  # the answer holds the socket open until it was read
    if "event-stream" in answer.headers.get("content-type", ""):
        return Answer(answer.status, answer.getheaders(), b"", answer)
    with answer:
        return Answer(answer.status, answer.getheaders(), answer.read())


def send(connection: socket.socket, method: str, answer: Answer) -> None:
    """Answer a client that may send another request afterwards."""
    dropped = HOP | (set() if method == "HEAD" else {"content-length"})
    headers = [(n, v) for n, v in answer.headers if n.lower() not in dropped]
    if answer.stream:
        headers.append(("Transfer-Encoding", "chunked"))
    elif method != "HEAD" and answer.status not in (204, 304):
        headers.append(("Content-Length", str(len(answer.body))))
    reason = http.client.responses.get(answer.status, "")
    lines = [f"HTTP/1.1 {answer.status} {reason}", *(f"{n}: {v}" for n, v in headers), "", ""]
    connection.sendall("\r\n".join(lines).encode("latin-1") + (b"" if method == "HEAD" else answer.body))
    if answer.stream is None:
        return
    with answer.stream as rest:
        while piece := rest.read1(65536):
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
    connection.sendall(b"0\r\n\r\n")
