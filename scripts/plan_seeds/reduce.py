"""A plan's document without what no review reads: ids made stable, secrets and times gone."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

NOISE = frozenset(
    """
    app_version attachment_count bucket_domain_name bucket_regional_domain_name client_secret cloudfront_distribution
    cloudfront_distribution_arn cloudfront_distribution_zone_id create_date created_date creation_date
    estimated_number_of_users grant hosted_zone_id last_modified_date policy_id registry_id s3_bucket sub
    ui_customization unique_id version_id version_stages
    """.split()
)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SECRET_SUFFIX = re.compile(r"(:secret:[\w/+=.@-]+)-[A-Za-z0-9]{6}\b")
VOLATILE = {"aws_cognito_user_pool": "us-east-1_{:.9}", "aws_cognito_user_pool_client": "{:.26}"}
# What a review reads beside the changes: variables, and the data sources that say where the plan was made.
VARIABLES = ("customers", "deletion_protection", "environment", "execution_role_arn", "project")
PLACES = ("aws_caller_identity", "aws_partition", "aws_region")
TREES = ("after_unknown", "before_sensitive", "after_sensitive")


def reduce(document: Mapping[str, Any]) -> dict[str, Any]:
    changes = [_change(c) for c in document.get("resource_changes", []) if c["mode"] == "managed"]
    text = json.dumps(
        {
            "format_version": document["format_version"],
            "terraform_version": document["terraform_version"],
            "variables": {name: document["variables"][name] for name in VARIABLES if name in document["variables"]},
            "prior_state": {"values": {"root_module": {"resources": list(_places(document))}}},
            "configuration": {"root_module": _calls(document["configuration"]["root_module"])},
            "output_changes": {name: _output(change) for name, change in document.get("output_changes", {}).items()},
            "resource_changes": sorted(changes, key=lambda change: str(change["address"])),
        }
    )
    for old, new in _stable_ids(changes):
        text = text.replace(old, new)
    text = UUID.sub("00000000-0000-0000-0000-000000000000", SECRET_SUFFIX.sub(r"\1-000000", text))
    reduced: dict[str, Any] = json.loads(text)
    return reduced


def _places(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    root = document.get("prior_state", {}).get("values", {}).get("root_module", {})
    for entry in root.get("resources", []):
        if entry["mode"] == "data" and entry["type"] in PLACES:
            yield {key: entry[key] for key in ("address", "mode", "type", "values")}


def _output(change: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {"actions": change["actions"], "after_unknown": change.get("after_unknown", False)}
    for side in ("before", "after"):
        kept[f"{side}_sensitive"] = secret = _says_something(change[f"{side}_sensitive"])
        kept[side] = None if secret else change.get(side)
    return kept


def _change(entry: Mapping[str, Any]) -> dict[str, Any]:
    body = entry["change"]
    kept = {key: entry[key] for key in ("address", "mode", "module_address", "type", "name") if key in entry}
    change: dict[str, Any] = {"actions": body["actions"]}
    for side in ("before", "after"):
        secret = body.get(f"{side}_sensitive")
        change[side] = None if body[side] is None else _values(body[side], secret)
    for tree in TREES:
        if isinstance(body.get(tree), Mapping):
            change[tree] = {k: v for k, v in body[tree].items() if _says_something(v) and k not in NOISE}
    if body.get("replace_paths"):
        change["replace_paths"] = body["replace_paths"]
    return {**kept, "change": change}


def _values(values: Mapping[str, Any], secret: Any) -> dict[str, Any]:
    secrets = secret if isinstance(secret, Mapping) else {}
    return {
        key: "(removed)" if secrets.get(key) is True and value else value
        for key, value in values.items()
        if key not in NOISE and value not in (None, [])
    }


def _says_something(tree: Any) -> bool:
    if isinstance(tree, Mapping):
        return any(map(_says_something, tree.values()))
    return any(map(_says_something, tree)) if isinstance(tree, list) else bool(tree)


def _calls(module: Mapping[str, Any]) -> dict[str, Any]:
    calls = module.get("module_calls", {})
    return {
        "module_calls": {
            name: {"source": call["source"], "module": _calls(call.get("module", {}))} for name, call in calls.items()
        }
    }


def _stable_ids(changes: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """(id of this run, id made from the resource's address)."""
    for change in changes:
        for side in ("before", "after"):
            values = change["change"][side] or {}
            if change["type"] in VOLATILE and isinstance(values.get("id"), str):
                digest = hashlib.sha256(change["address"].encode()).hexdigest()
                yield values["id"], VOLATILE[change["type"]].format(digest)
