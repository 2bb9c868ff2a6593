"""Mends what is safe to mend: nothing that a deployment is made of, nothing that somebody else holds."""

from __future__ import annotations

import stat
from contextlib import suppress

from orchestration.doctor.traces import exposed_in, stale, strays
from orchestration.steps import Steps


def repair(steps: Steps) -> list[str]:
    """What was mended, a line each. Raises Unfit while another command is at work.

    To hold the lock is half of it: that ends what a killed Terraform left behind.
    """
    chosen = steps.deployment
    if not chosen.state_dir.exists():
        return []
    with steps.alone():
        return [*_modes(steps), *_processes(steps)]


def _modes(steps: Steps) -> list[str]:
    done = []
    for path in exposed_in(steps.deployment):
        with suppress(FileNotFoundError):  # as files of running processes come and go
            mode = stat.S_IMODE(path.lstat().st_mode)
            path.chmod(mode & ~0o077)
            done.append(f"{path.relative_to(steps.deployment.root)}: mode {mode:o} is now {mode & ~0o077:o}")
    return done


def _processes(steps: Steps) -> list[str]:
    cloud, done = steps.cloud, []
    if cloud is None:
        return []
    for place, process in strays(steps.deployment, cloud):
        process.terminate()
        done.append(f"pid {process.pid}, a daemon of {place.parent.name} that nothing remembers: told to end")
    for daemon, pid in stale(cloud):
        daemon.stop()  # nothing runs: the file alone goes
        done.append(f"{daemon.name}.pid named pid {pid}, which has ended: removed")
    return done
