from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from orchestration.errors import BadInput, TerraformFailed, Unfit
from orchestration.terraform import CUT_OFF, Environment, TerraformDriver
from orchestration.terraform.failures import explain_failure
from orchestration.terraform.state import RemoteState

ROOT = Path(__file__).resolve().parents[3]
DEADLINE_S = 20.0
LOG = Path("/state/terraform.log")

# Answers with the files of $RECORD: <command>.out, .err and .code; keeps its arguments and environment there.
SCRIPT = """#!/bin/sh
echo "$*" >> "$RECORD/argv"
env > "$RECORD/env.$1"
if [ "$1" = init ]; then mkdir -p "$TF_DATA_DIR/providers/registry.terraform.io/hashicorp/aws/6.0.0/linux_amd64"; fi
if [ -f "$RECORD/$1.out" ]; then cat "$RECORD/$1.out"; fi
if [ -f "$RECORD/$1.err" ]; then cat "$RECORD/$1.err" >&2; fi
if [ -f "$RECORD/$1.code" ]; then exit "$(cat "$RECORD/$1.code")"; fi
"""


class Fake:
    """A terraform of our own and the driver for it."""

    def __init__(self, folder: Path) -> None:
        self.record = folder / "record"
        self.source = folder / "terraform"
        self.work = folder / "work"
        self.bin = folder / "bin"
        for path in (self.record, self.source, self.work, self.bin):
            path.mkdir()
        (self.source / "main.tf").write_text("# one\n")
        (self.source / ".terraform.lock.hcl").write_text("# lock\n")
        rc = folder / "terraform.rc"
        rc.touch()
        self.install("terraform", SCRIPT)
        self.place = Environment(
            binary="terraform",
            source_dir=self.source,
            work_dir=self.work,
            variables={
                "PATH": f"{self.bin}:/usr/bin:/bin",
                "RECORD": str(self.record),
                "TF_CLI_CONFIG_FILE": str(rc),
            },
            tfvars={"environment": "dev", "s3_use_path_style": True},
        )
        self.driver = TerraformDriver(self.place)

    def install(self, name: str, script: str) -> None:
        (self.bin / name).write_text(script)
        (self.bin / name).chmod(0o755)

    def answers(self, command: str, code: int = 0, out: str = "", err: str = "") -> None:
        (self.record / f"{command}.out").write_text(out)
        (self.record / f"{command}.err").write_text(err)
        (self.record / f"{command}.code").write_text(str(code))

    def calls(self) -> list[list[str]]:
        path = self.record / "argv"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def environment(self, command: str) -> dict[str, str]:
        lines = (self.record / f"env.{command}").read_text().splitlines()
        return {name: value for name, _, value in (line.partition("=") for line in lines)}


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    return Fake(tmp_path)


# -- the binary


@pytest.mark.parametrize("version", ["1.11.0", "1.11.4", "1.12.0-beta1", "2.0.0", "1.100.0"])
def test_a_new_enough_binary_is_named_with_its_version(fake: Fake, version: str) -> None:
    fake.answers("version", out=json.dumps({"terraform_version": version, "platform": "linux_amd64"}))
    assert fake.driver.check_binary() == f"terraform {version}"


@pytest.mark.parametrize("version", ["1.10.9", "1.9.11", "0.15.0"])
def test_an_old_binary_is_unfit(fake: Fake, version: str) -> None:
    fake.answers("version", out=json.dumps({"terraform_version": version}))
    with pytest.raises(Unfit) as caught:
        fake.driver.check_binary()
    assert caught.value.code == "terraform_too_old"
    assert version in caught.value.message


def test_a_missing_binary_is_unfit(fake: Fake) -> None:
    with pytest.raises(Unfit) as caught:
        TerraformDriver(replace(fake.place, binary="terraform-that-is-not-there")).check_binary()
    assert caught.value.code == "terraform_missing"
    assert caught.value.message == "terraform-that-is-not-there is not on PATH"


def test_only_the_given_path_is_searched(fake: Fake, tmp_path: Path) -> None:
    elsewhere = replace(fake.place, variables={**fake.place.variables, "PATH": str(tmp_path / "empty")})
    with pytest.raises(Unfit, match="is not on PATH"):
        TerraformDriver(elsewhere).check_binary()


