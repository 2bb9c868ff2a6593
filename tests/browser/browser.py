"""A headless Chromium whose every request for the network arrives at a listener of ours, and nowhere else."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import threading
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

INSTALL = "install it: apt-get update && apt-get install -y --no-install-recommends chromium fonts-dejavu-core"
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    # Chromium sends loopback past a proxy unless told so.
    "--proxy-bypass-list=<-loopback>",
)
# What Chromium itself asks at every start, flags or not. Whole names: a page that wants a font of Google is noticed.
BROWSERS_OWN = frozenset({"accounts.google.com", "clients2.google.com", "update.googleapis.com"})
DEADLINE_S = 60.0


def find() -> str:
    """Path of the browser. Raises AssertionError with the command that installs it."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise AssertionError(f"no Chromium on PATH; {INSTALL}")


class Listener:
    """Takes every connection, keeps the first line of what it says, and hangs up."""

    def __init__(self, server: socket.socket) -> None:
        self._server = server
        self.asked: list[str] = []

    @property
    def port(self) -> int:
        port: int = self._server.getsockname()[1]
        return port

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return  # closed: the test is over
            with connection, suppress(OSError):
                first = connection.recv(4096).partition(b"\r\n")[0].decode("latin-1")
                if first and _host(first) not in BROWSERS_OWN:
                    self.asked.append(first)


def _host(request_line: str) -> str | None:
    """The host of "GET http://host/..." or "CONNECT host:443 ..."."""
    target = request_line.split(" ")[1]
    return urlsplit(target if "://" in target else f"//{target}").hostname


@contextmanager
def listening() -> Iterator[Listener]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        listener = Listener(server)
        thread = threading.Thread(target=listener.serve)
        thread.start()
        try:
            yield listener
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of a page. `asked`: what it wanted from the network; `console`: what it complained about."""

    dom: str
    console: list[str]
    asked: list[str]
    picture: Path

    def colours(self) -> Counter[tuple[int, int, int]]:
        """How many pixels of the picture have each colour."""
        return colours(self.picture.read_bytes())


def look(page: Path, folder: Path, *more: str) -> Seen:
    """Open a file twice, once for its document and once for its picture."""
    binary = find()
    picture = folder / "page.png"
    with listening() as listener:
        proxy = f"--proxy-server=http://127.0.0.1:{listener.port}"
        dom, console = _run(binary, page, folder / "profile-1", proxy, "--dump-dom", *more)
        _, complaints = _run(
            binary, page, folder / "profile-2", proxy, f"--screenshot={picture}", "--window-size=800,700", *more
        )
    return Seen(dom, console + complaints, listener.asked, picture)


def _run(binary: str, page: Path, profile: Path, *flags: str) -> tuple[str, list[str]]:
    # Chromium refuses to sandbox root; the page is our own file.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [binary, *FLAGS, *sandbox, f"--user-data-dir={profile}", *flags, page.as_uri()],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=True,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


def colours(png: bytes) -> Counter[tuple[int, int, int]]:
    """Pixels of an 8-bit RGB or RGBA picture by colour (W3C PNG, 9: filtering)."""
    width, _, depth, kind = struct.unpack(">IIBB", png[16:26])
    assert depth == 8 and kind in (2, 6), (depth, kind)
    size = 3 if kind == 2 else 4
    raw, stride, previous = zlib.decompress(_data(png)), width * size, bytearray(width * size)
    found: Counter[tuple[int, int, int]] = Counter()
    for start in range(0, len(raw), stride + 1):
        line = bytearray(raw[start + 1 : start + 1 + stride])
        _unfilter(raw[start], line, previous, size)
        found.update(zip(line[0::size], line[1::size], line[2::size], strict=True))
        previous = line
    return found


def _data(png: bytes) -> bytes:
    place, data = 8, b""
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            data += png[place + 8 : place + 8 + length]
        place += length + 12
    return data


def _unfilter(method: int, line: bytearray, above: bytearray, size: int) -> None:
    for i in range(len(line)) if method else ():
        left = line[i - size] if i >= size else 0
        corner = above[i - size] if i >= size else 0
        line[i] = (line[i] + _predicted(method, left, above[i], corner)) & 255


def _predicted(method: int, left: int, up: int, corner: int) -> int:
    if method < 4:
        return (left, up, (left + up) // 2)[method - 1]
    guess = left + up - corner
    return min((left, up, corner), key=lambda value: abs(guess - value))
