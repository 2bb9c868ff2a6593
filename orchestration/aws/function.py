"""The function behind the gateway, as Lambda has it. Never run against AWS."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
        return FunctionSpec(
            code_sha256=found["CodeSha256"],
            handler=found.get("Handler", ""),
            role_arn=found["Role"],
            runtime=found.get("Runtime", ""),
            layers=tuple(layer["Arn"] for layer in found.get("Layers") or ()),
            variables=tuple(sorted((found.get("Environment") or {}).get("Variables") or {})),
            permissions=self._permissions(arn),
            urls=self._urls(arn),
        )

    def put_code(self, arn: str, package: bytes) -> None:
        with translated("lambda:UpdateFunctionCode"):
            self._lambda.update_function_code(FunctionName=arn, ZipFile=package)
            self._lambda.get_waiter("function_updated_v2").wait(FunctionName=arn)

    def remove_permission(self, arn: str, sid: str) -> None:
        with translated("lambda:RemovePermission"):
            try:
                self._lambda.remove_permission(FunctionName=arn, StatementId=sid)
            except self._lambda.exceptions.ResourceNotFoundException:
                return

    def remove_url(self, called: str) -> None:
        # arn:<partition>:lambda:<region>:<account>:function:<name>[:<alias>]
        parts = called.split(":")
        alias = {"Qualifier": parts[7]} if len(parts) == 8 else {}
        with translated("lambda:DeleteFunctionUrlConfig"):
            try:
                self._lambda.delete_function_url_config(FunctionName=":".join(parts[:7]), **alias)
            except self._lambda.exceptions.ResourceNotFoundException:
                return

    def _permissions(self, arn: str) -> dict[str, str]:
        with translated("lambda:GetPolicy"):
            try:
                policy = json.loads(self._lambda.get_policy(FunctionName=arn)["Policy"])
            except self._lambda.exceptions.ResourceNotFoundException:
                return {}
        return {str(statement.get("Sid")): _told(statement) for statement in policy.get("Statement", ())}

    def _urls(self, arn: str) -> dict[str, str]:
        with translated("lambda:ListFunctionUrlConfigs"):
            pages = self._lambda.get_paginator("list_function_url_configs").paginate(FunctionName=arn)
            return {item["FunctionArn"]: item["AuthType"] for page in pages for item in page["FunctionUrlConfigs"]}


def _told(statement: Mapping[str, Any]) -> str:
    """Who may do what, in one line."""
    principal = statement.get("Principal")
    who = principal if isinstance(principal, str) else json.dumps(principal, sort_keys=True)
    action = statement.get("Action")
    return f"{statement.get('Effect')} {who} {action if isinstance(action, str) else json.dumps(action)}"
