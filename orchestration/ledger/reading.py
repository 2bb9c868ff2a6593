"""A ledger's text made a value: older versions are brought up to date, what this project never writes is refused. Pure.

What a ledger names is changed and deleted, so nothing is taken from one that only looks like something of ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from orchestration.ledger.records import GatewayRecord, Ledger, Ports, RuntimeRecord

SCHEMA_VERSION = 3
# Ids and ARNs: botocore model, AgentRuntimeId, AgentRuntimeArn, GatewayId, GatewayArn, TargetId.
ARN = r"arn:aws[a-z-]*:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:"
RUNTIME_ID = r"[a-zA-Z][a-zA-Z0-9_]{0,99}-[a-zA-Z0-9]{10}"
GATEWAY_ID = r"[0-9a-z](?:-?[0-9a-z]){0,99}-[0-9a-z]{10}"
RUNTIME_MORE = ("artifact_version", "spec_digest", "image", "image_digest", "source_digest")
DEPLOYMENTS = ("code", "container")
TARGET_ID = r"[0-9a-zA-Z]{10}"
URL = r"https://[^\s/]+/\S*|http://127\.0\.0\.1:[0-9]+/\S*"
# Names: terraform/variables.tf, project; terraform/context.tf.
PROJECT = r"[a-z][a-z0-9_]{0,18}[a-z0-9]"


def version_of(raw: Any) -> int:
    """Raises ValueError for none."""
    version = _object(raw, "it").get("schema_version")
    if type(version) is not int or version < 1:
        raise ValueError(f"schema_version is {version!r}, expected 1 to {SCHEMA_VERSION}")
    return version


def _from_1(raw: Mapping[str, Any]) -> dict[str, Any]:
    """It came without the last three at first, and never had a gateway."""
    return {"account": None, "state_bucket": None, "doors": [], **raw, "gateway": None}


def _from_2(raw: Mapping[str, Any]) -> dict[str, Any]:
    """It knew no containers."""
    return {**raw, "deployment": None}


# Version -> to the next one. They only add, so no copy of the older file is kept.
MIGRATIONS: Mapping[int, Callable[[Mapping[str, Any]], dict[str, Any]]] = {1: _from_1, 2: _from_2}


def migrated(raw: Mapping[str, Any], version: int) -> Mapping[str, Any]:
    for step in range(version, SCHEMA_VERSION):
        raw = MIGRATIONS[step](raw)
    return raw


def parse_ledger(raw: Mapping[str, Any]) -> Ledger:
    """Raises ValueError naming the first member that is not as this project writes it."""
    needed = (*Ledger.__slots__, "schema_version")
    if absent := [name for name in needed if name not in raw]:
        raise ValueError(f"{', '.join(absent)} missing")
    environment = _text(raw, "environment")
    if raw["deployment"] not in (None, *DEPLOYMENTS):
        raise ValueError(f"deployment is {raw['deployment']!r}, expected {' or '.join(DEPLOYMENTS)}")
    main = rf"{PROJECT}_{re.escape(environment)}"
    return Ledger(
        target=_text(raw, "target"),
        environment=environment,
        region=_text(raw, "region"),
        account=None if raw["account"] is None else _text(raw, "account"),
        ports=None if raw["ports"] is None else _ports(raw["ports"]),
        state_bucket=None if raw["state_bucket"] is None else _text(raw, "state_bucket"),
        runtime=None if raw["runtime"] is None else _runtime(raw["runtime"], "runtime", main),
        doors=tuple(_runtime(door, "doors", rf"{main}_probe_[a-z]+") for door in _list(raw, "doors")),
        gateway=None if raw["gateway"] is None else _gateway(raw["gateway"], main.replace("_", "-")),
        deployment=raw["deployment"],
    )


def _ports(raw: Any) -> Ports:
    members = _members(raw, "ports", Ports.__slots__, ())
    for name, value in members.items():
        if type(value) is not int or not 0 < value < 65536:
            raise ValueError(f"ports.{name} is {value!r}, which is no port")
    return Ports(**members)


def _runtime(raw: Any, where: str, name: str) -> RuntimeRecord:
    texts = _texts(raw, where, ("name", "id", "arn"), RUNTIME_MORE)
    _shape(texts, where, name=name, id=RUNTIME_ID, arn=f"{ARN}runtime/{re.escape(texts['id'])}")
    return RuntimeRecord(**texts)


def _gateway(raw: Any, main: str) -> GatewayRecord:
    texts = _texts(raw, "gateway", ("name", "id", "arn", "url"), ("target_id", "credential_provider"))
    name, arn = f"{main}-gateway", f"{ARN}gateway/{re.escape(texts['id'])}"
    _shape(texts, "gateway", name=name, id=GATEWAY_ID, arn=arn, url=URL, target_id=TARGET_ID, credential_provider=name)
    return GatewayRecord(**texts)


def _shape(texts: Mapping[str, str], where: str, **forms: str) -> None:
    for member, form in forms.items():
        value = texts.get(member)
        if value is not None and not re.fullmatch(form, value):
            raise ValueError(f"{where}: {member} is {value!r}, which this environment never writes")


def _texts(raw: Any, where: str, needed: tuple[str, ...], more: tuple[str, ...]) -> dict[str, str]:
    """The members that are set."""
    members = _members(raw, where, needed, more)
    return {name: _text(members, name, f"{where}.") for name, value in members.items() if value is not None}


def _members(raw: Any, where: str, needed: tuple[str, ...], more: tuple[str, ...]) -> dict[str, Any]:
    members = dict(_object(raw, where))
    if absent := [name for name in needed if members.get(name) is None]:
        raise ValueError(f"{where}: {', '.join(absent)} missing")
    if unknown := sorted(members.keys() - {*needed, *more}):
        raise ValueError(f"{where}: {', '.join(unknown)} unknown")
    return members


def _object(raw: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise ValueError(f"{where} is no object")
    return raw


def _list(raw: Mapping[str, Any], name: str) -> list[Any]:
    value = raw[name]
    if not isinstance(value, list):
        raise ValueError(f"{name} is no list")
    return value


def _text(raw: Mapping[str, Any], name: str, where: str = "") -> str:
    value = raw[name]
    if not isinstance(value, str) or not value:
        raise ValueError(f"{where}{name} is {value!r}, expected a text")
    return value
