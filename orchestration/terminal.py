"""Asks whoever typed the command: for a password, for a code, for a look at a page in the browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestration.errors import BadInput


@dataclass(frozen=True, slots=True)
class Terminal:
    """`read_secret` reads a line unseen, None without a terminal; `browse` opens a URL, None without a browser."""

    say: Callable[[str], None]
    read_secret: Callable[[str], str] | None
    browse: Callable[[str], bool] | None

    def open(self, url: str) -> None:
        """The URL is always shown: the browser that opens may be the wrong one."""
        self.say("sign in at this page, in a browser of this machine:")
        self.say(url)
        if self.browse is not None and not self.browse(url):
            self.say("no browser could be started; open it yourself")

    def password(self, username: str) -> str:
        return self._secret(f"password of {username}", "use --flow code, or run it in a terminal")

    def code(self) -> str:
        """The six digits of an authenticator app."""
        return self._secret("code of the authenticator app", "use --flow code, or run it in a terminal").strip()

    def _secret(self, what: str, remedy: str) -> str:
        if self.read_secret is None:
            raise BadInput(f"there is no terminal to ask for the {what}", remedy=remedy, code="no_terminal")
        return self.read_secret(f"{what}: ")
