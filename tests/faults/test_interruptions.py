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

MOMENTS = [
    pytest.param("ok  local cloud", signal.SIGKILL, False, id="before-init-kill"),
    pytest.param("ok  terraform init", signal.SIGTERM, False, id="after-init-term"),
    pytest.param("Creation complete", signal.SIGKILL, True, id="during-apply-kill-group"),
    pytest.param("aws_cognito_user_pool_domain.callers: Creation", signal.SIGINT, True, id="during-apply-ctrl-c"),
    pytest.param("ok  terraform apply", signal.SIGKILL, False, id="before-passwords-kill"),
    pytest.param("ok  passwords", signal.SIGKILL, True, id="before-packaging-kill-group"),
    pytest.param("ok  launch", signal.SIGKILL, False, id="during-smoke-kill"),
]


@pytest.mark.parametrize(("moment", "number", "group"), MOMENTS)
def test_an_interruption_leaves_what_up_continues_and_down_cleans(
    clone: Clone, ready: None, moment: str, number: signal.Signals, group: bool
) -> None:
    deployment = Deployment(clone, "cut")
    code, shown = cut_at(deployment, moment, number, group=group)
    if number is signal.SIGKILL:
        assert code == -signal.SIGKILL
    else:
        assert code == 128 + number, shown
        assert shown.rstrip().splitlines()[-1].startswith("interrupted; nothing is lost")
    converges(deployment)
    cleans(deployment)


def test_a_terraform_whose_command_was_killed_ends_by_itself_with_its_provider(clone: Clone, ready: None) -> None:
    deployment = Deployment(clone, "leash")
    cut_at(deployment, "Creation complete", signal.SIGKILL)
    deadline = time.monotonic() + SETTLED_S
    while [words for words in deployment.clone.processes() if "terraform" in words and "tasks" not in words]:
        assert time.monotonic() < deadline, deployment.clone.processes()
        time.sleep(0.2)
    cleans(deployment)


def test_a_killed_terraform_is_told_and_the_next_up_takes_in_what_it_made(clone: Clone, ready: None) -> None:
    deployment = Deployment(clone, "tfkill")

    def kill_terraform(process: subprocess.Popen[str]) -> None:
        record = deployment.folder / "terraform.run.json"
        os.kill(int(json.loads(record.read_text())["pid"]), signal.SIGKILL)

    code, shown = at(deployment, "Creation complete", kill_terraform)
    assert code == 1, shown
    assert "error [" in shown and "Traceback" not in shown
    converges(deployment)
    cleans(deployment)


def test_kills_at_random_moments_end_clean(clone: Clone, ready: None, capsys: pytest.CaptureFixture[str]) -> None:
    seed = int(os.environ.get("RANDOM_SEED") or random.randrange(10**6))
    rounds = int(os.environ.get("RANDOM_KILLS") or 1)
    chance = random.Random(seed)
    rows = [f"seed {seed}"]
    for number in range(rounds):
        deployment = Deployment(clone, f"random{number}")
        after_s, group = chance.uniform(0.3, 40.0), chance.random() < 0.5
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
