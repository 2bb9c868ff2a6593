"""Receives one redirect of a browser on this machine (RFC 8252, 7.3). Nothing outside can reach it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from orchestration.errors import BadInput, Unfit

ADDRESS = "127.0.0.1"
NAMES = frozenset({"localhost", ADDRESS})
PAGE = "<!doctype html><title>{title}</title><p>{text}</p>"
MAX_SILENCE_S = 10.0


class Loopback:
    """Listens for the one request that `wanted` accepts; everybody else is turned away."""

    def __init__(self, redirect_uri: str, server: Listener) -> None:
        self.redirect_uri = redirect_uri
        self._server = server

    def expect(self, wanted: Callable[[str], bool]) -> None:
        """From now on; before that everybody is turned away."""
        self._server.expect(wanted)

    def wait(self, timeout_s: float) -> str:
        """Path and query of that request. Raises Unfit when none has come in time."""
        try:
            return self._server.arrived.get(timeout=timeout_s)
        except queue.Empty:
            raise Unfit(
                f"no browser came back to {self.redirect_uri} within {timeout_s:.0f} s",
                remedy="run `invoke login` again and open the URL that it prints on this machine",
                code="login_timed_out",
            ) from None


class Listener(ThreadingHTTPServer):
    """Threads, since a browser opens connections that it may never use."""

    daemon_threads = True
    allow_reuse_address = False

    def __init__(self, port: int) -> None:
        self.arrived: queue.Queue[str] = queue.Queue(maxsize=1)
        self._wanted: Callable[[str], bool] | None = None
        self._lock = threading.Lock()
        super().__init__((ADDRESS, port), Handler)

    def expect(self, wanted: Callable[[str], bool]) -> None:
        with self._lock:
            self._wanted = wanted

    def take(self, target: str, host: str) -> bool:
        """True for the first request that is wanted. A foreign Host header is a name that was pointed here."""
        named = host.rpartition(":")[0] in NAMES
        with self._lock:
            if not named or self._wanted is None or not self._wanted(target):
                return False
            self._wanted = None
        self.arrived.put(target)
        return True

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that hangs up is no event."""


class Handler(BaseHTTPRequestHandler):
    server: Listener
    timeout = MAX_SILENCE_S

    def do_GET(self) -> None:
        good = self.server.take(self.path, self.headers.get("Host", ""))
        text = "Go back to the terminal: it says how the sign-in went." if good else "Nothing is expected here."
        page = PAGE.format(title="Sign-in" if good else "Not found", text=text).encode()
        self.send_response(200 if good else 404)
        for name, value in (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(page))),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("Connection", "close"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:
        """The request line holds the code: it is not written anywhere."""


@contextmanager
def listening(redirect_uris: Sequence[str]) -> Iterator[Loopback]:
    """Listen at the first of these with a free port. Raises BadInput when none is here, Unfit when all are taken."""
    ours = [uri for uri in redirect_uris if _is_loopback(uri)]
    if not ours:
        raise BadInput(
            f"no redirect URL of the client is on this machine: {', '.join(redirect_uris) or 'it has none'}",
            remedy="add http://localhost:8765/callback to its callback_urls in Terraform, then `invoke apply`",
            code="no_loopback_url",
        )
    for uri in ours:
        try:
            server = Listener(urlsplit(uri).port or 80)
        except OSError:
            continue
        break
    else:
        raise Unfit(f"the ports of {', '.join(ours)} are taken", remedy="free one of them", code="port_taken")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Loopback(uri, server)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _is_loopback(uri: str) -> bool:
    parts = urlsplit(uri)
    return parts.scheme == "http" and parts.hostname in NAMES and parts.port is not None
