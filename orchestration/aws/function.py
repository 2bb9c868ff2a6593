"""The function behind the gateway, as Lambda has it. Never run against AWS."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from orchestration.aws.session import Clients, translated
from orchestration.gateway import FunctionSpec


class BotoFunctions:
    """gateway.function.FunctionControl over lambda."""

    def __init__(self, clients: Clients) -> None:
        self._lambda = clients.make("lambda")

    def get(self, arn: str) -> FunctionSpec | None:
        with translated("lambda:GetFunction"):
            try:
                found = self._lambda.get_function(FunctionName=arn)["Configuration"]
            except self._lambda.exceptions.ResourceNotFoundException:
                return None
        aliases, versions = self._aliases(arn), self._versions(arn)
        return FunctionSpec(
            code_sha256=found["CodeSha256"],
            handler=found.get("Handler", ""),
            role_arn=found["Role"],
            runtime=found.get("Runtime", ""),
            layers=tuple(layer["Arn"] for layer in found.get("Layers") or ()),
            variables=tuple(sorted((found.get("Environment") or {}).get("Variables") or {})),
            permissions=self._permissions(arn, ["", *aliases, *versions]),
            urls=self._urls(arn, ["", *aliases]),
        )

    def put_code(self, arn: str, package: bytes) -> None:
        with translated("lambda:UpdateFunctionCode"):
            self._lambda.update_function_code(FunctionName=arn, ZipFile=package)
            self._lambda.get_waiter("function_updated_v2").wait(FunctionName=arn)

    def remove_permission(self, arn: str, sid: str) -> None:
        qualifier, _, plain = sid.rpartition(":")
        with translated("lambda:RemovePermission"):
            try:
                self._lambda.remove_permission(**_at(arn, qualifier), StatementId=plain)
            except self._lambda.exceptions.ResourceNotFoundException:
                return

    def remove_url(self, called: str) -> None:
        # arn:<partition>:lambda:<region>:<account>:function:<name>[:<alias>]
        parts = called.split(":")
        with translated("lambda:DeleteFunctionUrlConfig"):
            try:
                self._lambda.delete_function_url_config(**_at(":".join(parts[:7]), ":".join(parts[7:])))
            except self._lambda.exceptions.ResourceNotFoundException:
                return

    def _aliases(self, arn: str) -> list[str]:
        with translated("lambda:ListAliases"):
            pages = self._lambda.get_paginator("list_aliases").paginate(FunctionName=arn)
            return [item["Name"] for page in pages for item in page["Aliases"]]

    def _versions(self, arn: str) -> list[str]:
        """Those that were published: none of ours is."""
        with translated("lambda:ListVersionsByFunction"):
            pages = self._lambda.get_paginator("list_versions_by_function").paginate(FunctionName=arn)
            found = [item["Version"] for page in pages for item in page["Versions"]]
        return [version for version in found if version != "$LATEST"]

    def _permissions(self, arn: str, qualifiers: Sequence[str]) -> dict[str, str]:
        """An alias and a version have a policy each of their own (Lambda developer guide: resource-based policies)."""
        found = {}
        for qualifier in qualifiers:
            with translated("lambda:GetPolicy"):
                try:
                    policy = json.loads(self._lambda.get_policy(**_at(arn, qualifier))["Policy"])
                except self._lambda.exceptions.ResourceNotFoundException:
                    continue
            for statement in policy.get("Statement", ()):
                found[f"{qualifier}:{statement.get('Sid')}".lstrip(":")] = _told(statement)
        return found

    def _urls(self, arn: str, qualifiers: Sequence[str]) -> dict[str, str]:
        """One by one: of an alias's the local cloud lists no more than the function."""
        found = {}
        for qualifier in qualifiers:
            with translated("lambda:GetFunctionUrlConfig"):
                try:
                    kind = self._lambda.get_function_url_config(**_at(arn, qualifier))["AuthType"]
                except self._lambda.exceptions.ResourceNotFoundException:
                    continue
            found[f"{arn}:{qualifier}".rstrip(":")] = kind
        return found


def _at(arn: str, qualifier: str) -> dict[str, str]:
    """The function itself, or one alias or version of it."""
    return {"FunctionName": arn} | ({"Qualifier": qualifier} if qualifier else {})


def _told(statement: Mapping[str, Any]) -> str:
    """Who may do what, in one line."""
    principal = statement.get("Principal")
    who = principal if isinstance(principal, str) else json.dumps(principal, sort_keys=True)
    action = statement.get("Action")
    return f"{statement.get('Effect')} {who} {action if isinstance(action, str) else json.dumps(action)}"
