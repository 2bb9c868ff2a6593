"""The stages of `up`, by a line that names each, and what ends a command there."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.e2e.conftest import Done
from tests.faults.injection import SETTLED_S, Deployment, Moment, Process, at, ended_by, no_terraform_is_left

KILL, TERM, CTRL_C = signal.SIGKILL, signal.SIGTERM, signal.SIGINT
SIGNALS = (KILL, TERM, CTRL_C)
LAUNCH_LOG = "launch.log"
AFTER_INIT = Moment("ok  terraform init")
IN_APPLY = Moment("Creation complete")
AFTER_APPLY = Moment("ok  terraform apply")
GATEWAY_IS_MADE = Moment("is CREATING")
PACKING = Moment("Creating dependencies.zip", LAUNCH_LOG)
PACKAGING = Moment("Packaging source code", LAUNCH_LOG)
UPLOADING = Moment("Uploading to s3://", LAUNCH_LOG)
RUNTIME_IS_MADE = Moment("Waiting for agent endpoint", LAUNCH_LOG)
IN_SMOKE = Moment("ok  launch")
IN_DESTROY = Moment("Destruction complete")
# In the order of up's stages: each run goes on from where the one before was cut.
STAGES = (
    PACKING,
    AFTER_INIT,
    IN_APPLY,
    AFTER_APPLY,
    GATEWAY_IS_MADE,
    PACKAGING,
    UPLOADING,
    RUNTIME_IS_MADE,
    IN_SMOKE,
)
# What is there when all dependencies are packed, and the lines with which other moments are over.
PACKED = "build/dependencies/*/dependencies.hash"
OVER = {PACKAGING: UPLOADING.line, UPLOADING: "Deployment package uploaded"}
LOST = "what it lost is provisioned anew"
LOCK_REMOVED = "removed the state lock of a Terraform that is gone"


def cut(deployment: Deployment, moment: Moment, number: signal.Signals, *words: str, group: bool) -> Done:
    """End the command at the moment; it says so, if it can, and no Terraform outlives it."""
    end = ended_by(number, group=group)

    def act(process: Process) -> None:
        with held(deployment, moment, process):
            end(process)

    done = at(deployment, moment, act, *words)
    if number is KILL:
        assert done.code == -KILL
    else:
        assert done.code == 128 + number, done.err
        assert done.err.rstrip().splitlines()[-1].startswith("interrupted; nothing is lost")
    no_terraform_is_left(deployment)
    return done


@contextmanager
def held(deployment: Deployment, moment: Moment, process: Process) -> Iterator[None]:
    """What the moment is in cannot come to its end, and is proven not to have: the command ends before."""
    if moment is not PACKING and moment not in OVER:
        yield
        return
    with frozen(deployment.emulator() if moment is UPLOADING else deployment.worker(process)):
        after = (deployment.folder / LAUNCH_LOG).read_text().rpartition(moment.line)[2]
        over = any(deployment.folder.glob(PACKED)) if moment is PACKING else OVER[moment] in after
        assert not over, f"{moment} was over before it was held"
        yield
        process.wait(SETTLED_S)


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # it was ended with its command
            os.kill(pid, signal.SIGCONT)
