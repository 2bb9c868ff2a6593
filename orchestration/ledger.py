"""The one file beside Terraform's state that knows what was made. It holds no secret."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from orchestration.errors import CorruptLedger

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Ports:
    """Loopback ports of the local cloud, remembered so that endpoints stay the same."""

    aws: int
    control_plane: int
    data_plane: int


@dataclass(frozen=True, slots=True)
class RuntimeRecord:
    """The runtime that was launched."""

    name: str
    id: str
    arn: str
    artifact_version: str | None = None
    """Version of the package in the bucket that was launched; None where that is not known."""
    spec_digest: str | None = None
    """Of what was sent to make it; None where that is not known."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What one deployment made outside Terraform."""

    target: str
    environment: str
    region: str
    account: str | None = None
    """AWS account in which things were made; None until anything is."""
    ports: Ports | None = None
    runtime: RuntimeRecord | None = None
    state_bucket: str | None = None
    """Bucket that holds Terraform's state; None while it is a file beside this one."""
    doors: tuple[RuntimeRecord, ...] = ()
    """Further runtimes, which the smoke matrix made to have other doors."""

    def with_account(self, account: str | None) -> Ledger:
        return replace(self, account=account)

    def with_state_bucket(self, bucket: str | None) -> Ledger:
        return replace(self, state_bucket=bucket)

    def with_ports(self, ports: Ports) -> Ledger:
        return replace(self, ports=ports)

    def with_runtime(self, runtime: RuntimeRecord | None) -> Ledger:
        return replace(self, runtime=runtime)

    def door(self, name: str) -> RuntimeRecord | None:
        """The record of the door of that runtime name."""
        return next((door for door in self.doors if door.name == name), None)

    def with_door(self, made: RuntimeRecord) -> Ledger:
        return replace(self, doors=(*(door for door in self.doors if door.name != made.name), made))

    def without_door(self, name: str) -> Ledger:
        return replace(self, doors=tuple(door for door in self.doors if door.name != name))


class LedgerFile:
    """Reads and writes the ledger atomically, mode 0600."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> Ledger | None:
        """None when nothing was made yet. Raises CorruptLedger, PermissionError."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except PermissionError:
            raise
        except (OSError, ValueError) as e:
            raise self._corrupt(str(e)) from None
        try:
            return _parse(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as e:
            raise self._corrupt(str(e) or type(e).__name__) from None

    def save(self, ledger: Ledger) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self.path.with_suffix(".new")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as f:
            json.dump({"schema_version": SCHEMA_VERSION, **asdict(ledger)}, f, indent=2)
            f.write("\n")
            f.flush()
            os.fsync(f.fileno())
        os.replace(temporary, self.path)

    def _corrupt(self, why: str) -> CorruptLedger:
        return CorruptLedger(
            f"{self.path} is not a ledger: {why}",
            remedy=f"mv {self.path} {self.path}.bad  # then `make up`: it finds what it made by name",
        )


def _parse(raw: Any) -> Ledger:
    if raw["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"schema_version is {raw['schema_version']!r}, expected {SCHEMA_VERSION}")
    ports = Ports(**{k: _port(v) for k, v in raw["ports"].items()}) if raw["ports"] is not None else None
    return Ledger(
        target=_text(raw["target"]),
        environment=_text(raw["environment"]),
        region=_text(raw["region"]),
        account=None if raw["account"] is None else _text(raw["account"]),
        ports=ports,
        state_bucket=None if raw.get("state_bucket") is None else _text(raw["state_bucket"]),
        runtime=None if raw["runtime"] is None else _record(raw["runtime"]),
        doors=tuple(_record(door) for door in raw.get("doors", [])),
    )


def _record(raw: Any) -> RuntimeRecord:
    return RuntimeRecord(**{name: _text(value) for name, value in raw.items() if value is not None})


def _port(value: Any) -> int:
    if type(value) is not int or not 0 < value < 65536:
        raise ValueError(f"port is {value!r}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"expected a text, found {value!r}")
    return value
