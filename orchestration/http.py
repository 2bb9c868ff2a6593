"""HTTP without the AWS SDK: the data plane, the token endpoint, providers' keys. The only importer of httpx."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import h11
import httpx

from orchestration.checks.request import Reply, Request
from orchestration.errors import NoAnswer, TokenRefused, Unfit

MAX_BODY_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Issuer:
    """What a provider says of itself: its name in tokens, and its public keys as JWKs."""

    name: str
    keys: list[Mapping[str, Any]]


def local_client(timeout_s: float) -> httpx.Client:
    """A client for loopback: proxies and netrc of the environment are ignored."""
    return httpx.Client(timeout=timeout_s, trust_env=False)


def aws_client(timeout_s: float) -> httpx.Client:
    """A client for AWS: proxies of the environment are honoured."""
    return httpx.Client(timeout=timeout_s)


@dataclass(frozen=True, slots=True)
class DataPlane:
    """checks.request.Sender over one base URL. What a client would repair goes over a connection of its own."""

    client: httpx.Client
    base_url: str
    timeout_s: float

    def send(self, request: Request) -> Reply:
        """Raises Unfit when nobody is there, NoAnswer when this one call is not answered."""
        if request.verbatim:
            return self._verbatim(request)
        try:
            answer = self.client.request(
                request.method,
                self.base_url,
                headers=list(request.headers),
                content=request.body,
                # The target as it is: httpx would normalise dots and escapes away.
                extensions={"target": request.target.encode("ascii")},
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as e:
            raise self._nobody(e) from None
        except (httpx.HTTPError, httpx.InvalidURL) as e:
            raise NoAnswer(type(e).__name__) from None
        return Reply(answer.status_code, answer.text[:MAX_BODY_BYTES], answer.headers.get("x-amzn-errortype", ""))

    def _verbatim(self, request: Request) -> Reply:
        url = httpx.URL(self.base_url)
        head = [f"{request.method} {request.target} HTTP/1.1", f"Host: {url.netloc.decode()}", "Connection: close"]
        head += [f"{name}: {value}" for name, value in request.headers]
        sent = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + request.body
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            connection = socket.create_connection((url.host, port), self.timeout_s)
        except OSError as e:
            raise self._nobody(e) from None
        try:
            with connection if url.scheme == "http" else _secured(connection, url.host) as stream:
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    stream.sendall(sent)  # a refusal may come before all of it is read
                return read_reply(lambda: stream.recv(65536))
        except (OSError, h11.RemoteProtocolError) as e:
            raise NoAnswer(type(e).__name__) from None

    def _nobody(self, error: Exception) -> Unfit:
        return Unfit(
            f"the data plane at {httpx.URL(self.base_url).netloc.decode()} does not answer: {type(error).__name__}",
            remedy="make up",
            code="data_plane_unreachable",
        )


def _secured(connection: socket.socket, host: str) -> ssl.SSLSocket:
    return ssl.create_default_context().wrap_socket(connection, server_hostname=host)


def read_reply(receive: Callable[[], bytes]) -> Reply:
    """Read one HTTP/1.1 answer. Raises h11.RemoteProtocolError for what is none, or ends early."""
    parser = h11.Connection(h11.CLIENT)
    parser.send(h11.Request(method="GET", target="/", headers=[("Host", "-")]))
    parser.send(h11.EndOfMessage())
    answer: h11.Response | None = None
    body = b""
    while True:
        event = parser.next_event()
        if event is h11.NEED_DATA:
            parser.receive_data(receive())
        elif isinstance(event, h11.Response):
            answer = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage) and answer is not None:
            break
        elif isinstance(event, h11.ConnectionClosed) or len(body) > MAX_BODY_BYTES:
            raise h11.RemoteProtocolError("no whole answer")
    kind = dict(answer.headers).get(b"x-amzn-errortype", b"").decode("latin-1")
    return Reply(answer.status_code, body.decode("utf-8", "replace"), kind)


def issuer_of(client: httpx.Client, discovery_url: str, place: Callable[[str], str]) -> Issuer:
    """The issuer behind a discovery URL and its keys. `place` maps a URL to where it is fetched from.

    Raises Unfit when they cannot be had.
    """
    try:
        document = client.get(place(discovery_url), follow_redirects=False).raise_for_status().json()
        keys = client.get(place(document["jwks_uri"]), follow_redirects=False).raise_for_status().json()["keys"]
        return Issuer(str(document["issuer"]), [key for key in keys if isinstance(key, dict)])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as e:
        raise Unfit(
            f"the provider behind {discovery_url} cannot be read: {type(e).__name__}",
            remedy="look at that URL; locally `invoke local.status`",
            code="provider_unreachable",
        ) from None


def client_credentials(client: httpx.Client, url: str, client_id: str, client_secret: str, scope: str) -> str:
    """An access token by client_credentials (RFC 6749, 4.4; the client authenticates with HTTP Basic).

    Raises TokenRefused with the endpoint's error code, Unfit when it does not answer.
    """
    try:
        answer = client.post(
            url,
            data={"grant_type": "client_credentials", "scope": scope},
            auth=httpx.BasicAuth(client_id, client_secret),
        )
        body = answer.json()
    except httpx.HTTPError as e:
        raise Unfit(f"the token endpoint {url} does not answer: {type(e).__name__}", remedy="make up") from None
    except ValueError:
        body = {}
    token = body.get("access_token") if isinstance(body, dict) else None
    if answer.status_code != 200 or not isinstance(token, str):
        error = body.get("error", "no error code") if isinstance(body, dict) else "no error code"
        raise TokenRefused(
            f"the token endpoint answered {answer.status_code} ({error}) to app client {client_id}",
            remedy="run `make up`, which puts the app client right",
        )
    return token


def healthy(url: str, timeout_s: float = 2.0) -> bool:
    """True if a GET answers 200."""
    try:
        with local_client(timeout_s) as client:
            return client.get(url).status_code == 200
    except httpx.HTTPError:
        return False
