"""What earlier commands left in .state/ and among the processes of this machine."""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from orchestration.doctor.findings import Finding, fine, not_asked, said, warning
from orchestration.embedded.cloud import LocalCloud
from orchestration.embedded.daemon import Daemon, in_folders, is_free, owner_of
from orchestration.errors import Unfit, no_access
from orchestration.ledger import Ledger
from orchestration.lock import holding
from orchestration.machine import exposed
from orchestration.runtime.lifecycle import FAILED
from orchestration.settings import Deployment, Settings
from orchestration.steps import Steps
from orchestration.terraform import left_behind
from orchestration.tokens.store import TokenStore

SHOWN = 3
# Where the toolkit puts the package together (launch.Launcher).
BUILD = "build"


class Stray(Protocol):
    """A process, as psutil has it."""

    @property
    def pid(self) -> int: ...
    def parent(self) -> Any: ...
    def terminate(self) -> None: ...


def exposed_in(deployment: Deployment) -> list[Path]:
    """Without what the toolkit packs: it is unpacked with its own modes, is public, and is out of reach anyway."""
    base = deployment.state_dir.parent
    return [path for path in exposed(base) if path.relative_to(base).parts[1:2] != (BUILD,)]


def writing(deployment: Deployment, may: Callable[[Path, int], bool] = os.access) -> Iterator[Finding]:
    """Raises Unfit as every command that changes something does."""
    places = [deployment.root, deployment.state_dir.parent, deployment.state_dir]
    there = [path for path in places if path.exists()]
    # A file is replaced, not rewritten, so that its folder decides.
    for path in there[1:] or there:
        if not may(path, os.R_OK | os.W_OK | os.X_OK):
            raise no_access(path, os.strerror(_why_not(path)))
    if there[1:]:
        for path in (deployment.ledger_path, deployment.state_dir / "terraform.tfstate"):
            if path.exists() and not may(path, os.R_OK):
                raise no_access(path, os.strerror(errno.EACCES))
    yield fine(f"{there[-1].name} may be written")


def _why_not(path: Path) -> int:
    return errno.EROFS if os.statvfs(path).f_flag & os.ST_RDONLY else errno.EACCES


def modes(deployment: Deployment) -> Iterator[Finding]:
    """Keys, passwords and Terraform's state are in there."""
    base = deployment.state_dir.parent
    if not base.is_dir():
        yield not_asked("there is no .state yet")
        return
    if open_to_others := exposed_in(deployment):
        names = ", ".join(str(path.relative_to(base.parent)) for path in open_to_others[:SHOWN])
        more = f" and {len(open_to_others) - SHOWN} more" if len(open_to_others) > SHOWN else ""
        yield said(
            Unfit(
                f"others than the owner may look into {names}{more}",
                remedy=f"chmod -R go= {shlex.quote(str(base))}",
                code="state_exposed",
            )
        )
    else:
        yield fine(f"{base.name} is the owner's alone")


def tokens(store: TokenStore) -> Iterator[Finding]:
    """Raises Unfit as every command that needs a token does."""
    held = len(store.load().held)
    yield fine(f"{held} tokens kept")


def lock(deployment: Deployment) -> Iterator[Finding]:
    """Who changes the deployment now; others are refused until that ends."""
    held = holding(deployment.state_dir)
    yield said(held) if held else fine("nobody changes the deployment")


def left_by_terraform(deployment: Deployment) -> Iterator[Finding]:
    """The next command that changes something ends or removes it."""
    if holding(deployment.state_dir):
        yield not_asked("a command is at work")
    elif (left := left_behind(deployment.state_dir)) is not None:
        yield warning("terraform_left", left, deployment.command("make up"))
    else:
        yield fine("Terraform left nothing behind")


def runtime(steps: Steps, settings: Settings) -> Iterator[Finding]:
    """Which version answers callers: one that failed leaves the one before in its place."""
    record = steps.load_or_new().runtime
    control = steps.tools.control(settings.endpoints)
    found = control.get(record.id) if record else None
    if found is None:
        yield said(steps.not_launched(settings))
        return
    serving = control.serving(found.id)
    if found.status in FAILED:
        yield warning(
            "runtime_failed",
            f"{found.id} version {found.version} is {found.status}, version {serving or 'none'} answers: "
            f"{found.failure_reason or 'no reason given'}",
            f"{steps.deployment.command('invoke logs --since 10m')}, then {steps.deployment.command('make up')}",
        )
    else:
        yield fine(f"{found.id} version {found.version} is {found.status}, version {serving or 'none'} answers")


def ports(cloud: LocalCloud, ledger: Ledger) -> Iterator[Finding]:
    """Raises BadInput, Unfit for wished ports that cannot be had; tells of remembered ones that somebody took."""
    cloud.check_ports(ledger.ports)
    if ledger.ports is None:
        yield not_asked("no port is remembered: free ones will be chosen")
        return
    remembered = ledger.ports
    down = not any(status.running for status in cloud.status(remembered, asked=False))
    taken = [
        number
        for number in (remembered.aws, remembered.control_plane, remembered.data_plane)
        if down and not is_free(number)
    ]
    for number in taken:
        yield warning(
            "port_moved",
            f"port {number} of the local cloud is now held by {owner_of(number)}: the next start takes another one",
            "end that program to keep the endpoints, or go on with `make up`",
        )
    if not taken:
        yield fine("ports of the local cloud are its own")


def strays(deployment: Deployment, cloud: LocalCloud) -> list[tuple[Path, Stray]]:
    """(folder, process) of daemons that no pid file names: of this deployment, or of one whose folder is gone."""
    daemons = (cloud.emulator, cloud.runtime)
    known = {process.pid for process in (daemon.process() for daemon in daemons) if process is not None}
    base = deployment.state_dir.parent
    here = deployment.state_dir / "cloud"
    return [
        (place, process)
        for place, process in in_folders(
            lambda place: place == here or (place.parent.parent == base and not place.exists()),
            [daemon.name for daemon in daemons],
        )
        if process.pid not in known and process.parent() is not None
    ]


def stale(cloud: LocalCloud) -> list[tuple[Daemon, int]]:
    """(daemon, pid) of pid files whose process has ended."""
    daemons = (cloud.emulator, cloud.runtime)
    recorded = [(daemon, daemon.recorded()) for daemon in daemons if daemon.process() is None]
    return [(daemon, found[0]) for daemon, found in recorded if found is not None]


def processes(deployment: Deployment, cloud: LocalCloud, ledger: Ledger | None) -> Iterator[Finding]:
    """Daemons of ours that no pid file names, and pid files of daemons that have ended.

    Raises Unfit where one that should run does not, as every command that needs it.
    """
    found = strays(deployment, cloud)
    for place, process in found:
        name = place.parent.name.removeprefix("local-")
        yield warning(
            "stray_process",
            f"pid {process.pid} is a daemon of {place.parent.name} that nothing remembers",
            "make down" if name == "dev" else f"make down ENVIRONMENT={name}",
        )
    if ledger is None or ledger.ports is None:
        for daemon, pid in stale(cloud):
            yield warning(
                "stale_pid", f"{daemon.name}.pid names pid {pid}, which has ended", deployment.command("make up")
            )
    if not found:
        yield fine("no stray daemon")
    if ledger is not None and ledger.ports is not None:
        cloud.require_running(ledger.ports, asked=False)
