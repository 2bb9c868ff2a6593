"""A headless Chromium that is told what to do, over the DevTools protocol."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.browser.browser import DEADLINE_S, find

FLAGS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
    # A page that wants something of the network gets it from nowhere.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)
LISTENING = re.compile(r"DevTools listening on ws://(127\.0\.0\.1:\d+)/")


class Tab:
    """One page. `run` waits for what the script promises."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._ids = itertools.count(1)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._ids)
        self._connection.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            said = json.loads(self._connection.recv(timeout=DEADLINE_S))
            if said.get("id") == number:
                assert "error" not in said, said["error"]
                result: dict[str, Any] = said["result"]
                return result

    def event(self, name: str) -> None:
        """Wait for an event of the page."""
        while json.loads(self._connection.recv(timeout=DEADLINE_S)).get("method") != name:
            pass

    def run(self, script: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def visit(self, url: str) -> None:
        self.call("Page.navigate", url=url)
        self.event("Page.loadEventFired")

    def sign_in(self, username: str, password: str) -> str:
        """Fill in the form of the page as a person would, and give the text of the page that follows."""
        for name, value in (("username", username), ("password", password)):
            self.run(f"document.querySelector('input[name={name}]').focus()")
            self.call("Input.insertText", text=value)
        self.run("document.querySelector('button[type=submit]').click()")
        self.event("Page.loadEventFired")
        return str(self.run("document.body.innerText"))


@contextmanager
def driven(profile: Path) -> Iterator[Tab]:
    """A browser with one empty page, and its own profile."""
    # Chromium refuses to sandbox root; the pages are our own.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    argv = [find(), *FLAGS, *sandbox, f"--user-data-dir={profile}", "--remote-debugging-port=0", "about:blank"]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as browser:
        assert browser.stderr is not None
        try:
            where = next(found[1] for line in browser.stderr if (found := LISTENING.search(line)))
            with urllib.request.urlopen(f"http://{where}/json/list") as answer:
                page = next(target for target in json.load(answer) if target["type"] == "page")
            with connect(page["webSocketDebuggerUrl"], max_size=None) as connection:
                tab = Tab(connection)
                tab.call("Page.enable")
                yield tab
        finally:
            browser.terminate()
            browser.stderr.close()
