"""Any interruption resumes: `up` is ended at each of its stages, goes on from there, and can be removed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time

import pytest

from tests.e2e.conftest import Clone
from tests.faults.injection import SETTLED_S, Deployment, at, cleans, converges, cut_at

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]

KILL, TERM, CTRL_C = signal.SIGKILL, signal.SIGTERM, signal.SIGINT
# What `up` shows, what it is then ended with, and whether its whole process group is. In the order of its stages: each
# run goes on from where the one before was cut.
MOMENTS = [
    ("ok  local cloud", KILL, False),
    ("ok  terraform init", TERM, False),
    ("Creation complete", KILL, False),
    ("Creation complete", CTRL_C, True),
    ("ok  terraform apply", KILL, True),
    ("ok  passwords", KILL, False),
    ("is CREATING", KILL, True),
    ("creating", KILL, False),
    ("is READY", TERM, False),
    ("ok  launch", KILL, True),
]


def test_up_that_is_cut_at_each_of_its_stages_goes_on_and_down_cleans(clone: Clone, ready: None) -> None:
    deployment = Deployment(clone, "cut")
    a_terraform_that_is_killed_itself_is_told(deployment)
    for moment, number, group in MOMENTS:
        code, shown = cut_at(deployment, moment, number, group=group)
        if number is KILL:
            assert code == -KILL
        else:
            assert code == 128 + number, shown
            assert shown.rstrip().splitlines()[-1].startswith("interrupted; nothing is lost")
        no_terraform_is_left(deployment)
    converges(deployment)
    cleans(deployment)


def a_terraform_that_is_killed_itself_is_told(deployment: Deployment) -> None:
    """What it was making is there and in no state: the next `up` takes it in, or makes what was not made yet."""

    def kill_terraform(process: subprocess.Popen[str]) -> None:
        record = deployment.folder / "terraform.run.json"
        os.kill(int(json.loads(record.read_text())["pid"]), signal.SIGKILL)

    code, shown = at(deployment, "Creation complete", kill_terraform)
    assert code == 1, shown
    assert "error [" in shown and "Traceback" not in shown
    no_terraform_is_left(deployment)


def no_terraform_is_left(deployment: Deployment) -> None:
    """Nobody ended it: it got word that its command is gone."""
    deadline = time.monotonic() + SETTLED_S
    while [words for words in deployment.clone.processes() if "terraform-provider" in words]:
        assert time.monotonic() < deadline, deployment.clone.processes()
        time.sleep(0.2)


def test_kills_at_random_moments_end_clean(clone: Clone, ready: None, capsys: pytest.CaptureFixture[str]) -> None:
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
