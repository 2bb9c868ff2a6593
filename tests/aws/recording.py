"""Recorded calls: what is drawn anew in each run taken out, each kept once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from tests.aws.needs import Need
from tests.aws.policies import Policies, policies_of

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RECORDED = HERE / "recorded.json"
# Rendered by Terraform, and compared with what it renders by the module's own test.
DOCUMENTS = ROOT / "terraform/modules/deployer_policy/tests/documents.json"
READING = DOCUMENTS.with_name("reading.json")
REGION, ACCOUNT, PROJECT, ENVIRONMENT = "eu-west-1", "000000000000", "demo", "dev"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/bounds"
DEPLOYER = f"arn:aws:iam::{ACCOUNT}:role/deployer"
# The account in the module's test: the emulator has another one.
OTHER_ACCOUNT = "111122223333"
DRAWN = (
    (re.compile(rf"{REGION}_[A-Za-z0-9]{{9}}"), f"{REGION}_000000000"),
    (
        re.compile(r"((?:runtimes?|gateway|workload-identity)/[A-Za-z0-9_-]+)-[A-Za-z0-9]{10}(?![A-Za-z0-9])"),
        r"\1-0000000000",
    ),
    (re.compile(r"(:secret:.+)-(?:[A-Za-z0-9]{6}|\?{6})$"), r"\1-000000"),
)


@dataclass(frozen=True, slots=True, order=True)
class Recorded:
    """One call: by whom, what, one permission that it needs (empty for none), and in which commands."""

    by: str
    service: str
    operation: str
    action: str = ""
    resource: str = ""
    keys: tuple[tuple[str, str], ...] = ()
    commands: tuple[str, ...] = ()

    @property
    def need(self) -> Need:
        return Need(self.action, self.resource, dict(self.keys))


FIELDS = tuple(field.name for field in fields(Recorded))


def plain(text: str) -> str:
    """Without ids that a service draws."""
    for pattern, same in DRAWN:
        text = pattern.sub(same, text)
    return text


def deployers() -> Policies:
    """The deployer's policies as Terraform renders them, for the emulator's account."""
    return policies_of(documents())


def readers() -> Policies:
    """What of them a role has that plans and looks for drift."""
    return policies_of(documents(READING))


def documents(path: Path = DOCUMENTS) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text().replace(OTHER_ACCOUNT, ACCOUNT))
    return found


@dataclass(frozen=True, slots=True)
class Recording:
    """A run's calls, the policies of the roles that it made, and its commands in their order."""

    calls: Sequence[Recorded]
    roles: Mapping[str, Mapping[str, Any]]
    commands: Sequence[str]


def load(path: Path = RECORDED) -> Recording:
    raw = json.loads(path.read_text())
    calls = [
        Recorded(**{**entry, "keys": tuple(map(tuple, entry["keys"])), "commands": tuple(entry["commands"])})
        for entry in raw["calls"]
    ]
    return Recording(calls, raw["roles"], raw["commands"])


def dump(recording: Recording) -> str:
    """One call a line, so that a change reads as one."""
    calls = [json.dumps({name: getattr(call, name) for name in FIELDS}) for call in sorted(recording.calls)]
    rest = json.dumps({"commands": list(recording.commands), "roles": dict(sorted(recording.roles.items()))}, indent=1)
    return rest.removesuffix("\n}") + ',\n "calls": [\n  ' + ",\n  ".join(calls) + "\n ]\n}\n"


def merged(by_command: Mapping[str, Iterable[Recorded]]) -> list[Recorded]:
    """Each call once, with all commands that make it, in the order of the commands."""
    found: dict[Recorded, list[str]] = {}
    for command, calls in by_command.items():
        for call in calls:
            found.setdefault(call, []).append(command)
    return sorted(replace(call, commands=tuple(dict.fromkeys(commands))) for call, commands in found.items())
