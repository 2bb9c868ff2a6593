"""Targets as they are written, and the proxy on the way to them."""

from __future__ import annotations

import base64
import socket
from urllib.parse import unquote
from urllib.request import getproxies, proxy_bypass

import h11
import httpx

from orchestration.checks.request import Request


class ExactUrl(httpx.URL):
    """A URL whose target is sent as it is: httpx would normalise dots and escapes away.

    Not httpx's own "target" extension: that changes the CONNECT to a proxy too (httpcore: TunnelHTTPConnection).
    """

    def __init__(self, base_url: str, target: str) -> None:
        """Raises UnicodeEncodeError for a target that no request line can carry."""
        super().__init__(base_url)
        self._target = target.encode("ascii")

    @property
    def raw_path(self) -> bytes:
        return self._target


def exact_request(client: httpx.Client, base_url: str, request: Request) -> httpx.Request:
    """Raises UnicodeEncodeError for what HTTP cannot carry."""
    sent = client.build_request(request.method, base_url, headers=list(request.headers), content=request.body)
    sent.url = ExactUrl(base_url, request.target)
    return sent


def proxy_for(base_url: str) -> str | None:
    """The proxy that the process's environment names for that URL, as httpx finds it; None for no proxy."""
    url = httpx.URL(base_url)
    if proxy_bypass(url.host):
        return None
    found = getproxies()
    proxy = found.get(url.scheme) or found.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def connected(url: httpx.URL, proxy: str | None, timeout_s: float) -> socket.socket:
    """A connection to the URL's host, through the proxy where there is one. Raises OSError."""
    port = url.port or (443 if url.scheme == "https" else 80)
    if proxy is None:
        return socket.create_connection((url.host, port), timeout_s)
    through = httpx.URL(proxy)
    if through.scheme != "http":
        raise ConnectionRefusedError("only a proxy that is reached by http:// is understood here")
    connection = socket.create_connection((through.host, through.port or 80), timeout_s)
    try:
        _tunnel(connection, f"{url.host}:{port}", through)
    except BaseException:
        connection.close()
        raise
    return connection


def _tunnel(connection: socket.socket, to: str, proxy: httpx.URL) -> None:
    """Raises ConnectionError where the proxy does not let through (RFC 9110, 9.3.6)."""
    head = [f"CONNECT {to} HTTP/1.1", f"Host: {to}"]
    if proxy.username:
        given = f"{unquote(proxy.username)}:{unquote(proxy.password)}".encode()
        head.append(f"Proxy-Authorization: Basic {base64.b64encode(given).decode()}")
    connection.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
    parser = h11.Connection(h11.CLIENT)
    parser.send(h11.Request(method="CONNECT", target=to, headers=[("Host", to)]))
    while (event := parser.next_event()) is h11.NEED_DATA:
        # One byte at a time: what follows the head is another conversation's.
        parser.receive_data(connection.recv(1))
    if not isinstance(event, h11.Response) or not 200 <= event.status_code < 300:
        raise ConnectionRefusedError("the proxy does not let through")
