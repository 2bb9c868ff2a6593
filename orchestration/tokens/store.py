"""Tokens between commands: one file of mode 0600 for each environment, and one writer at a time."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from orchestration.errors import Unfit
from orchestration.tokens.held import Held, finite

VERSION = 1
# Hundreds of sign-ins; a larger file was not written here.
MAX_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Kept:
    """Everything held, and for each client the user who signed in last.

    A name without anything held is a sign-in that has ended: until a login or a logout nobody else takes its place.
    """

    held: tuple[Held, ...] = ()
    current: dict[str, str] = field(default_factory=dict)

    def find(self, issuer: str, client_id: str, username: str | None = None) -> Held | None:
        """What is held for a user of a client, by default the one who signed in last."""
        name = self.current.get(client_id, "") if username is None else username
        return next((h for h in self.held if (h.issuer, h.client_id, h.username) == (issuer, client_id, name)), None)

    def with_held(self, new: Held, *, current: bool = True) -> Kept:
        """Keep it, and let it be the client's current one unless told otherwise."""
        named = {new.client_id: new.username} if current else {}
        return Kept((*_others(self.held, new), new), {**self.current, **named})

    def ended(self, old: Held) -> Kept:
        """Without its tokens; the name stays."""
        return replace(self, held=_others(self.held, old))

    def without(self, client_id: str, username: str) -> Kept:
        """Without the tokens of a user of a client, and without the name."""
        held = tuple(h for h in self.held if (h.client_id, h.username) != (client_id, username))
        current = {c: name for c, name in self.current.items() if (c, name) != (client_id, username)}
        return replace(self, held=held, current=current)


def _others(held: tuple[Held, ...], one: Held) -> tuple[Held, ...]:
    return tuple(h for h in held if (h.client_id, h.username) != (one.client_id, one.username))


@dataclass(frozen=True, slots=True)
class TokenStore:
    """`lock` waits until no other process is at the file; `uid` is whose it must be."""

    folder: Path
    lock: Callable[[Path], AbstractContextManager[None]]
    uid: Callable[[], int] = os.getuid

    @property
    def path(self) -> Path:
        return self.folder / "tokens.json"

    def turn(self) -> AbstractContextManager[None]:
        """Read, renew and write without anybody in between: a rotated refresh token is good for one use."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.lock(self.folder / "tokens.lock")

    def load(self) -> Kept:
        """Nothing where there is no file. Raises Unfit for one that others may read, or that is not ours."""
        try:
            return _parsed(json.loads(self._read()))
        except FileNotFoundError:
            return Kept()
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            # The text is not repeated: tokens are in it.
            raise Unfit(
                f"{self.path} is not a file of tokens",
                remedy=f"rm -r {self.path}, then sign in again",
                code="corrupt_tokens",
            ) from None

    def _read(self) -> str:
        """Through no link, without waiting at a pipe; what is looked at is what is read."""
        handle = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as f:
            found = os.fstat(f.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
                raise ValueError("no file of ours")
            if found.st_mode & 0o077 or found.st_uid != self.uid():
                raise Unfit(
                    f"{self.path} is not yours alone (mode {found.st_mode & 0o777:o}, user {found.st_uid})",
                    remedy=f"rm {self.path}, then sign in again",
                    code="tokens_exposed",
                )
            return f.read().decode("utf-8")

    def save(self, kept: Kept) -> None:
        document = {"version": VERSION, "current": kept.current, "held": [asdict(held) for held in kept.held]}
        temporary = self.path.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as f:
            json.dump(document, f)
            f.flush()
            os.fsync(f.fileno())
        os.replace(temporary, self.path)


def _parsed(raw: Any) -> Kept:
    if raw["version"] != VERSION:
        raise ValueError("version")
    held = tuple(Held(**entry) for entry in raw["held"])
    texts = (h.issuer + h.client_id + h.username + h.flow + h.access + h.refresh + h.scope for h in held)
    if not all(isinstance(text, str) for text in texts) or any(finite(h.expires_at) is None for h in held):
        raise TypeError("held")
    return Kept(held, {str(client): str(name) for client, name in raw["current"].items()})
