"""The ledger on disk."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from orchestration.errors import CorruptLedger, Unfit
from orchestration.ledger.reading import SCHEMA_VERSION, migrated, parse_ledger, version_of
from orchestration.ledger.records import Ledger


class LedgerFile:
    """Reads and writes the ledger atomically, mode 0600; reads what earlier versions wrote."""

    def __init__(self, path: Path, sync: Callable[[int], None] = os.fsync) -> None:
        self.path = path
        self._sync = sync

    def load(self) -> Ledger | None:
        """None when nothing was made yet. Raises CorruptLedger, Unfit for a later version's, PermissionError."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except PermissionError:
            raise
        except UnicodeDecodeError:
            raise self._corrupt("it is no text") from None
        except OSError as e:
            raise self._corrupt(e.strerror or "it cannot be read") from None
        try:
            raw = json.loads(text)
        except ValueError:
            raise self._corrupt("it is no JSON" if text.strip() else "it is empty") from None
        except RecursionError:
            raise self._corrupt("it is nested too deep") from None
        try:
            version = version_of(raw)
            if version > SCHEMA_VERSION:
                raise self._newer(version)
            return parse_ledger(migrated(raw, version))
        except ValueError as e:
            raise self._corrupt(str(e)) from None

    def save(self, ledger: Ledger) -> None:
        """What was saved outlives a power cut: text and name each reach the disk."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self.path.with_suffix(".new")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as f:
            json.dump({"schema_version": SCHEMA_VERSION, **asdict(ledger)}, f, indent=2)
            f.write("\n")
            f.flush()
            self._sync(f.fileno())
        os.replace(temporary, self.path)
        self._sync_folder()

    def _sync_folder(self) -> None:
        handle = os.open(self.path.parent, os.O_RDONLY)
        try:
            self._sync(handle)
        finally:
            os.close(handle)

    def _corrupt(self, why: str) -> CorruptLedger:
        path = shlex.quote(str(self.path))
        return CorruptLedger(
            f"{self.path} is not a ledger: {why}",
            remedy=f"mv {path} {path}.bad  # then `make up`, which finds what it made by name, or `make down`",
        )

    def _newer(self, version: int) -> Unfit:
        return Unfit(
            f"{self.path} has schema_version {version}, this checkout knows up to {SCHEMA_VERSION}",
            remedy="use the checkout that wrote it, or a later one: git pull",
            code="newer_ledger",
        )
