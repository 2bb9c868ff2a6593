"""docs/aws-calls.md is what was recorded, and every statement of the deployer has a call that needs it or a reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.aws.page import UNRECORDED, lacks, page
from tests.aws.policies import policies_of
from tests.aws.recording import ROOT, Recorded, deployers, documents, dump, load, merged, plain, readers

REMEDY = "python -m scripts.aws_calls"


def test_the_page_is_written_from_what_was_recorded() -> None:
    assert (ROOT / "docs/aws-calls.md").read_text() == page(load(), documents()), REMEDY


def test_every_recorded_call_of_the_deployer_is_allowed() -> None:
    own = [call for call in load().calls if call.by == "deployer" and call.action]
    assert len(own) > 200
    assert [call for call in own if not deployers().allowing(call.need)] == []


def test_a_role_that_reads_may_look_for_drift() -> None:
    asked = [call for call in load().calls if call.by == "deployer" and call.action and "drift" in call.commands]
    assert len(asked) > 90
    assert [call for call in asked if not readers().allowing(call.need)] == []


def test_every_statement_is_needed_or_has_a_reason() -> None:
    recording = load()
    unneeded = {lack.sid for lack in lacks(recording.calls, deployers(), recording.commands) if lack.call is None}
    assert unneeded == set(UNRECORDED)


def test_what_the_roles_called_is_allowed_by_their_policies() -> None:
    recording = load()
    called = {role: [c for c in recording.calls if c.by == role and c.action] for role in recording.roles}
    assert called["demo-dev-runtime"] and called["demo-dev-gateway"]
    for role, calls in called.items():
        own = policies_of({role: recording.roles[role]})
        assert [call for call in calls if not own.allowing(call.need)] == [], role


CALL = Recorded("deployer", "s3", "CreateBucket", "s3:CreateBucket", "arn:aws:s3:::demo")
DOCUMENT: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "Make", "Effect": "Allow", "Action": ["s3:CreateBucket"], "Resource": ["arn:aws:s3:::demo"]},
        {"Sid": "Look", "Effect": "Allow", "Action": ["s3:ListAllMyBuckets"], "Resource": ["*"]},
    ],
}


def test_without_its_statement_the_first_command_fails_that_needs_it() -> None:
    calls = [replace(CALL, commands=("up", "down"))]
    made, looked = lacks(calls, policies_of({"x": DOCUMENT}), ("up", "down"))
    assert (made.sid, made.command, made.call, made.count) == ("Make", "up", calls[0], 1)
    assert (looked.sid, looked.call) == ("Look", None)


def test_a_call_is_kept_once_with_all_its_commands() -> None:
    assert merged({"up": [CALL], "drift": [CALL]}) == [replace(CALL, commands=("up", "drift"))]


def test_what_is_drawn_anew_is_taken_out() -> None:
    arn = "arn:x:runtime/demo_dev_probe_iam-a1B2c3D4e5/runtime-endpoint/DEFAULT"
    assert plain(arn) == arn.replace("a1B2c3D4e5", "0000000000")
    assert plain("arn:x:secret:demo-dev/caller-password-89a23f") == "arn:x:secret:demo-dev/caller-password-000000"
    assert plain("arn:x:userpool/eu-west-1_UtnKLhaSA") == "arn:x:userpool/eu-west-1_000000000"


def test_the_recording_is_written_as_it_was_read() -> None:
    assert dump(load()) == (ROOT / "tests/aws/recorded.json").read_text(), REMEDY
