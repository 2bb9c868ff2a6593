"""Plans, accounts and shared state, with the environment of the other tests alive beside."""

from __future__ import annotations

import json

import pytest

from tests.e2e.acts import client, files_with, local_environment, one_error, secrets_of
from tests.e2e.conftest import Clone, Done

pytestmark = pytest.mark.e2e


def test_a_plan_says_who_may_call_and_leaves_no_plan_file(up: Clone) -> None:
    partner = {"TF_VAR_app_clients": '{partner = {kind = "machine"}}'}
    plans = [up.invoke("plan", "--review", "--max-risk", "critical", **partner) for _ in range(2)]
    assert plans[0].code == 0, plans[0].err
    assert "partner" in plans[0].out.partition("Plan: ")[2]
    assert plans[0].out == plans[1].out, "same input, same bytes"
    assert not list((up.path / ".state/local-dev").glob("*.tfplan"))


def test_a_stored_plan_with_a_worse_finding_than_accepted_is_refused(up: Clone) -> None:
    (plan,) = (up.path / "tests/terraform/plans").glob("*bucket*public*.json")
    done = up.invoke("review", str(plan), "--max-risk", "medium", "--markdown", "review.md", "--sarif", "review.sarif")
    assert (done.code, "error [too_risky]" in one_error(done)) == (3, True)
    assert "public" in (up.path / "review.md").read_text()
    assert json.loads((up.path / "review.sarif").read_text())["version"] == "2.1.0"


def test_another_account_than_allowed_is_refused_before_anything_is_made(clone: Clone, first_up: Done) -> None:
    allowed = {"ENVIRONMENT": "acct", "TF_VAR_allowed_account_ids": '["111122223333"]'}
    done = clone.invoke("up", **allowed)
    assert done.code == 3
    assert "error [account_not_allowed]: account 000000000000" in one_error(done)
    assert not (clone.path / ".state/local-acct/ledger.json").exists(), "no local cloud, no account, no port"
    assert clone.invoke("down", ENVIRONMENT="acct").code == 0


def test_a_shared_state_is_locked_for_all_and_holds_what_the_file_held(up: Clone) -> None:
    team = {"ENVIRONMENT": "team"}
    assert up.invoke("apply", **team).code == 0
    made = up.document("state.show", **team)
    moved = up.invoke("state.bootstrap", **team)
    assert moved.code == 0, moved.err
    bucket, _, key = moved.out.strip().removeprefix("s3://").partition("/")
    shown = up.document("state.show", **team)
    assert (shown["backend"], shown["resources"]) == ("s3", made["resources"])
    env = local_environment(up, "team")
    folder = up.path / ".state/local-team"
    found = {name for part in secrets_of(env) for secret in part for name in files_with(folder, secret)}
    assert found == set(), "the state was the one exception, and it is in the bucket"
    s3 = client(env, "s3")
    lock = {"ID": "1", "Who": "ann@laptop", "Operation": "OperationTypeApply", "Info": "", "Version": "1.11.4"}
    lock |= {"Created": "2026-01-01T00:00:00Z", "Path": key}
    s3.put_object(Bucket=bucket, Key=f"{key}.tflock", Body=json.dumps(lock).encode())
    held = up.invoke("apply", **team)
    assert "error [state_locked]" in one_error(held) and "ann@laptop" in one_error(held)
    assert up.document("state.show", **team)["lock"]["who"] == "ann@laptop"
    s3.delete_object(Bucket=bucket, Key=f"{key}.tflock")
    assert "error [state_in_use]" in one_error(up.invoke("state.remove", **team))
    assert up.invoke("apply", **team).out == "nothing to apply\n"
    assert up.document("status")["runtime"]["status"] == "READY", "the environment beside it is untouched"
    assert up.invoke("down", **team).code == 0
