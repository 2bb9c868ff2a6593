"""Proxies as Debian ships them, verifying the same tokens before the same upstream: what people put there instead.

Each is one worker on one core, in a folder of its own, with bench/peers/ as its configuration. All check the signature,
issuer, client and expiry, as the door does; who lets in a wrong token is not measured.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import psutil
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench.wrk import on
from scripts.load import credentials
from tests.contract.cloud import eventually, free_port, send
from tests.contract.provider import CLIENT, ISSUER
from tests.fakes.tokens import rsa_key

START_S = 15.0
FILES = Path(__file__).with_name("peers")
SYSTEM = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
REFUSED = (
    "none",
    "garbage",
    "expired",
    "other-client",
    "other-issuer",
    "forged",
    "flipped-bit",
    "unsigned",
    "public-key-as-secret",
)


class Unfit(Exception):
    """A peer that nothing can be compared with, and why."""


@dataclass(frozen=True)
class Peer:
    """`files`: {name in its folder: name in bench/peers}; `argv` and files have words between @s, which are filled in.

    `package` is Debian's, and tells the version; `module` is what must be there beside the program.
    """

    name: str
    program: str
    argv: tuple[str, ...]
    files: Mapping[str, str]
    package: str
    modules: str = ""
    module: str = ""

    @property
    def is_there(self) -> bool:
        return self._program is not None and (Path(self.modules) / self.module).exists()

    @property
    def _program(self) -> str | None:
        return shutil.which(self.program, path=os.pathsep.join([os.environ.get("PATH", ""), SYSTEM]))

    def version(self) -> str:
        argv = ["dpkg-query", "--show", "--showformat=${Version}", self.package]
        if shutil.which(argv[0]) is None:
            return "?"
        return subprocess.run(argv, capture_output=True, text=True, check=False).stdout or "?"

    def configured(self, folder: Path, port: int, upstream: int) -> list[str]:
        """Write its files; the command that runs it."""
        key = rsa_key("first")
        pem, der = (
            key.public_key.public_bytes(e, PublicFormat.SubjectPublicKeyInfo) for e in (Encoding.PEM, Encoding.DER)
        )
        (folder / "key.pem").write_bytes(pem)
        words = {"folder": str(folder), "port": str(port), "upstream": str(upstream), "modules": self.modules}
        words |= {"issuer": ISSUER, "client": CLIENT, "spki": base64.b64encode(der).decode()}
        words["jwk"] = json.dumps({**key.as_dict(private=False), "kid": "k1", "use": "sig", "alg": "RS256"})
        # Apache's children must not be root.
        words["user"] = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
        for name, source in self.files.items():
            (folder / name).write_text(filled((FILES / source).read_text(), words))
        return [self._program or self.program, *(filled(word, words) for word in self.argv)]

    @contextmanager
    def running(self, folder: Path, upstream: int, cpu: int | None) -> Iterator[Proxy]:
        """Run it until the end. Raises Unfit, with its own last words, when it does not answer."""
        folder.mkdir()
        port = free_port()
        argv = self.configured(folder, port, upstream)
        with (folder / "output").open("wb") as log:
            process = subprocess.Popen(argv, stdout=log, stderr=log, preexec_fn=on(cpu))
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(process, url, folder)
            main = psutil.Process(process.pid)
            yield Proxy(url, main, tuple(main.children(recursive=True)))
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(process: subprocess.Popen[bytes], url: str, folder: Path) -> None:
    """Until it answers or has ended."""
    try:
        eventually(lambda: process.poll() is not None or send("GET", url, None, {}).status, "an answer", START_S)
    except AssertionError:
        raise Unfit(f"it did not answer within {START_S:g} s; {_last_words(folder)}") from None
    if process.poll() is not None:
        raise Unfit(f"it ended with {process.returncode}; {_last_words(folder)}")


def _last_words(folder: Path) -> str:
    """The last line that it wrote, on its output or into its log."""
    logs = (folder / name for name in ("output", "error.log"))
    lines = [line for log in logs if log.exists() for line in log.read_text(errors="replace").splitlines()]
    said = [line.strip() for line in lines if line.strip()]
    return f"its last words: {said[-1].replace(str(folder), '.')[-300:]}" if said else "it said nothing"


@dataclass(frozen=True)
class Proxy:
    """A running peer: where it answers, its process, and those that work for it."""

    url: str
    process: psutil.Process
    workers: tuple[psutil.Process, ...]


HAPROXY = Peer("HAProxy", "haproxy", ("-f", "@folder@/haproxy.cfg"), {"haproxy.cfg": "haproxy.cfg"}, "haproxy")
NGINX = Peer(
    "nginx njs",
    "nginx",
    ("-c", "@folder@/nginx.conf", "-e", "@folder@/error.log"),
    {"nginx.conf": "nginx.conf", "gate.js": "gate.js"},
    "libnginx-mod-http-js",
    "/usr/lib/nginx/modules",
    "ngx_http_js_module.so",
)


def apache(name: str, rules: str, package: str) -> Peer:
    argv, files = (
        ("-f", "@folder@/apache.conf", "-D", "FOREGROUND"),
        {"apache.conf": "apache.conf", "rules.conf": rules},
    )
    return Peer(name, "apache2", argv, files, package, "/usr/lib/apache2/modules", f"{name}.so")


OPENIDC = apache("mod_auth_openidc", "openidc.conf", "libapache2-mod-auth-openidc")
OAUTH2 = apache("mod_oauth2", "oauth2.conf", "libapache2-mod-oauth2")
PEERS = (HAPROXY, NGINX, OPENIDC, OAUTH2)


def filled(text: str, words: Mapping[str, str]) -> str:
    """`text` with each @word@ replaced."""
    for name, value in words.items():
        text = text.replace(f"@{name}@", value)
    return text


def wrong(url: str) -> str:
    """What is wrong with the verdicts there; empty when the good token is let in and every bad one refused."""
    good, bad = credentials()
    for kind, headers in {"good": good, **{kind: bad[kind][0] for kind in REFUSED}}.items():
        try:
            status = send("POST", url, b'{"do": "json"}', {"Content-Type": "application/json", **headers}).status
        except (OSError, HTTPException) as e:
            return f"it left the token {kind!r} without an answer ({type(e).__name__})"
        if (status == 200) is not (kind == "good") or status >= 500:
            return f"it answered {status} to the token {kind!r}"
    return ""