@pytest.mark.parametrize(
    ("out", "err", "code"),
    [
        pytest.param("Terraform v1.11.4\n", "", 0, id="text"),
        pytest.param("", "exec format error", 126, id="no-program"),
        pytest.param("[]", "", 0, id="list"),
        pytest.param("{}", "", 0, id="no-version"),
        pytest.param('{"terraform_version": null}', "", 0, id="null-version"),
        pytest.param('{"terraform_version": "unknown"}', "", 0, id="no-numbers"),
    ],
)
def test_a_binary_that_says_garbage_is_unfit(fake: Fake, out: str, err: str, code: int) -> None:
    fake.answers("version", code, out, err)
    with pytest.raises(Unfit):
        fake.driver.check_binary()


@pytest.mark.parametrize("out", ["", "a game\n", "[]", "null"])
def test_a_program_that_is_no_terraform_is_named(fake: Fake, out: str) -> None:
    fake.answers("show", 0, out)
    with pytest.raises(Unfit) as caught:
        fake.driver.show_plan()
    assert (caught.value.code, caught.value.message) == (
        "terraform_missing",
        "terraform show answered 0: ''",
    )


# -- environment


def test_terraform_inherits_only_what_was_given(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://stray")
    fake.driver.plan()
    seen = fake.environment("plan")
    assert "AWS_ENDPOINT_URL" not in seen
    assert seen["TF_DATA_DIR"] == str(fake.work / "terraform-data")
    assert seen["CHECKPOINT_DISABLE"] == "1"


def test_a_named_but_missing_cli_configuration_is_dropped(fake: Fake) -> None:
    gone = {**fake.place.variables, "TF_CLI_CONFIG_FILE": str(fake.record / "gone")}
    TerraformDriver(replace(fake.place, variables=gone)).plan()
    assert "TF_CLI_CONFIG_FILE" not in fake.environment("plan")


def test_init_is_given_the_wished_mirror_and_says_so(fake: Fake, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    (mirror / "registry.terraform.io" / "hashicorp" / "aws" / "6.0.0").mkdir(parents=True)
    variables = {k: v for k, v in fake.place.variables.items() if k != "TF_CLI_CONFIG_FILE"}
    notes: list[str] = []
    place = replace(fake.place, variables={**variables, "TF_PROVIDER_MIRROR": str(mirror)})
    TerraformDriver(place, note=notes.append).init()
    rc = Path(fake.environment("init")["TF_CLI_CONFIG_FILE"])
    assert str(mirror) in rc.read_text()
    assert len(notes) == 1
    assert str(mirror) in notes[0]


def test_a_cli_configuration_of_the_user_is_left_alone(fake: Fake) -> None:
    fake.driver.init()
    assert fake.environment("init")["TF_CLI_CONFIG_FILE"] == fake.place.variables["TF_CLI_CONFIG_FILE"]


# -- init


def test_init_keeps_the_state_in_the_work_folder_and_the_lock_file_as_it_is(fake: Fake) -> None:
    assert fake.driver.init()
    [argv] = fake.calls()
    assert argv[0] == "init"
    assert f"-backend-config=path={fake.work / 'terraform.tfstate'}" in argv
    assert "-lockfile=readonly" in argv
    assert "-input=false" in argv


def test_a_second_init_is_skipped(fake: Fake) -> None:
    assert fake.driver.init()
    assert not TerraformDriver(fake.place).init()
    assert len(fake.calls()) == 1


def lock_changed(fake: Fake) -> None:
    (fake.source / ".terraform.lock.hcl").write_text("# other\n")


def source_changed(fake: Fake) -> None:
    (fake.source / "main.tf").write_text("# two\n")


def module_added(fake: Fake) -> None:
    (fake.source / "modules" / "x").mkdir(parents=True)
    (fake.source / "modules" / "x" / "main.tf").write_text("# three\n")


def providers_lost(fake: Fake) -> None:
    shutil.rmtree(fake.work / "terraform-data")


@pytest.mark.parametrize("change", [lock_changed, source_changed, module_added, providers_lost])
def test_init_runs_again_after_a_change(fake: Fake, change: Callable[[Fake], None]) -> None:
    fake.driver.init()
    change(fake)
    assert fake.driver.init()


def test_a_moved_checkout_works_on_its_own_state(fake: Fake, tmp_path: Path) -> None:
    """Terraform keeps the absolute path of the state beside its providers."""
    fake.driver.init()
    moved = fake.work.rename(tmp_path / "moved")
    assert TerraformDriver(replace(fake.place, work_dir=moved)).init()
    assert f"-backend-config=path={moved / 'terraform.tfstate'}" in fake.calls()[-1]


def test_an_init_for_taking_apart_is_none_for_the_project(fake: Fake) -> None:
    fake.driver.init()
    assert TerraformDriver(replace(fake.place, apart=True)).init(), "this terraform kept no place of a state"
    assert fake.driver.init()


def test_init_runs_again_with_another_tool(fake: Fake) -> None:
    fake.install("tofu", SCRIPT)
    fake.driver.init()
    assert TerraformDriver(replace(fake.place, binary="tofu")).init()


def test_a_failed_init_is_not_taken_for_done(fake: Fake) -> None:
    fake.answers("init", 1, err="Error: Failed to query available provider packages\n\nno available releases\n")
    for _ in range(2):
        with pytest.raises(TerraformFailed, match="terraform init failed: Failed to query"):
            fake.driver.init()
    assert len(fake.calls()) == 2


# -- plan, apply, output


@pytest.mark.parametrize(("code", "changes"), [(0, False), (2, True)])
def test_plan_says_whether_there_are_changes(fake: Fake, code: int, changes: bool) -> None:
    fake.answers("plan", code, out="the plan\n")
    assert fake.driver.plan() == (changes, "the plan\n")
    [argv] = fake.calls()
    assert "-detailed-exitcode" in argv
    assert "-destroy" not in argv


PLAN = """
module.identity[0].aws_cognito_user_pool.callers: Refreshing state... [id=us-east-1_x]
data.aws_region.current: Reading...
ephemeral.aws_secretsmanager_random_password.person["caller"]: Opening complete after 0s
data.aws_region.current: Read complete after 0s [id=us-east-1]

Terraform will perform the following actions:

  # aws_x.y will be created
      + note = "Refreshing state: Reading..."
"""


def test_a_plan_is_shown_without_what_was_read_on_the_way(fake: Fake) -> None:
    fake.answers("plan", 2, out=PLAN)
    assert fake.driver.plan()[1] == PLAN.partition("[id=us-east-1]\n\n")[2]


def test_a_plan_as_json_goes_to_no_log(fake: Fake) -> None:
    fake.answers("show", out='{"secret": "in the clear"}')
    assert fake.driver.show_plan() == {"secret": "in the clear"}


def test_a_kept_plan_is_for_the_user_alone(fake: Fake, tmp_path: Path) -> None:
    kept = tmp_path / "kept.tfplan"
    kept.write_text("older, for everybody")
    kept.chmod(0o644)
    (fake.work / "plan.tfplan").write_text("the plan")
    fake.driver.keep_plan(kept)
    assert (kept.read_text(), kept.stat().st_mode & 0o777) == ("the plan", 0o600)


def test_a_file_that_is_no_plan_never_reaches_terraform(fake: Fake, tmp_path: Path) -> None:
    kept = tmp_path / "kept.tfplan"
    kept.write_text("no plan")
    with pytest.raises(BadInput, match="kept.tfplan is no plan of Terraform") as caught:
        fake.driver.take_plan(kept)
    assert caught.value.code == "bad_plan"


def test_a_kept_plan_of_another_environment_is_not_applied(fake: Fake, tmp_path: Path) -> None:
    kept = tmp_path / "kept.tfplan"
    with ZipFile(kept, "w") as plan:
        plan.writestr("tfplan", "the plan")
    ours = {"environment": {"value": "dev"}, "s3_use_path_style": {"value": True}}
    fake.answers("show", out=json.dumps({"variables": ours}))
    fake.driver.take_plan(kept)
    assert (fake.work / "plan.tfplan").read_bytes() == kept.read_bytes()
    fake.answers("show", out=json.dumps({"variables": ours | {"environment": {"value": "prod"}}}))
    with pytest.raises(BadInput, match="'prod', not 'dev'"):
        fake.driver.take_plan(kept)
    assert not (fake.work / "plan.tfplan").exists()
    assert "in the clear" not in fake.driver.log_path.read_text()


@pytest.mark.parametrize("code", [1, 3, 139])
def test_any_other_exit_code_of_plan_is_a_failure(fake: Fake, code: int) -> None:
    fake.answers("plan", code, err="Error: Unsupported argument\n\n  on main.tf line 3\n")
    with pytest.raises(TerraformFailed, match="terraform plan failed: Unsupported argument"):
        fake.driver.plan()


def test_a_plan_for_removal_says_so(fake: Fake) -> None:
    fake.driver.plan(destroy=True)
    assert "-destroy" in fake.calls()[0]


@pytest.mark.parametrize(("lock", "flags"), [(True, []), (False, ["-lock=false"])])
def test_a_plan_leaves_the_states_lock_alone_when_told_so(fake: Fake, lock: bool, flags: list[str]) -> None:
    fake.driver.plan(lock=lock)
    assert [word for word in fake.calls()[0] if word.startswith("-lock=")] == flags


def test_variables_go_in_by_file(fake: Fake) -> None:
    fake.driver.plan()
    [flag] = [word for word in fake.calls()[0] if word.startswith("-var-file=")]
    assert json.loads(Path(flag.removeprefix("-var-file=")).read_text()) == fake.place.tfvars


def test_an_environments_file_comes_before_our_own_values(fake: Fake, tmp_path: Path) -> None:
    chosen = tmp_path / "stage.tfvars"
    TerraformDriver(replace(fake.place, var_files=(chosen,))).plan()
    files = [word.removeprefix("-var-file=") for word in fake.calls()[0] if word.startswith("-var-file=")]
    assert files == [str(chosen), str(fake.work / "terraform.tfvars.json")]


@pytest.mark.parametrize("code", [0, 1])
def test_the_plan_file_is_gone_after_apply_whatever_became_of_it(fake: Fake, code: int) -> None:
    fake.driver.plan()
    plan_file = fake.work / "plan.tfplan"
    plan_file.write_text("values in the clear")
    fake.answers("apply", code, err="Error: x\n" if code else "")
    if code:
        with pytest.raises(TerraformFailed):
            fake.driver.apply_plan()
    else:
        fake.driver.apply_plan()
    assert fake.calls()[-1][-1] == str(plan_file)
    assert not plan_file.exists()


def test_a_destroy_looks_at_what_is_there_unless_it_is_known(fake: Fake) -> None:
    fake.driver.destroy()
    fake.driver.destroy(refresh=False)
    looking, believing = fake.calls()
    assert not any(word.startswith("-refresh") for word in looking)
    assert "-refresh=false" in believing


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_apply_and_destroy_do_not_ask(fake: Fake, command: str) -> None:
    getattr(fake.driver, command)()
    [argv] = fake.calls()
    assert argv[0] == command
    assert {"-auto-approve", "-input=false"} <= set(argv)


@pytest.mark.parametrize("command", ["apply", "destroy", "validate"])
def test_a_failure_names_its_command_and_the_log(fake: Fake, command: str) -> None:
    fake.answers(command, 1, err="Error: it broke\n\nbadly\n")
    with pytest.raises(TerraformFailed) as caught:
        getattr(fake.driver, command)()
    assert caught.value.message == f"terraform {command} failed: it broke. badly"
    assert str(fake.driver.log_path) in caught.value.remedy
    assert "it broke" in fake.driver.log_path.read_text()


def test_lines_are_told_while_terraform_runs(fake: Fake) -> None:
    fake.answers("apply", out="one\ntwo\n")
    lines: list[str] = []
    fake.driver.apply(on_line=lines.append)
    assert lines == ["one", "two"]


def test_outputs_are_read_from_the_state_without_terraform_and_from_a_bucket_with_it(fake: Fake) -> None:
    assert fake.driver.output() == {}
    outputs = {"region": {"value": "us-east-1", "type": "string"}}
    (fake.work / "terraform.tfstate").write_text(json.dumps({"resources": [], "outputs": outputs}))
    assert fake.driver.output() == outputs
    assert fake.calls() == []
    fake.answers("output", out='{"region": {"value": "eu-west-1"}}')
    assert remote(fake).output() == {"region": {"value": "eu-west-1"}}


@pytest.mark.parametrize("outputs", [["region"], {"region": "us-east-1"}])
def test_outputs_of_another_shape_are_no_state(fake: Fake, outputs: object) -> None:
    (fake.work / "terraform.tfstate").write_text(json.dumps({"resources": [], "outputs": outputs}))
    with pytest.raises(TerraformFailed) as caught:
        fake.driver.output()
    assert caught.value.code == "corrupt_state"


@pytest.mark.parametrize(
    ("text", "expected"),
    [(None, False), ("", False), ('{"resources": []}', False), ('{"resources": [{"type": "aws_s3_bucket"}]}', True)],
    ids=["no-file", "cut-off-before-the-first-write", "empty", "one-resource"],
)
def test_has_state(fake: Fake, text: str | None, expected: bool) -> None:
    if text is not None:
        (fake.work / "terraform.tfstate").write_text(text)
    assert fake.driver.has_state() is expected


@pytest.mark.parametrize("text", ['{"version": 4', "[]", "{}", "null"], ids=repr)
def test_a_state_that_is_none_is_an_error_and_not_an_empty_one(fake: Fake, text: str) -> None:
    (fake.work / "terraform.tfstate").write_text(text)
    with pytest.raises(TerraformFailed) as caught:
        fake.driver.has_state()
    assert caught.value.code == "corrupt_state"


# -- a remote state

REMOTE = RemoteState("states", "inbound-auth/dev/terraform.tfstate", "us-east-1", path_style=True)
STATE = '{"serial": 3, "lineage": "a", "resources": [{"type": "aws_s3_bucket"}], "outputs": {"secret": "x"}}'


def remote(fake: Fake) -> TerraformDriver:
    return TerraformDriver(replace(fake.place, remote=REMOTE))


def test_with_a_remote_state_terraform_runs_from_a_copy_that_names_it(fake: Fake) -> None:
    remote(fake).init()
    [argv] = fake.calls()
    assert not [word for word in argv if word.startswith("-backend-config")]
    assert fake.environment("init")["PWD"] == str(fake.work / "terraform-sources")


def test_init_runs_again_when_the_state_is_elsewhere(fake: Fake) -> None:
    fake.driver.init()
    assert remote(fake).init()
    assert not remote(fake).init()


def test_a_remote_state_is_pulled_and_goes_to_no_log(fake: Fake) -> None:
    fake.answers("state", out=STATE)
    driver = remote(fake)
    assert driver.has_state()
    assert fake.calls()[-1][:2] == ["state", "pull"]
    assert "secret" not in driver.log_path.read_text()


def test_a_state_is_moved_by_push_and_compared_with_what_arrived(fake: Fake) -> None:
    (fake.work / "terraform.tfstate").write_text(STATE)
    fake.answers("state", out=STATE.replace('"serial": 3', '"serial": 1'))
    remote(fake).move_state()
    assert ["state", "push", str(fake.work / "terraform.tfstate")] in [
        [word for word in argv if not word.startswith("-")] for argv in fake.calls()
    ]
    fake.answers("state", out=STATE.replace("aws_s3_bucket", "aws_other"))
    with pytest.raises(TerraformFailed) as caught:
        remote(fake).move_state()
    assert caught.value.code == "state_not_moved"


def test_the_local_state_is_forgotten_with_its_backups(fake: Fake) -> None:
    for name in ("terraform.tfstate", "terraform.tfstate.backup", "terraform.log"):
        (fake.work / name).write_text("x")
    fake.driver.forget_local_state()
    assert [path.name for path in fake.work.glob("terraform.*")] == ["terraform.log"]


# -- what a failure says

LOCKED = """
Error: Error acquiring the state lock

Error message: resource temporarily unavailable
Lock Info:
  ID:        0a1b2c3d
  Operation: OperationTypeApply
"""
OTHER_ACCOUNT = """
Planning failed. Terraform encountered an error while generating this plan.


Error: AWS account ID not allowed: 000000000000

  with provider["registry.terraform.io/hashicorp/aws"],
"""
VALIDATION = """
Planning failed. Terraform encountered an error while generating this plan.


Error: Invalid value for variable

  on main.tf line 12, in module "identity":
  12:   access_token_minutes = var.access_token_minutes
    ├────────────────
    │ var.access_token_minutes is 90

access_token_minutes is 90; use 5-60 (minutes).

This was checked by the validation rule at
modules/identity/variables.tf:7,3-13.
"""
REFUSED = """
aws_iam_role.runtime: Creating...

Error: creating IAM Role (mortgage-dev-runtime): operation error IAM: CreateRole, StatusCode: 403, AccessDenied: no

  with module.runtime_role.aws_iam_role.runtime,
  on modules/runtime_role/main.tf line 1, in resource "aws_iam_role" "runtime":
   1: resource "aws_iam_role" "runtime" {


Error: creating S3 Bucket (mortgage-dev-artifacts): BucketAlreadyExists

  with module.artifacts.aws_s3_bucket.artifacts,
"""
BOXED = (
    "\x1b[31m╷\x1b[0m\n"
    "\x1b[31m│\x1b[0m \x1b[1m\x1b[31mError: \x1b[0m\x1b[1mFailed to query available provider packages\x1b[0m\n"
    "\x1b[31m│\x1b[0m\n"
    "\x1b[31m│\x1b[0m Could not retrieve the list of available versions for provider hashicorp/aws\n"
    "\x1b[31m╵\x1b[0m\n"
    "\x1b[31m╷\x1b[0m\n"
    "\x1b[31m│\x1b[0m \x1b[1m\x1b[31mError: \x1b[0m\x1b[1mBackend initialization required\x1b[0m\n"
    "\x1b[31m╵\x1b[0m\n"
)


def test_a_held_state_lock_is_named() -> None:
    error = explain_failure("apply", 1, LOCKED, LOG)
    assert (error.code, error.exit_code) == ("state_locked", 1)
    assert error.message.endswith("state lock")


def test_whoever_holds_the_lock_is_named() -> None:
    error = explain_failure("apply", 1, LOCKED + "  Who:       ann@laptop\n  Created:   2026-11-23 00:00\n", LOG)
    assert "ann@laptop, OperationTypeApply, since 2026-11-23 00:00" in error.message


def test_a_lock_in_a_bucket_that_nobody_will_give_back_has_its_command() -> None:
    text = LOCKED.replace("resource temporarily unavailable", "operation error S3: PutObject, PreconditionFailed")
    assert explain_failure("apply", 1, text, LOG).remedy.endswith("/terraform-sources force-unlock 0a1b2c3d")
    assert "force-unlock" not in explain_failure("apply", 1, LOCKED, LOG).remedy


def test_an_account_that_is_not_allowed_is_refused_at_the_gate() -> None:
    error = explain_failure("plan", 1, OTHER_ACCOUNT, LOG)
    assert (error.code, error.exit_code) == ("account_not_allowed", 3)
    assert "000000000000" in error.message


def test_a_failed_validation_is_the_users_input_with_terraforms_words() -> None:
    error = explain_failure("plan", 1, VALIDATION, LOG)
    assert isinstance(error, BadInput)
    assert "access_token_minutes is 90; use 5-60 (minutes)." in error.message


def test_the_first_error_gives_the_line() -> None:
    error = explain_failure("apply", 1, REFUSED, LOG)
    assert isinstance(error, TerraformFailed)
    assert error.message.startswith("terraform apply failed: creating IAM Role (mortgage-dev-runtime)")
    assert "with module.runtime_role.aws_iam_role.runtime" in error.message
    assert "BucketAlreadyExists" not in error.message
    assert error.remedy == f"see {LOG}"


def test_what_exists_outside_the_state_has_its_own_remedy() -> None:
    error = explain_failure("apply", 1, "Error: creating S3 Bucket (x): BucketAlreadyExists\n\n  with module.x\n", LOG)
    assert error.code == "exists_outside_state"
    assert "make down" in error.remedy


def test_colours_and_boxes_do_not_reach_the_message() -> None:
    message = explain_failure("init", 1, BOXED, LOG).message
    assert message.startswith("terraform init failed: Failed to query available provider packages. Could not retrieve")
    assert not set("\x1b│╷╵\n").intersection(message)


def test_in_boxes_too_the_first_error_gives_the_line() -> None:
    assert "Backend initialization required" not in explain_failure("init", 1, BOXED, LOG).message


@pytest.mark.parametrize("text", ["", "killed\n"], ids=repr)
def test_without_an_error_block_the_exit_code_is_named(text: str) -> None:
    assert explain_failure("apply", 137, text, LOG).message.startswith("terraform apply failed: exit code 137")


# -- interrupts

SLOW = """#!/bin/sh
trap 'echo INT >> "$RECORD/signals"' INT
touch "$RECORD/ready"
while [ ! -f "$RECORD/end" ]; do sleep 0.02; done
echo "state written" > "$RECORD/written"
"""
PROGRAM = """
import json, sys
from pathlib import Path
from orchestration.terraform import CUT_OFF, Environment, TerraformDriver

record = Path(sys.argv[1])
place = Environment("terraform", Path(sys.argv[2]), Path(sys.argv[3]), json.loads(sys.argv[4]))
try:
    TerraformDriver(place).apply()
except KeyboardInterrupt:
    sys.exit(130 if (record / "written").exists() else 1)
"""


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_terraform_gets_one_interrupt_however_many_we_get_and_may_finish(fake: Fake) -> None:
    fake.install("terraform", SLOW)
    record = fake.record
    words = [str(record), str(fake.source), str(fake.work), json.dumps(dict(fake.place.variables))]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words],
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until((record / "ready").exists, process)
        # Ctrl-C in a terminal reaches the whole group, so Terraform must not be in it.
        os.killpg(process.pid, signal.SIGINT)
        wait_until((record / "signals").exists, process)
        for _ in range(300):
            assert process.poll() is None, process.communicate()
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.0003)
        (record / "end").touch()
        _, err = process.communicate(timeout=DEADLINE_S)
    finally:
        (record / "end").touch()
        process.kill()
        process.communicate()
    assert process.returncode == 130, err
    assert (record / "signals").read_text() == "INT\n"


