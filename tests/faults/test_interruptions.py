"""Any interruption resumes: every stage is ended by every signal, goes on from there, and can be removed."""

from __future__ import annotations

import os
import random
import signal
import subprocess

import psutil
import pytest

from tests.e2e.acts import one_error
from tests.e2e.conftest import Clone, Done
from tests.faults.injection import Deployment, Process, at, cleans, converges, no_terraform_is_left
from tests.faults.moments import (
    AFTER_APPLY,
    CTRL_C,
    IN_APPLY,
    IN_DESTROY,
    IN_SMOKE,
    KILL,
    LOCK_REMOVED,
    LOST,
    RUNTIME_IS_MADE,
    SIGNALS,
    STAGES,
    cut,
)

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]


def signal_of(stage: int, turn: int) -> tuple[signal.Signals, bool]:
    """Another signal for each stage and turn; Ctrl-C reaches the whole group, a kill every other time."""
    number = SIGNALS[(stage + turn + 1) % len(SIGNALS)]
    return number, number is CTRL_C or (number is KILL and stage % 2 == 1)


@pytest.mark.parametrize("turn", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)])
def test_up_that_is_cut_at_each_of_its_stages_goes_on_and_down_that_is_cut_cleans(clone: Clone, turn: int) -> None:
    deployment = Deployment(clone, f"cut{turn}")
    shown = {}
    for number, stage in enumerate(STAGES):
        signalled, group = signal_of(number, turn)
        shown[stage] = cut(deployment, stage, signalled, group=group).err
        launched = deployment.ledger().get("runtime")
        assert (launched is not None) is (stage is IN_SMOKE), f"cut at {stage}: {shown[stage]}"
    assert ": creating" in shown[RUNTIME_IS_MADE], "nothing was made before"
    assert ": artifact" in shown[IN_SMOKE], "the runtime that was being made is found"
    converges(deployment)
    signalled, group = signal_of(len(STAGES), turn)
    cut(deployment, IN_DESTROY, signalled, "down", group=group)
    cleans(deployment)


def test_what_harms_an_apply_is_told_and_the_next_up_goes_on(clone: Clone) -> None:
    """Terraform is killed, then the emulator; a second operator comes meanwhile."""
    deployment = Deployment(clone, "apply")
    refused: list[Done] = []

    def kill_terraform(process: Process) -> None:
        for child in psutil.Process(process.pid).children(recursive=True):
            if child.name().startswith(("terraform", "tofu")) and "provider" not in child.name():
                child.kill()

    def second_operator(process: Process) -> None:
        refused.append(deployment.invoke("up"))
        assert f"pid {process.pid}, `invoke up`" in one_error(refused[0])
        os.kill(deployment.emulator(), signal.SIGKILL)

    killed = at(deployment, IN_APPLY, kill_terraform)
    assert (killed.code, "error [" in killed.err, "Traceback" in killed.err) == (1, True, False)
    no_terraform_is_left(deployment)
    gone = at(deployment, IN_APPLY, second_operator)
    assert LOCK_REMOVED in gone.err
    assert (gone.code, "error [local_cloud_down]: ministack is down" in one_error(gone)) == (5, True)
    assert (refused[0].code, "error [deployment_locked]" in one_error(refused[0])) == (5, True)
    again = cut(deployment, AFTER_APPLY, KILL, group=True)
    assert LOST in again.err
    cleans(deployment)


@pytest.mark.slow
def test_kills_at_random_moments_end_clean(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    seed = int(os.environ.get("RANDOM_SEED") or random.randrange(10**6))
    rounds = int(os.environ.get("RANDOM_KILLS") or 1)
    chance = random.Random(seed)
    rows = [f"seed {seed}"]
    for number in range(rounds):
        deployment = Deployment(clone, f"random{number}")
        after_s, group = chance.uniform(0.3, 25.0), chance.random() < 0.5
        process = deployment.start("up")
        try:
            process.communicate(timeout=after_s)
        except subprocess.TimeoutExpired:
            (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)
        _, err = process.communicate()
        stage = (err.strip().splitlines() or ["nothing was shown yet"])[-1].strip()
        converges(deployment)
        smoke = deployment.invoke("smoke-test")
        assert smoke.code == 0, smoke.err
        cleans(deployment)
        rows.append(f"{number + 1:>3}  {after_s:5.1f} s  {'group' if group else 'process':7}  clean  {stage[:90]}")
        with capsys.disabled():
            print("\n" + rows[-1], flush=True)
