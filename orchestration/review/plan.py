"""Reads the document of `terraform show -json <plan>` into typed changes. Nothing past this module sees a secret.

Format: https://developer.hashicorp.com/terraform/internals/json-format (major version 1).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from orchestration.errors import BadInput
from orchestration.review.masking import Unseen as Unseen
from orchestration.review.masking import changed, hidden, mask, tree
from orchestration.review.root_outputs import Output, read_outputs
from orchestration.review.shapes import shape_faults
from orchestration.review.values import entries, mapping, plain
from orchestration.settings import PRODUCTION

FORMAT_MAJOR = "1"
MOST_FAULTS = 5
PLACES = ("aws_caller_identity", "aws_partition", "aws_region")


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

    `changed` names the arguments that differ, also those whose values are Unseen; `hidden` those of them in which a
    sensitive value does. `address` is where it is after the change; a moved resource has its former one in
    `previous_address`. `deposed` is the key of an earlier object that a failed replacement left behind.
    """

    address: str
    module: str
    type: str
    name: str
    action: Action
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    changed: frozenset[str]
    hidden: frozenset[str] = frozenset()
    replaced_by: tuple[str, ...] = ()
    previous_address: str | None = None
    deposed: str = ""

    @property
    def gone(self) -> bool:
        """Whether what is there now will not be: deleted, or replaced by a new one."""
        return self.action in (Action.DELETE, Action.REPLACE)

    @property
    def standing(self) -> Mapping[str, Any] | None:
        """What will be there: what is forgotten stays where it is, in force and billed."""
        return self.before if self.action == Action.FORGET else self.after


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan, its resources in the order of their addresses.

    `brand_new`: nothing was there before, so a grant to what this plan makes widens nothing. `unfinished`: (address,
    what Terraform left open). `variables` are the root's, by name; they may hold secrets. `looked_up`: what the root's
    data sources say of where the plan was made, by type.
    """

    changes: tuple[Change, ...]
    outputs: tuple[Output, ...]
    environment: str | None
    sources: Mapping[str, str]
    brand_new: bool
    unfinished: tuple[tuple[str, str], ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    looked_up: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def production(self) -> bool:
        return self.environment in PRODUCTION

    @property
    def account(self) -> str | None:
        """Where it was made; None in a document that does not say."""
        found = self.looked_up.get("aws_caller_identity", {}).get("account_id")
        return found if isinstance(found, str) else None

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
    if not {"resource_changes", "planned_values"} & set(document):
        raise _bad("it has neither resource_changes nor planned_values, as a state has not")
    if document.get("errored", False) is not False:
        raise _bad("Terraform could not finish it (errored)")
    faults = list(shape_faults(document))
    if faults:
        raise _bad("; ".join(faults[:MOST_FAULTS]))
    try:
        changes = [change for entry in document.get("resource_changes") or [] if (change := _change(entry, faults))]
    except RecursionError:
        raise _bad("its values are nested too deep") from None
    if faults:
        raise _bad("; ".join(faults[:MOST_FAULTS]))
    return Plan(
        tuple(sorted(changes, key=lambda change: (change.address, change.deposed))),
        tuple(read_outputs(document.get("output_changes") or {})),
        _environment(document, changes),
        dict(_sources(mapping(mapping(document.get("configuration")).get("root_module")))),
        all(change.before is None for change in changes),
        tuple(_unfinished(document)),
        {name: mapping(given).get("value") for name, given in mapping(document.get("variables")).items()},
        dict(_looked_up(document)),
    )


def _change(entry: Mapping[str, Any], faults: list[str]) -> Change | None:
    """One entry of resource_changes; None for data sources and for actions that are none."""
    body = entry["change"]
    if entry.get("mode", "managed") != "managed":
        return None
    address = entry["address"]
    action = ACTIONS.get(tuple(body.get("actions") or ()))
    if action is None:
        faults.append(f"{address} has the actions {body.get('actions')!r}")
        return None
    before, after = body.get("before"), body.get("after")
    unknown = tree(body.get("after_unknown"), after)
    secret = tree(body.get("before_sensitive"), before), tree(body.get("after_sensitive"), after)
    return Change(
        address=address,
        module=entry.get("module_address") or "",
        type=entry.get("type") or "",
        name=entry.get("name") or "",
        action=action,
        before=None if before is None else mask(before, None, secret[0]),
        after=None if after is None else mask(after, unknown, secret[1]),
        changed=changed(mapping(before), mapping(after), mapping(unknown)) if action != Action.KEEP else frozenset(),
        hidden=hidden(mapping(before), mapping(after), *secret) if action != Action.KEEP else frozenset(),
        replaced_by=tuple(sorted({str(path[0]) for path in body.get("replace_paths") or [] if path})),
        previous_address=entry.get("previous_address"),
        deposed=entry.get("deposed") or "",
    )


def _unfinished(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if document.get("complete", True) is not True:
        yield "plan", "Terraform says that it is not complete: more changes will follow it"
    for entry in document.get("deferred_changes") or []:
        address = str(mapping(entry.get("resource_change")).get("address", "plan"))
        yield address, f"its change is put off ({entry.get('reason') or 'no reason given'})"
    for entry in document.get("action_invocations") or []:
        yield str(entry.get("address", "plan")), "an action is run, and what it does the plan does not say"
    for entry in document.get("checks") or []:
        if entry.get("status") in ("fail", "error"):
            yield str(mapping(entry.get("address")).get("to_display", "plan")), "a check of the configuration fails"


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


def _looked_up(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    root = mapping(mapping(mapping(document.get("prior_state")).get("values")).get("root_module"))
    for entry in entries(root.get("resources")):
        if entry.get("mode") == "data" and entry.get("type") in PLACES:
            yield str(entry["type"]), mapping(entry.get("values"))


def _sources(configuration: Mapping[str, Any], module: str = "", folder: str = "") -> Iterator[tuple[str, str]]:
    """(module call, e.g. "module.identity.module.client", folder below the root's); local modules alone."""
    for name, call in sorted(mapping(configuration.get("module_calls")).items()):
        source = mapping(call).get("source")
        if isinstance(source, str) and source.startswith("."):
            path, place = f"{module}module.{name}", posixpath.normpath(posixpath.join(folder, source))
            yield path, place
            yield from _sources(mapping(mapping(call).get("module")), f"{path}.", place)


def _bad(what: str) -> BadInput:
    return BadInput(
        f"not a plan that can be reviewed: {plain(what)}",
        remedy="terraform show -json PLANFILE, with Terraform >= 1.11",
    )