@pytest.mark.parametrize(("codes", "marked"), [([0], False), ([1], True), ([1, 0], True)])
def test_an_apply_that_did_not_end_well_leaves_a_mark_for_good(fake: Fake, codes: list[int], marked: bool) -> None:
    for code in codes:
        fake.answers("apply", code)
        with suppress(TerraformFailed):
            fake.driver.apply()
    assert (fake.work / CUT_OFF).exists() is marked


# -- a state that could not be written


def state_text(serial: int) -> str:
    return json.dumps({"version": 4, "serial": serial, "resources": [], "outputs": {}})


@pytest.mark.parametrize("current", [None, "", '{"cut o', state_text(3)])
def test_a_state_that_an_apply_could_not_write_is_put_back(fake: Fake, current: str | None) -> None:
    (fake.source / "errored.tfstate").write_text(state_text(4))
    if current is not None:
        (fake.work / "terraform.tfstate").write_text(current)
    assert fake.driver.put_back()
    assert (fake.work / "terraform.tfstate").read_text() == state_text(4)
    assert stat.S_IMODE((fake.work / "terraform.tfstate").stat().st_mode) == 0o600
    assert not fake.driver.put_back(), "once"


@pytest.mark.parametrize("left", ["", "{", state_text(3), state_text(4)])
def test_a_state_that_was_overtaken_or_is_none_is_not_put_back(fake: Fake, left: str) -> None:
    (fake.source / "errored.tfstate").write_text(left)
    (fake.work / "terraform.tfstate").write_text(state_text(4))
    with pytest.raises(TerraformFailed) as caught:
        fake.driver.put_back()
    assert caught.value.code == "state_overtaken"
    assert (fake.work / "terraform.tfstate").read_text() == state_text(4)


def test_a_remote_state_is_put_back_by_push(fake: Fake) -> None:
    remote = TerraformDriver(replace(fake.place, remote=REMOTE))
    (fake.work / "terraform-sources").mkdir()
    (fake.work / "terraform-sources" / "errored.tfstate").write_text(state_text(4))
    assert remote.put_back()
    assert ["state", "push"] in [call[:2] for call in fake.calls()]


def test_a_full_disk_is_the_machines_fault() -> None:
    error = explain_failure("apply", 1, "Error: Failed to save state\n\nwrite x: no space left on device\n", LOG)
    assert (error.code, error.exit_code) == ("disk_full", 5)
