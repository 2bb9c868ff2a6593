"""What an apply made and could not write down: named by the error of the next one. Pure.

Terraform's provider says `creating <what> (<name>): ...` and the block below names the address. Names here are
deterministic, so what stands in the way is either what an interrupted apply made, or somebody else's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestration.errors import TerraformFailed

CODE = "exists_outside_state"
EXISTS = re.compile(r"AlreadyExists|already exists?\b|AlreadyOwnedByYou|ResourceExists|UsernameExists|GroupExists")
BLOCK = re.compile(r"Error: (?P<title>.+?)(?=\n[│ ]*Error: |\Z)", re.S)
NAME = re.compile(r"^creating [^(]+\((?P<name>[^)]+)\)")
ADDRESS = re.compile(r"^[│ ]*with (?P<address>\S.*?),\s*$", re.M)
# Imported by what the error names (hashicorp/aws documentation of each, "Import"). A secret is found by name too:
# SecretId of DescribeSecret takes the ARN or the name.
BY_NAME = frozenset(
    {
        "aws_cloudwatch_log_group",
        "aws_cognito_resource_server",
        "aws_cognito_user",
        "aws_cognito_user_pool_domain",
        "aws_ecr_repository",
        "aws_iam_role",
        "aws_lambda_function",
        "aws_s3_bucket",
        "aws_secretsmanager_secret",
    }
)


@dataclass(frozen=True, slots=True)
class Stray:
    """Something that is there and not in the state: where it belongs, and what the error calls it."""

    address: str
    name: str

    @property
    def kind(self) -> str:
        """aws_iam_role of module.x["a.b"].aws_iam_role.runtime["c"]."""
        return re.sub(r"\[[^]]*\]", "", self.address).split(".")[-2]


class ExistsOutside(TerraformFailed):
    """What Terraform was to make is there already."""

    code = CODE

    def __init__(self, message: str, *, remedy: str, strays: tuple[Stray, ...]) -> None:
        super().__init__(message, remedy=remedy)
        self.strays = strays


def found_outside(text: str) -> tuple[Stray, ...]:
    """The strays that an apply's output names, in its order; () if anything else went wrong too, which comes first."""
    found = [_stray(block["title"]) for block in BLOCK.finditer(text)]
    strays = tuple(stray for stray in found if stray is not None)
    return strays if len(strays) == len(found) else ()


def _stray(block: str) -> Stray | None:
    words = " ".join(block.replace("│", " ").split())
    name, address = NAME.match(words), ADDRESS.search(block)
    return Stray(address["address"], name["name"]) if name and address and EXISTS.search(words) else None


def import_id(stray: Stray, plan: Mapping[str, Any]) -> str | None:
    """What `terraform import` wants; None for a kind that is not known. `plan` is the document of `show -json`."""
    after = _planned(stray, plan)
    if stray.kind in BY_NAME:
        return stray.name
    if stray.kind == "aws_cognito_user_group" and isinstance(pool := after.get("user_pool_id"), str):
        return f"{pool}/{stray.name}"
    if stray.kind == "aws_iam_policy":
        account = _looked_up(plan, "aws_caller_identity", "account_id")
        partition = _looked_up(plan, "aws_partition", "id")
        if account and partition:
            return f"arn:{partition}:iam::{account}:policy{after.get('path') or '/'}{stray.name}"
    return None


def functions_to_make(plan: Mapping[str, Any]) -> tuple[Stray, ...]:
    """The Lambda functions that the plan would create, none of which may be there.

    Another kind that is there ends an apply at once. To a function that is there the provider goes on trying for
    five minutes (hashicorp/aws 5.100, service/lambda: retryFunctionOp).
    """
    return tuple(
        Stray(change["address"], str(change["change"]["after"]["function_name"]))
        for change in plan.get("resource_changes", ())
        if change.get("type") == "aws_lambda_function" and change["change"]["actions"] == ["create"]
    )


def _planned(stray: Stray, plan: Mapping[str, Any]) -> Mapping[str, Any]:
    found = (r for r in plan.get("resource_changes", ()) if r.get("address") == stray.address)
    return next((r.get("change", {}).get("after") or {} for r in found), {})


def import_blocks(imports: Mapping[str, str]) -> str:
    """Terraform's own language, in which an address needs no quotes and a value no second look but for its dollars."""
    blocks = []
    for address, identity in imports.items():
        text = json.dumps(identity).replace("${", "$${").replace("%{", "%%{")
        blocks.append(f"import {{\n  to = {address}\n  id = {text}\n}}\n")
    return "\n".join(blocks)


def _looked_up(plan: Mapping[str, Any], kind: str, name: str) -> str | None:
    found = (r for r in _resources(plan.get("prior_state", {})) if (r.get("mode"), r.get("type")) == ("data", kind))
    value = next((r.get("values", {}).get(name) for r in found), None)
    return str(value) if value else None


def _resources(state: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    modules = [state.get("values", {}).get("root_module", {})]
    while modules:
        module = modules.pop()
        yield from module.get("resources", ())
        modules += module.get("child_modules", ())
