"""An OIDC provider whose keys, answers and very presence are the test's to change, while callers go on."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc.jwk import RSAKey

from tests.fakes.tokens import ABSENT, compact, merged, rsa_key

ISSUER = "https://idp.example.test/pool"
DISCOVERY_URL = f"{ISSUER}/.well-known/openid-configuration"
CLIENT = "app"


class Provider:
    """Serves discovery and keys on loopback. `stop` ends it as a crash would: nobody listens any more."""

    def __init__(self) -> None:
        self.keys: dict[str, RSAKey] = {}
        self.odd: dict[str, tuple[int, dict[str, str], bytes]] = {}  # by the path's end: an answer of another kind
        self.fetched: list[str] = []
        self.port = 0
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def runs(self) -> bool:
        return self._server is not None

    def start(self) -> None:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: Any) -> None:
                pass

            def do_GET(self) -> None:
                status, headers, body = provider.answer(self.path)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        self.fetched.append(path)
        for end, odd in self.odd.items():
            if path.endswith(end):
                return odd
        if path == "/pool/.well-known/openid-configuration":
            return 200, {}, json.dumps({"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"}).encode()
        if path == "/pool/keys":
            return 200, {}, self.key_set()
        return 404, {}, b"{}"

    def key_set(self) -> bytes:
        entries = [
            {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": "RS256"} for kid, key in self.keys.items()
        ]
        return json.dumps({"keys": entries}).encode()


def token(kid: str, key: str, changes: Mapping[str, Any] | None = None) -> dict[str, str]:
    """An Authorization header by a key of that name, good for ten minutes from now."""
    now = int(time.time())
    base = {"iss": ISSUER, "client_id": CLIENT, "sub": "u", "iat": now - 5, "exp": now + 600}
    payload = json.dumps(merged(base, changes or {})).encode()
    header = {"alg": "RS256"} if kid is ABSENT else {"alg": "RS256", "kid": kid}
    return {"Authorization": f"Bearer {compact(payload, header, rsa_key(key))}"}
