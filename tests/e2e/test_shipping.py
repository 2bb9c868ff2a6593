"""The environment of the other tests, shipped as a container for a while: the same door, the same answers."""

from __future__ import annotations

import json

import pytest

from tests.e2e.acts import client, local_environment, one_error
from tests.e2e.conftest import Clone, Done

pytestmark = pytest.mark.e2e

QUESTION = "what is the credit score for me? my customer id is 1234"


def switched(up: Clone, shipping: str) -> Done:
    return up.run("make", "up", f"DEPLOYMENT={shipping}", deadline_s=400)


def test_a_container_answers_as_code_does_and_leaves_nothing_when_code_comes_back(up: Clone) -> None:
    ecr, builds = (client(local_environment(up), service) for service in ("ecr", "codebuild"))
    before = up.invoke("ask", QUESTION).out
    there = switched(up, "container")
    assert there.code == 0, there.out + there.err
    said = there.out + there.err
    shown, made = said.index("switches local-dev from code to a container"), said.index("terraform apply")
    assert shown < said.index("aws_codebuild_project.image") < made, "the plan is seen first"
    assert "no image was built" in said
    assert up.invoke("ask", QUESTION).out == before
    artifact, record = (
        up.document("status")["artifact"],
        json.loads((up.path / ".state/local-dev/ledger.json").read_text())["runtime"],
    )
    assert (artifact["deployment"], artifact["image_digest"]) == ("container", None)
    assert artifact["image"] == record["image"] and record["image"].endswith(f"-{record['source_digest']}")
    (repository,) = ecr.describe_repositories()["repositories"]
    assert repository["imageTagMutability"] == "IMMUTABLE"
    refused = up.invoke("apply", DEPLOYMENT="code")
    assert "error [image_in_use]" in one_error(refused)
    back = switched(up, "code")
    assert back.code == 0, back.out + back.err
    said = back.out + back.err
    assert (
        said.index("aws_ecr_repository.agent (destroyed)")
        < said.index("ok  launch")
        < said.index("repository.agent: D")
    )
    assert up.invoke("ask", QUESTION).out == before
    assert (ecr.describe_repositories()["repositories"], builds.list_projects()["projects"]) == ([], [])
    assert up.document("status")["artifact"]["deployment"] == "code"
