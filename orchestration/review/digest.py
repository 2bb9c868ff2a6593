"""A digest of all that a plan applies: two plans with the same one do the same, whatever the review shows of them.

Secrets are in it as part of what is hashed and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from orchestration.errors import BadInput
from orchestration.review.values import mapping

# What is to be done besides changing resources, and what only the code says: provisioners, write-only arguments.
BESIDE = ("action_invocations", "complete", "configuration", "deferred_changes", "variables")
# A package lies where each machine keeps it; source_code_hash says what is in it.
PACKAGE, PLACED = "credit_check_package", ("aws_lambda_function", "filename")
SILENT = (["no-op"], ["read"])


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 in hex. What stays as it is, the time of planning and the order of entries are not in it."""
    applied = {name: document[name] for name in BESIDE if name in document}
    applied["variables"] = {
        name: _base(given) if name == PACKAGE else given for name, given in mapping(document.get("variables")).items()
    }
    applied["outputs"] = {
        name: _sides(change)
        for name, change in mapping(document.get("output_changes")).items()
        if change.get("actions") != ["no-op"]
    }
    try:
        applied["resources"] = sorted(_resources(document), key=_text)
        return hashlib.sha256(_text(applied).encode()).hexdigest()
    except RecursionError:
        raise BadInput(
            "not a plan that can be reviewed: its values are nested too deep", remedy="simplify it"
        ) from None


def _resources(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for entry in document.get("resource_changes") or []:
        change = entry["change"]
        if change.get("actions") in SILENT and not entry.get("previous_address"):
            continue
        yield {
            **{name: entry.get(name) for name in ("address", "deposed", "previous_address")},
            "actions": change.get("actions"),
            "id": mapping(change.get("before")).get("id"),
            "importing": change.get("importing"),
            "replace_paths": change.get("replace_paths"),
            "arguments": _changed(entry.get("type"), change),
        }


def _changed(kind: Any, change: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that the apply sets. Others, what the service counts or dates among them, it leaves alone."""
    before, after = mapping(change.get("before")), mapping(change.get("after"))
    unknown = mapping(change.get("after_unknown"))
    return {
        name: {
            "after": _base(after.get(name)) if (kind, name) == PLACED else after.get(name),
            "after_unknown": unknown.get(name),
        }
        for name in {*before, *after, *unknown}
        if before.get(name) != after.get(name) or unknown.get(name)
    }


def _sides(change: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: change.get(name) for name in ("actions", "after", "after_unknown")}


def _base(path: Any) -> Any:
    """The last part of a path, of a variable's too: {"value": path}."""
    if isinstance(path, Mapping):
        return {name: _base(value) for name, value in path.items()}
    return path.rpartition("/")[2] if isinstance(path, str) else path


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
