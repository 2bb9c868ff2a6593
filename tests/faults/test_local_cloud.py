"""The local cloud dies, hangs or has no room: it is named at once, nothing hangs, and `up` goes on."""

from __future__ import annotations

import fcntl
import json
import os
import signal

import pytest

from tests.e2e.acts import one_error
from tests.e2e.conftest import Clone
from tests.faults.injection import Deployment, Moment, Process, at, cleans, converges
from tests.faults.moments import AFTER_APPLY, IN_APPLY, IN_SMOKE, KILL, LOST, cut
from tests.faults.small_disk import fill, small_disk

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]


def test_a_full_disk_is_one_line_and_up_goes_on_when_there_is_room(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment = Deployment(clone, "full")
    with small_disk(clone.path / ".state") as filler:
        if filler is None:
            with capsys.disabled():
                print("\nno disk was filled: nobody may mount a small one here")
            return
        fill(filler)
        assert "[disk_full]" in one_error(deployment.invoke("up"))
        filler.unlink()
        full = at(deployment, IN_APPLY, lambda process: fill(filler))
        assert (full.code, "[disk_full]" in one_error(full)) == (5, True)
        filler.unlink()
        cut(deployment, AFTER_APPLY, KILL, group=False)
        a_state_that_another_terraform_holds_is_left_to_it(deployment)
        cleans(deployment)


def a_state_that_another_terraform_holds_is_left_to_it(deployment: Deployment) -> None:
    holder = {"ID": "1", "Who": "ann@laptop", "Operation": "OperationTypeApply", "Info": "", "Version": "1.11.4"}
    info = deployment.folder / ".terraform.tfstate.lock.info"
    info.write_text(json.dumps(holder | {"Created": "2026-01-01T00:00:00Z", "Path": "terraform.tfstate"}))
    with (deployment.folder / "terraform.tfstate").open("r+b") as state:
        fcntl.lockf(state, fcntl.LOCK_EX)
        held = deployment.invoke("up")
    assert (held.code, "error [state_locked]" in one_error(held), "ann@laptop" in one_error(held)) == (1, True, True)
    assert info.exists()


def to_emulator(deployment: Deployment, moment: Moment, number: signal.Signals, reason: str) -> None:
    """Its end or its silence at that moment of `up` is told with the reason."""

    def act(process: Process) -> None:
        os.kill(deployment.emulator(), number)

    done = at(deployment, moment, act)
    assert done.code == 5, done.err
    assert one_error(done).startswith("error [local_cloud_down]: ministack is down")
    assert reason in done.err


@pytest.mark.slow
def test_an_emulator_that_hangs_or_dies_is_named_and_up_finds_what_was_saved_and_tells_what_was_lost(
    clone: Clone,
) -> None:
    deployment = Deployment(clone, "gone")
    to_emulator(deployment, IN_APPLY, signal.SIGSTOP, "does not answer")
    to_emulator(deployment, IN_SMOKE, signal.SIGKILL, "it is not running")
    assert LOST not in converges(deployment).err, "all of it was saved before the smoke test"
    pool = pool_of(deployment)
    os.kill(deployment.emulator(), signal.SIGKILL)
    for path in (deployment.folder / "cloud/ministack/state").glob("*.json"):
        path.unlink()
    assert LOST in converges(deployment).err
    assert pool_of(deployment) != pool
    cleans(deployment)


def pool_of(deployment: Deployment) -> str:
    document = deployment.clone.document("status", ENVIRONMENT=deployment.environment)
    return str(document["cognito"]["user_pool_id"])
