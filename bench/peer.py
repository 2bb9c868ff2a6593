"""HAProxy 2.6 as Debian ships it, verifying the same tokens before the same upstream: what people put there instead."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.wrk import on
from tests.contract.cloud import eventually, free_port
from tests.contract.provider import CLIENT, ISSUER

# no-delay: its default holds back events of a stream for 100 ms.
CONFIGURATION = """
global
  nbthread 1
  maxconn 2048
defaults
  mode http
  option http-no-delay
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend door
  bind 127.0.0.1:{port}
  http-request deny deny_status 401 unless {{ http_auth_bearer -m found }}
  http-request set-var(txn.alg) http_auth_bearer,jwt_header_query('$.alg')
  http-request set-var(txn.exp) http_auth_bearer,jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 403 unless {{ var(txn.alg) -m str RS256 }}
  http-request deny deny_status 403 unless {{ http_auth_bearer,jwt_verify(txn.alg,"{key}") -m int 1 }}
  http-request deny deny_status 401 unless {{ http_auth_bearer,jwt_payload_query('$.iss') -m str {issuer} }}
  http-request deny deny_status 401 unless {{ http_auth_bearer,jwt_payload_query('$.client_id') -m str {client} }}
  http-request deny deny_status 401 if {{ var(txn.exp),sub(txn.now) -m int lt 60 }}
  default_backend agent
backend agent
  http-reuse always
  server agent 127.0.0.1:{upstream}
"""


def is_there() -> bool:
    return shutil.which("haproxy") is not None


def version() -> str:
    argv = [shutil.which("haproxy") or "haproxy", "-v"]
    first = subprocess.run(argv, capture_output=True, text=True, check=False).stdout.split()
    return first[2] if len(first) > 2 else "?"


@contextmanager
def haproxy(folder: Path, public_key: bytes, upstream: int, cpu: int | None) -> Iterator[tuple[str, int]]:
    """Run it on one core until the end; yields its URL and pid."""
    port, key, file = free_port(), folder / "key.pem", folder / "haproxy.cfg"
    key.write_bytes(public_key)
    words = {"port": port, "key": key, "issuer": ISSUER, "client": CLIENT, "upstream": upstream}
    file.write_text(CONFIGURATION.format(**words))
    with (folder / "haproxy.log").open("wb") as log:
        argv = [shutil.which("haproxy") or "haproxy", "-f", str(file)]
        process = subprocess.Popen(argv, stdout=log, stderr=log, preexec_fn=on(cpu))
    try:
        eventually(lambda: _listens(port), "HAProxy listens")
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(10)


def _listens(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
