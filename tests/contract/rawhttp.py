"""A client that sends bytes as they are and reads what comes back; an agent that remembers all it was sent."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

# Remembers each request it read whole. `recall` gives the list back, so that a refused call can be looked for.
RECORDER = """
import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

seen = []

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # headers and body in one segment, or each answer waits for a delayed acknowledgement

    def log_message(self, *args):
        pass

    def reply(self, document):
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path != "/ping":
            seen.append({"method": "GET", "path": self.path, "headers": [], "body": ""})
        self.reply({"status": "Healthy"})

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            wanted = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(wanted)
            if len(body) < wanted:
                raise ConnectionError("cut short")
            return body
        parts = []
        while size := int(self.rfile.readline(), 16):
            part = self.rfile.read(size)
            if len(part) < size:
                raise ConnectionError("cut short")
            parts.append(part)
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def do_POST(self):
        try:
            body = self.body()
        except (ValueError, OSError):
            self.close_connection = True
            return
        if body == b"recall":
            return self.reply({"seen": seen, "pid": os.getpid()})
        headers = [[k.lower(), v] for k, v in self.headers.items()]
        seen.append({"method": "POST", "path": self.path, "headers": headers, "body": body.decode("latin-1")})
        self.reply({"size": len(body)})

    do_PUT = do_OPTIONS = do_TRACE = do_HEAD = do_POST

ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Good:
    """A request that passes, and the ways to spoil it. The body holds a word that no other request has."""

    target: str
    headers: Headers
    body: bytes
    word: str
    bearer: str = ""
    arn: str = ""
    method: str = "POST"
    version: str = "HTTP/1.1"
    end: str = "\r\n"

    def but(self, **changes: Any) -> Good:
        return replace(self, **changes)

    def plus(self, *headers: tuple[str, str]) -> Good:
        return replace(self, headers=(*self.headers, *headers))

    def first(self, *headers: tuple[str, str]) -> Good:
        return replace(self, headers=(*headers, *self.headers))

    def less(self, *names: str) -> Good:
        return replace(self, headers=tuple((n, v) for n, v in self.headers if n.lower() not in names))

    def swap(self, name: str, *values: str) -> Good:
        """The header with other values, in its own place."""
        out: list[tuple[str, str]] = []
        for n, v in self.headers:
            out += [(n, value) for value in values] if n.lower() == name.lower() else [(n, v)]
        return replace(self, headers=tuple(out))

    def ask(self, more: str) -> Good:
        return replace(self, target=self.target + ("&" if "?" in self.target else "?") + more)

    def head(self) -> bytes:
        lines = [f"{self.method} {self.target} {self.version}", *(f"{n}: {v}" for n, v in self.headers)]
        return self.end.join([*lines, "", ""]).encode("latin-1")

    def wire(self) -> bytes:
        return self.head() + self.body

    def raw(self, lines: bytes) -> bytes:
        """With these bytes as further header lines."""
        return self.head()[: -len(self.end)] + lines + b"\r\n" + self.body

    def chunked(self, body: bytes | None = None, coding: str = "chunked") -> bytes:
        """The body in one chunk, or these bytes in its place."""
        framed = b"%x\r\n%s\r\n0\r\n\r\n" % (len(self.body), self.body) if body is None else body
        return self.less("content-length").plus(("Transfer-Encoding", coding)).head() + framed


Spoil = Callable[[Good], bytes]


def talk(port: int, data: bytes | Iterable[bytes], expected: int = 1, patience_s: float = 15.0) -> list[int]:
    """Statuses of all answers to these bytes, 100 (Continue) apart; half-closes after `expected` of them.

    What stands behind the expected answers is still counted. A connection that ends without an answer adds 0.
    """
    reply = b""
    with socket.create_connection(("127.0.0.1", port), timeout=patience_s) as s:
        try:
            for part in (data,) if isinstance(data, bytes) else data:
                s.sendall(part)
        except OSError:
            pass  # refused while it was still being sent; the answer may be there
        shut = False
        while True:
            statuses, whole = parse(reply)
            if len(statuses) >= expected and whole and not shut:
                shut = True
                s.settimeout(1.0)
                _quietly(lambda: s.shutdown(socket.SHUT_WR))
            try:
                chunk = s.recv(65536)
            except TimeoutError:
                if shut:
                    return statuses
                raise AssertionError(f"no answer, only {reply[:200]!r}") from None
            except OSError:
                chunk = b""
            if not chunk:
                return parse(reply)[0] or [0]
            reply += chunk


def parse(reply: bytes) -> tuple[list[int], bool]:
    """The statuses in a stream of answers, and whether the last one is complete."""
    statuses: list[int] = []
    while reply:
        head, found, rest = reply.partition(b"\r\n\r\n")
        if not found:
            return statuses, False
        first, *lines = head.split(b"\r\n")
        fields = {n.strip().lower(): v.strip() for n, _, v in (line.partition(b":") for line in lines)}
        status = int(first.split(b" ")[1])
        if status == 100:
            reply = rest
            continue
        statuses.append(status)
        if fields.get(b"transfer-encoding") == b"chunked":
            _, ended, reply = rest.partition(b"0\r\n\r\n")
            if not ended:
                return statuses, False
            continue
        length = int(fields.get(b"content-length", b"0"))
        if len(rest) < length:
            return statuses, False
        reply = rest[length:]
    return statuses, True


def _quietly(act: Callable[[], None]) -> None:
    try:
        act()
    except OSError:
        pass


def body_with(word: str) -> bytes:
    return json.dumps({"word": word}).encode()
