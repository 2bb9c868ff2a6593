"""What a service lists on a later page counts as much as what is on the first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from orchestration.aws.lists import LISTERS
from orchestration.remains import Kind, Ours

OURS = Ours("app", "dev", "us-east-1")


class Paged:
    """A client whose every list has two pages with one entry each."""

    def __init__(self, *pages: dict[str, Any]) -> None:
        self.pages = pages

    def get_paginator(self, operation: str) -> Paged:
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        yield from self.pages

    def batch_get_projects(self, names: list[str]) -> dict[str, Any]:
        return {"projects": [{"name": name, "arn": f"arn:{name}"} for name in names]}


@pytest.mark.parametrize(
    ("kind", "member", "entry"),
    [
        (Kind.RUNTIME, "agentRuntimes", {"agentRuntimeId": "i", "agentRuntimeArn": "a", "agentRuntimeName": "{}"}),
        (Kind.BUCKET, "Buckets", {"Name": "{}"}),
        (Kind.FUNCTION, "Functions", {"FunctionName": "{}", "FunctionArn": "a"}),
        (Kind.SECRET, "SecretList", {"Name": "{}", "ARN": "a"}),
    ],
)
def test_every_page_is_read(kind: Kind, member: str, entry: dict[str, str]) -> None:
    pages = [{member: [{key: value.format(name) for key, value in entry.items()}]} for name in ("one", "two")]
    assert [thing.name for thing in LISTERS[kind][2](Paged(*pages), OURS)] == ["one", "two"]


def test_of_build_projects_only_those_called_like_ours_are_asked_for() -> None:
    pages = [{"projects": ["app-dev-image", "payroll"]}, {"projects": ["app-dev-other"]}]
    names = [thing.name for thing in LISTERS[Kind.BUILD][2](Paged(*pages), OURS)]
    assert names == ["app-dev-image", "app-dev-other"]
