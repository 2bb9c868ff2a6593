"""What a state holds, as its text says it: needs neither the sources that made it nor the binary. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

# Attributes by which one resource is told from another. The rest of a state holds secrets and is not kept.
NAMES = ("id", "arn", "name")
# In an ARN; buckets' have none.
ACCOUNT = re.compile(r"arn:[^:]*:[^:]*:[^:]*:([0-9]{12}):")


@dataclass(frozen=True, slots=True)
class HeldResource:
    """One resource of a state."""

    address: str
    type: str
    names: tuple[str, ...]
    """Id, ARN and name, each where it has one."""

    @property
    def name(self) -> str:
        """What people call it: its name, else its id."""
        return self.names[-1] if self.names else self.address


@dataclass(frozen=True, slots=True)
class Held:
    """Resources in an order in which they can be destroyed, and the outputs of the last apply."""

    resources: tuple[HeldResource, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """Plain values by name."""
    project: str | None = None
    """The tag Project of what is held; None where nothing has one."""
    environment: str | None = None
    """The tag Environment, likewise."""
    account: str | None = None
    """The account in the ARNs of what is held; None where nothing has one."""

    def text(self, name: str) -> str | None:
        """An output that is a text; None where there is none."""
        value = self.outputs.get(name)
        return value if isinstance(value, str) and value else None


def parse_held(text: str) -> Held:
    """Nothing for an empty file. Raises ValueError for what is no state (Terraform: state version 4)."""
    if not text.strip():
        return Held()
    try:
        raw = json.loads(text)
        managed = [block for block in raw["resources"] if block.get("mode") == "managed"]
        outputs = {name: entry.get("value") for name, entry in (raw.get("outputs") or {}).items()}
        resources = tuple(resource for block in _ordered(managed) for resource in _instances(block))
        return Held(resources, outputs, _tag(managed, "Project"), _tag(managed, "Environment"), _account(resources))
    except (KeyError, TypeError, AttributeError, RecursionError) as e:
        raise ValueError(str(e)) from None


def _ordered(blocks: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What others depend on comes after them, as Terraform destroys; equals by address."""
    by_address = {_address(block): block for block in blocks}
    sorter: TopologicalSorter[str] = TopologicalSorter({address: () for address in by_address})
    for address, block in by_address.items():
        for needed in {name for one in block["instances"] for name in one.get("dependencies") or ()}:
            for other in by_address:
                if needed == _without_keys(other) and other != address:
                    sorter.add(other, address)
    order: list[str] = []
    try:
        sorter.prepare()
        while sorter.is_active():
            ready = sorted(sorter.get_ready())
            order += ready
            sorter.done(*ready)
    except CycleError:
        order = sorted(by_address)
    return [by_address[address] for address in order]


def _without_keys(address: str) -> str:
    """Dependencies are named without the keys of count and for_each."""
    parts = address.split("[")
    return parts[0] + "".join(part.partition("]")[2] for part in parts[1:])


def _address(block: Mapping[str, Any]) -> str:
    module = f"{block['module']}." if block.get("module") else ""
    return f"{module}{block['type']}.{block['name']}"


def _instances(block: Mapping[str, Any]) -> Iterator[HeldResource]:
    for one in block["instances"]:
        key = one.get("index_key")
        index = "" if key is None else f"[{json.dumps(key)}]"
        attributes = one.get("attributes") or {}
        names = tuple(str(attributes[name]) for name in NAMES if attributes.get(name))
        yield HeldResource(f"{_address(block)}{index}", block["type"], names)


def _tag(blocks: list[Mapping[str, Any]], name: str) -> str | None:
    for block in blocks:
        for one in block["instances"]:
            tags = (one.get("attributes") or {}).get("tags_all") or {}
            if tags.get(name):
                return str(tags[name])
    return None


def _account(resources: Sequence[HeldResource]) -> str | None:
    found = (ACCOUNT.match(name) for one in resources for name in one.names)
    return next((match[1] for match in found if match), None)
