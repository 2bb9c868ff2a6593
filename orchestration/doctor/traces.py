"""What earlier commands left in .state/ and among the processes of this machine."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from orchestration.doctor.findings import Finding, Severity, fine, not_asked, said, warning
from orchestration.embedded.cloud import LocalCloud
from orchestration.embedded.daemon import in_folders, is_free, owner_of
from orchestration.errors import Unfit
from orchestration.ledger import Ledger
from orchestration.lock import holding
from orchestration.machine import exposed
from orchestration.settings import Deployment
from orchestration.terraform import left_behind
from orchestration.tokens.store import TokenStore

SHOWN = 3


def modes(deployment: Deployment) -> Iterator[Finding]:
    """Keys, passwords and Terraform's state are in there."""
    base = deployment.state_dir.parent
    if not base.is_dir():
        yield not_asked("there is no .state yet")
        return
    if open_to_others := list(exposed(base)):
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
    yield fine(f"{held} sign-ins kept")


def lock(deployment: Deployment) -> Iterator[Finding]:
    """Who changes the deployment now; others are refused until that ends."""
    held = holding(deployment.state_dir)
    yield said(held, Severity.WARNS) if held else fine("nobody changes the deployment")


def left_by_terraform(deployment: Deployment) -> Iterator[Finding]:
    """The next command that changes something ends or removes it."""
    if holding(deployment.state_dir):
        yield not_asked("a command is at work")
    elif (left := left_behind(deployment.state_dir)) is not None:
        yield warning("terraform_left", left, deployment.command("make up"))
    else:
        yield fine("Terraform left nothing behind")


def ports(cloud: LocalCloud, ledger: Ledger) -> Iterator[Finding]:
    """Raises BadInput, Unfit for wished ports that cannot be had; tells of remembered ones that somebody took."""
    cloud.check_ports(ledger.ports)
    if ledger.ports is None:
        yield not_asked("no port is remembered: free ones will be chosen")
        return
    remembered = ledger.ports
    down = not any(status.running for status in cloud.status(remembered))
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


def processes(deployment: Deployment, cloud: LocalCloud, ledger: Ledger | None) -> Iterator[Finding]:
    """Daemons of ours that no pid file names, and pid files of daemons that have ended."""
    daemons = (cloud.emulator, cloud.runtime)
    known = {process.pid for process in (daemon.process() for daemon in daemons) if process is not None}
    base = deployment.state_dir.parent
    here = deployment.state_dir / "cloud"
    strays = [
        (place, process)
        for place, process in in_folders(
            lambda place: place == here or (place.parent.parent == base and not place.exists()),
            [daemon.name for daemon in daemons],
        )
        if process.pid not in known and process.parent() is not None
    ]
    for place, process in strays:
        name = place.parent.name.removeprefix("local-")
        yield warning(
            "stray_process",
            f"pid {process.pid} is a daemon of {place.parent.name} that nothing remembers",
            "make down" if name == "dev" else f"make down ENVIRONMENT={name}",
        )
    if ledger is None or ledger.ports is None:
        for daemon in daemons:
            if (recorded := daemon.recorded()) is not None and daemon.process() is None:
                yield warning(
                    "stale_pid",
                    f"{daemon.name}.pid names pid {recorded[0]}, which has ended",
                    deployment.command("make up"),
                )
    if not strays:
        yield fine("no stray daemon")
