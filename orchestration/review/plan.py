"""Reads the document of `terraform show -json <plan>` into typed changes. Nothing past this module sees a secret.

Format: https://developer.hashicorp.com/terraform/internals/json-format (major version 1).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any

from orchestration.errors import BadInput
from orchestration.review.values import mapping

FORMAT_MAJOR = "1"
PRODUCTION = frozenset({"prod", "production"})


class Unseen(Enum):
    """What stands for a value that cannot or must not be read."""

    UNKNOWN = "(known after apply)"
    SENSITIVE = "(sensitive)"

    def __str__(self) -> str:
        return self.value


class Action(StrEnum):
    """What Terraform will do with one resource."""

    CREATE = "create"
    DELETE = "delete"
    FORGET = "forget"
    KEEP = "keep"
    READ = "read"
    REPLACE = "replace"
    UPDATE = "update"


ACTIONS: Mapping[tuple[str, ...], Action] = {
    ("no-op",): Action.KEEP,
    ("create",): Action.CREATE,
    ("read",): Action.READ,
    ("update",): Action.UPDATE,
    ("delete",): Action.DELETE,
    ("forget",): Action.FORGET,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("create", "forget"): Action.REPLACE,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One managed resource. `before` and `after` are None where it is not there; their leaves may be Unseen.

    `changed` names the arguments that differ, also those whose values are Unseen. `address` is where it is after the
    change; a moved resource has its former one in `previous_address`.
    """

    address: str
    module: str
    type: str
    name: str
    action: Action
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    changed: frozenset[str]
    replaced_by: tuple[str, ...] = ()
    previous_address: str | None = None

    @property
    def gone(self) -> bool:
        """Whether what is there now will not be: deleted, or replaced by a new one."""
        return self.action in (Action.DELETE, Action.REPLACE)


@dataclass(frozen=True, slots=True)
class Output:
    """One root output."""

    name: str
    sensitive: bool
    kept: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan, its resources in the order of their addresses."""

    changes: tuple[Change, ...]
    outputs: tuple[Output, ...]
    environment: str | None
    sources: Mapping[str, str]

    @property
    def production(self) -> bool:
        return self.environment in PRODUCTION

    def of(self, *types: str) -> Iterator[Change]:
        return (change for change in self.changes if change.type in types)

    def after(self, *types: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """(address, values) of every resource of these types that will be there."""
        return ((c.address, c.after) for c in self.of(*types) if c.after is not None)


def parse_plan(document: Mapping[str, Any]) -> Plan:
    """Raises BadInput naming everything that is not as the format says."""
    version = str(document.get("format_version", ""))
    if version.split(".")[0] != FORMAT_MAJOR:
        raise _bad(f"format_version is {version!r}; known is {FORMAT_MAJOR}.x")
    raw = document.get("resource_changes", [])
    if not isinstance(raw, list):
        raise _bad("resource_changes is not a list")
    faults: list[str] = []
    changes = [change for entry in raw if (change := _change(entry, faults))]
    if faults:
        raise _bad("; ".join(faults))
    return Plan(
        tuple(sorted(changes, key=lambda change: change.address)),
        tuple(_outputs(document.get("output_changes") or {})),
        _environment(document, changes),
        dict(_sources(mapping(mapping(document.get("configuration")).get("root_module")))),
    )


def mask(value: Any, unknown: Any, sensitive: Any) -> Any:
    """The value with Unseen wherever one of the two trees says so. Null and "" stay: they tell no secret."""
    if unknown is True:
        return Unseen.UNKNOWN
    if sensitive is True:
        return Unseen.SENSITIVE if value or unknown else value
    if isinstance(value, Mapping) or (value is None and isinstance(unknown, Mapping) and unknown):
        inside = value or {}
        known, secret = mapping(unknown), mapping(sensitive)
        keys = [*inside, *(key for key in known if key not in inside and known[key])]
        return {key: mask(inside.get(key), known.get(key), secret.get(key)) for key in keys}
    if isinstance(value, list):
        return [mask(item, _item(unknown, i), _item(sensitive, i)) for i, item in enumerate(value)]
    return value


def _change(entry: Any, faults: list[str]) -> Change | None:
    """One entry of resource_changes; None for data sources and for what is no resource."""
    body = entry.get("change") if isinstance(entry, Mapping) else None
    if not isinstance(body, Mapping):
        faults.append("an entry of resource_changes has no change")
        return None
    if entry.get("mode", "managed") != "managed":
        return None
    address = str(entry.get("address", ""))
    action = ACTIONS.get(tuple(body.get("actions") or ()))
    if action is None or not address:
        faults.append(f"{address or 'a resource without an address'} has the actions {body.get('actions')!r}")
        return None
    before, after, unknown = body.get("before"), body.get("after"), body.get("after_unknown")
    return Change(
        address=address,
        module=str(entry.get("module_address", "")),
        type=str(entry.get("type", "")),
        name=str(entry.get("name", "")),
        action=action,
        before=None if before is None else mask(before, None, body.get("before_sensitive")),
        after=None if after is None else mask(after, unknown, body.get("after_sensitive")),
        changed=_changed(mapping(before), mapping(after), mapping(unknown)) if action != Action.KEEP else frozenset(),
        replaced_by=tuple(sorted({str(path[0]) for path in body.get("replace_paths") or [] if path})),
        previous_address=entry.get("previous_address"),
    )


def _changed(before: Mapping[str, Any], after: Mapping[str, Any], unknown: Mapping[str, Any]) -> frozenset[str]:
    keys = {*before, *after, *unknown}
    return frozenset(key for key in keys if before.get(key) != after.get(key) or _any(unknown.get(key)))


def _any(tree: Any) -> bool:
    """Whether a tree of booleans, as after_unknown is one, says true anywhere."""
    if isinstance(tree, Mapping):
        return any(map(_any, tree.values()))
    return any(map(_any, tree)) if isinstance(tree, list) else tree is True


def _outputs(raw: Mapping[str, Any]) -> Iterator[Output]:
    for name, change in sorted(raw.items()):
        yield Output(name, bool(change.get("after_sensitive")), change.get("actions") != ["delete"])


def _environment(document: Mapping[str, Any], changes: list[Change]) -> str | None:
    """The root's variable, else the tag that most resources carry."""
    variable = mapping(mapping(document.get("variables")).get("environment")).get("value")
    if isinstance(variable, str):
        return variable
    for change in changes:
        tag = mapping((change.after or change.before or {}).get("tags_all")).get("Environment")
        if isinstance(tag, str):
            return tag
    return None


def _sources(configuration: Mapping[str, Any], module: str = "", folder: str = "") -> Iterator[tuple[str, str]]:
    """(module call, e.g. "module.identity.module.client", folder below the root's); local modules alone."""
    for name, call in sorted(mapping(configuration.get("module_calls")).items()):
        source = mapping(call).get("source")
        if isinstance(source, str) and source.startswith("."):
            path, place = f"{module}module.{name}", posixpath.normpath(posixpath.join(folder, source))
            yield path, place
            yield from _sources(mapping(mapping(call).get("module")), f"{path}.", place)


def _item(tree: Any, index: int) -> Any:
    return tree[index] if isinstance(tree, list) and index < len(tree) else None


def _bad(what: str) -> BadInput:
    return BadInput(
        f"not a plan that can be reviewed: {what}", remedy="terraform show -json PLANFILE, with Terraform >= 1.11"
    )
