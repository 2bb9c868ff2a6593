"""The local cloud dies, hangs or has no room: it is named at once, nothing hangs, and `up` goes on."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.acts import one_error
from tests.e2e.conftest import Clone, Done
from tests.faults.injection import Deployment, at, cleans, converges

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]


LOST = "what it lost is provisioned anew"


def to_emulator(deployment: Deployment, number: signal.Signals) -> Callable[[subprocess.Popen[str]], None]:
    return lambda process: os.kill(deployment.emulator(), number)


GONE = [
    ("Creation complete", signal.SIGKILL, "it is not running"),
    ("Creation complete", signal.SIGSTOP, "does not answer"),
    ("ok  launch", signal.SIGKILL, "it is not running"),
]


def test_an_emulator_that_is_gone_is_named_and_up_finds_what_was_saved_and_tells_what_was_lost(
    clone: Clone, ready: None
) -> None:
    deployment = Deployment(clone, "gone")
    for moment, number, reason in GONE:
        code, shown = at(deployment, moment, to_emulator(deployment, number))
        assert code == 5, shown
        assert one_error(Done(code, "", shown)).startswith("error [local_cloud_down]: ministack is down")
        assert reason in shown
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


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of its own for every state of the clone. Another environment's folder keeps it from removal."""
    folder.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=700m,mode=0700", "tmpfs", str(folder)], check=True)
    try:
        (folder / "local-other").mkdir()
        yield folder / "local-other" / "filler"
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


def fill(filler: Path) -> None:
    with filler.open("wb") as file:
        try:
            while True:
                file.write(bytes(2**20))
                file.flush()
        except OSError:
            pass


def test_a_full_disk_is_one_line_and_up_goes_on_when_there_is_room(clone: Clone, ready: None) -> None:
    if os.geteuid() != 0:
        return  # only root mounts a small disk
    deployment = Deployment(clone, "full")
    with small_disk(clone.path / ".state") as filler:
        fill(filler)
        assert "[disk_full]" in one_error(deployment.invoke("up"))
        filler.unlink()
        code, shown = at(deployment, "Creation complete", lambda process: fill(filler))
        assert code == 5, shown
        assert "[disk_full]" in one_error(Done(code, "", shown))
        filler.unlink()
        converges(deployment)
        cleans(deployment)
