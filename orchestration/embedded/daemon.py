"""One background process: started detached, recorded in a pid file, recognised again later."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from orchestration.clock import Clock
from orchestration.errors import Unfit

LOOPBACK = "127.0.0.1"
STOP_TIMEOUT_S = 15.0
START_TIMEOUT_S = 30.0
LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class Daemon:
    """A process by name. Its pid file and log live in `folder`, mode 0600."""

    name: str
    folder: Path

    @property
    def log_path(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def _record(self) -> Path:
        return self.folder / f"{self.name}.pid"

    def recorded(self) -> tuple[int, float] | None:
        """(pid, Unix time at which it started) of the last start, or None."""
        try:
            record = json.loads(self._record.read_text())
            return int(record["pid"]), float(record["created"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def recorded_version(self) -> str:
        """What it was started from, as `start` was told; "" where that is not known."""
        return self._noted("version")

    def _noted(self, name: str) -> str:
        try:
            return str(json.loads(self._record.read_text())[name])
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def process(self) -> psutil.Process | None:
        """The running process. A pid that the machine gave to another program since is not ours.

        Nor is one that works elsewhere: in a copy of the folder the record is of the original's.
        """
        if (recorded := self.recorded()) is None:
            return None
        pid, created = recorded
        try:
            process = psutil.Process(pid)
            if abs(process.create_time() - created) > 1.0 or process.status() == psutil.STATUS_ZOMBIE:
                return None
            place = Path(process.cwd().removesuffix(" (deleted)"))
        except psutil.Error:
            return None
        return process if place == Path(os.path.realpath(self.folder)) else None

    def moved(self) -> bool:
        """True if its folder was elsewhere when it was started: its program, and what it opens by name, are there."""
        started_in = self._noted("folder")
        return started_in != "" and os.path.realpath(started_in) != os.path.realpath(self.folder)

    def start(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        ports: Sequence[int],
        healthy: Callable[[], bool],
        clock: Clock,
        version: str = "",
    ) -> None:
        """Start and wait until it holds its ports itself and is healthy: another program may answer on a port.

        Raises Unfit with the last line of the log when it ends or takes too long.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            try:
                child = subprocess.Popen(
                    list(argv),
                    cwd=self.folder,
                    env=dict(env),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            except OSError as e:
                raise Unfit(
                    f"{self.name} cannot be started: {argv[0]}: {e.strerror}", remedy="make setup", code="daemon_failed"
                ) from None
        try:
            self._note(child.pid, version)
        except BaseException:
            child.kill()  # interrupted before it is recorded, nobody would know it again
            child.wait()
            raise
        deadline = clock.monotonic() + START_TIMEOUT_S
        while child.poll() is None and not (holds(child.pid, ports) and healthy()):
            if clock.monotonic() > deadline:
                self.stop()
                raise self._unfit(f"{self.name} is not healthy after {START_TIMEOUT_S:.0f} s")
            clock.sleep(0.05)
        if child.poll() is not None:
            self._record.unlink(missing_ok=True)
            raise self._unfit(f"{self.name} ended at once with exit code {child.returncode}")

    def _note(self, pid: int, version: str) -> None:
        try:
            created = psutil.Process(pid).create_time()
        except psutil.NoSuchProcess:
            created = 0.0
        record = {"pid": pid, "created": created, "version": version, "folder": str(self.folder)}
        self._record.write_text(json.dumps(record) + "\n")

    def stop(self) -> bool:
        """SIGTERM, then SIGKILL after a while; True if something was running.

        SIGKILL at once for one that was moved with its folder: it would save its secrets to where that was.
        Raises Unfit for one that outlives that; its record stays.
        """
        process = self.process()
        if process is not None:
            try:
                process.kill() if self.moved() else process.terminate()
                process.resume()  # one that is stopped cannot end, or save what it holds, by itself
            except psutil.NoSuchProcess:
                pass
            ensure_end(process)
        self._record.unlink(missing_ok=True)
        return process is not None

    def _unfit(self, message: str) -> Unfit:
        lines = self.log_path.read_text(errors="replace").strip().splitlines()
        return Unfit(
            f"{message}: {lines[-1][:300] if lines else 'no output'}",
            remedy=f"see {self.log_path}",
            code="daemon_failed",
        )


def holds(pid: int, ports: Sequence[int]) -> bool:
    """True if that very process listens on all the loopback ports."""
    try:
        listening = {
            c.laddr.port
            for c in psutil.Process(pid).net_connections(kind="tcp")
            if c.status == psutil.CONN_LISTEN and c.laddr
        }
    except psutil.Error:
        return False
    return listening.issuperset(ports)


def ensure_end(process: psutil.Process) -> None:
    """SIGKILL for one that does not end by itself after SIGTERM. Raises Unfit where that is of no use either."""
    if _ends(process):
        return
    with suppress(psutil.NoSuchProcess):
        process.kill()
    if not _ends(process):
        raise Unfit(
            f"process {process.pid} does not end",
            remedy=f"ps -o pid,stat,wchan,args -p {process.pid}  # what it waits for; then the same command again",
            code="process_stays",
        )


def _ends(process: psutil.Process) -> bool:
    """Wait until it has ended; False if it does not. Whoever has to reap it may take seconds: it holds nothing then."""
    with suppress(psutil.NoSuchProcess):
        for _ in range(int(STOP_TIMEOUT_S / LOOK_S)):
            ended = process.status() == psutil.STATUS_ZOMBIE
            with suppress(psutil.TimeoutExpired):
                process.wait(0 if ended else LOOK_S)
                return True
            if ended:
                return True
        return False
    return True


def end_strays(folder: Path, names: Sequence[str]) -> bool:
    """End daemons of those names that work in a folder, also when it is gone; True if there were any.

    For daemons without a pid file: the folder was deleted, or we were interrupted before the file was written.
    Raises Unfit for one that does not end.
    """
    found = []
    for _, process in in_folders(lambda place: place == folder, names):
        try:
            process.terminate()
            found.append(process)
        except psutil.NoSuchProcess:
            continue
    for process in found:
        ensure_end(process)
    return bool(found)


def in_folders(wanted: Callable[[Path], bool], names: Sequence[str]) -> Iterator[tuple[Path, psutil.Process]]:
    """(folder, process) of every daemon of those names that works in a wanted folder, also when that is gone."""
    for process in psutil.process_iter(["cmdline"]):
        try:
            place = Path(process.cwd().removesuffix(" (deleted)"))
            if wanted(place) and any(name in word for word in process.cmdline() for name in names):
                yield place, process
        except (psutil.Error, OSError):
            continue


def running_for(now: float) -> float:
    """Seconds since this very process was started, its interpreter's start included. `now`: Unix time."""
    return max(0.0, now - psutil.Process().create_time())


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as s:
        s.bind((LOOPBACK, 0))
        return int(s.getsockname()[1])


def is_free(port: int) -> bool:
    """True if nothing listens on the loopback port."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def owner_of(port: int) -> str:
    """ "name (pid N)" of the process that listens on a port, or "another program"."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if (
                connection.status == psutil.CONN_LISTEN
                and connection.laddr
                and connection.laddr.port == port
                and connection.pid
            ):
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except (psutil.Error, OSError):
        pass
    return "another program"


def base_environment(env: Mapping[str, str]) -> dict[str, str]:
    """What any local daemon may see of the user's environment: no credentials, no AWS settings."""
    return {name: env[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR") if name in env} | {
        "PYTHONUNBUFFERED": "1",
        "PATH": env.get("PATH", os.defpath),
    }
