"""The one file beside Terraform's state that knows what was made. It holds no secret."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from orchestration.errors import CorruptLedger, Unfit

SCHEMA_VERSION = 2


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
class GatewayRecord:
    """The gateway that was made for the agent's tools."""

    name: str
    id: str
    arn: str
    url: str
    """Where its tools are called, by MCP."""
    target_id: str | None = None
    """The target behind it; None until that is made."""
    credential_provider: str | None = None
    """Name of the provider that holds the agent's client; None until that is made."""


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
    gateway: GatewayRecord | None = None

    def with_account(self, account: str | None) -> Ledger:
        return replace(self, account=account)

    def with_state_bucket(self, bucket: str | None) -> Ledger:
        return replace(self, state_bucket=bucket)

    def with_ports(self, ports: Ports) -> Ledger:
        return replace(self, ports=ports)

    def with_runtime(self, runtime: RuntimeRecord | None) -> Ledger:
        return replace(self, runtime=runtime)

    def with_gateway(self, gateway: GatewayRecord | None) -> Ledger:
        return replace(self, gateway=gateway)

    def door(self, name: str) -> RuntimeRecord | None:
        """The record of the door of that runtime name."""
        return next((door for door in self.doors if door.name == name), None)

    def with_door(self, made: RuntimeRecord) -> Ledger:
        return replace(self, doors=(*(door for door in self.doors if door.name != made.name), made))

    def without_door(self, name: str) -> Ledger:
        return replace(self, doors=tuple(door for door in self.doors if door.name != name))


class LedgerFile:
    """Reads and writes the ledger atomically, mode 0600; reads what earlier versions wrote."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> Ledger | None:
        """None when nothing was made yet. Raises CorruptLedger, Unfit for a later version's, PermissionError."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except PermissionError:
            raise
        except (OSError, ValueError) as e:
            raise self._corrupt(str(e)) from None
        try:
            raw = json.loads(text)
            version = _version(raw)
            if version > SCHEMA_VERSION:
                raise self._newer(version)
            return _parse(_migrated(raw, version))
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
        _sync_folder(self.path.parent)

    def _corrupt(self, why: str) -> CorruptLedger:
        path = shlex.quote(str(self.path))
        return CorruptLedger(
            f"{self.path} is not a ledger: {why}",
            remedy=f"mv {path} {path}.bad  # then `make up`: it finds what it made by name",
        )

    def _newer(self, version: int) -> Unfit:
        return Unfit(
            f"{self.path} has schema_version {version}, this checkout knows up to {SCHEMA_VERSION}",
            remedy="use the checkout that wrote it, or a later one: git pull",
            code="newer_ledger",
        )


def _sync_folder(folder: Path) -> None:
    """Without this a power cut may bring back the ledger before."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _version(raw: Any) -> int:
    version = raw["schema_version"]
    if type(version) is not int or version < 1:
        raise ValueError(f"schema_version is {version!r}, expected 1 to {SCHEMA_VERSION}")
    return version


def _from_1(raw: Mapping[str, Any]) -> dict[str, Any]:
    """It came without the last three at first, and never had a gateway."""
    return {"account": None, "state_bucket": None, "doors": [], **raw, "gateway": None}


# Version -> to the next one. They only add, so no copy of the older file is kept.
MIGRATIONS: Mapping[int, Callable[[Mapping[str, Any]], dict[str, Any]]] = {1: _from_1}


def _migrated(raw: Any, version: int) -> Any:
    for step in range(version, SCHEMA_VERSION):
        raw = MIGRATIONS[step](raw)
    return raw


def _parse(raw: Any) -> Ledger:
    ports = Ports(**{k: _port(v) for k, v in raw["ports"].items()}) if raw["ports"] is not None else None
    return Ledger(
        target=_text(raw["target"]),
        environment=_text(raw["environment"]),
        region=_text(raw["region"]),
        account=None if raw["account"] is None else _text(raw["account"]),
        ports=ports,
        state_bucket=None if raw["state_bucket"] is None else _text(raw["state_bucket"]),
        runtime=None if raw["runtime"] is None else RuntimeRecord(**_texts(raw["runtime"])),
        doors=tuple(RuntimeRecord(**_texts(door)) for door in raw["doors"]),
        gateway=None if raw["gateway"] is None else GatewayRecord(**_texts(raw["gateway"])),
    )


def _texts(raw: Any) -> dict[str, str]:
    return {name: _text(value) for name, value in raw.items() if value is not None}


def _port(value: Any) -> int:
    if type(value) is not int or not 0 < value < 65536:
        raise ValueError(f"port is {value!r}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"expected a text, found {value!r}")
    return value
