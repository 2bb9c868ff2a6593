"""The stages of `up`, by a line that names each, and what ends a command there."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.conftest import Done
from tests.faults.injection import Deployment, Moment, Process, at, ended_by, no_terraform_is_left

KILL, TERM, CTRL_C = signal.SIGKILL, signal.SIGTERM, signal.SIGINT
SIGNALS = (KILL, TERM, CTRL_C)
LAUNCH_LOG = "launch.log"
AFTER_INIT = Moment("ok  terraform init")
IN_APPLY = Moment("Creation complete")
AFTER_APPLY = Moment("ok  terraform apply")
GATEWAY_IS_MADE = Moment("is CREATING")
PACKAGING = Moment("Creating dependencies.zip", LAUNCH_LOG)
UPLOADING = Moment("Uploading to s3://", LAUNCH_LOG)
RUNTIME_IS_MADE = Moment("Waiting for agent endpoint", LAUNCH_LOG)
IN_SMOKE = Moment("ok  launch")
IN_DESTROY = Moment("Destruction complete")
# In the order of up's stages: each run goes on from where the one before was cut.
STAGES = (
    AFTER_INIT,
    IN_APPLY,
    AFTER_APPLY,
    GATEWAY_IS_MADE,
    PACKAGING,
    UPLOADING,
    RUNTIME_IS_MADE,
    IN_SMOKE,
)
LOST = "what it lost is provisioned anew"
LOCK_REMOVED = "removed the state lock of a Terraform that is gone"


def cut(deployment: Deployment, moment: Moment, number: signal.Signals, *words: str, group: bool) -> Done:
    """End the command at the moment; it says so, if it can, and no Terraform outlives it."""
    end = ended_by(number, group=group)

    def act(process: Process) -> None:
        if moment is not UPLOADING:
            end(process)
            return
        with frozen(deployment.emulator()):  # the upload is begun, and cannot come to its end
            end(process)
            process.wait(60)

    done = at(deployment, moment, act, *words)
    if number is KILL:
        assert done.code == -KILL
    else:
        assert done.code == 128 + number, done.err
        assert done.err.rstrip().splitlines()[-1].startswith("interrupted; nothing is lost")
    no_terraform_is_left(deployment)
    return done


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
