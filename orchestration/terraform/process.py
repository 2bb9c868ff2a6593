"""python-terraform's option handling around a process that is ours.

python-terraform turns keyword options into Terraform's flags. Its own process handling is replaced: it always hands
on the whole environment, loses the process on Ctrl-C, and cannot report progress
(docs/decisions/0003-python-terraform.md). The only importer of python-terraform.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from python_terraform import IsFlagged, Terraform

from orchestration.errors import Interrupted, OrchestrationError, Unfit
from orchestration.processes import CANNOT_START, end_group, leashed
from orchestration.terraform.guard import Guard, Watch
from orchestration.terraform.interrupts import Interrupts
from orchestration.terraform.unfinished import WORD, forget, record, sign

__all__ = ["IsFlagged", "OnLine", "Process", "Watch"]

OnLine = Callable[[str], None]
LOOK_S = 0.05
# Commands that take the state's lock and start a provider.
LOCKING = frozenset({"apply", "destroy", "force-unlock", "import", "plan", "state push", "state rm"})
# More than the slowest apply or destroy on AWS that was heard of.
DEADLINE_S = 3600.0
# After the interrupt: the time to write the state down.
GRACE_S = 20.0


class Process(Terraform):  # type: ignore[misc]
    """python-terraform's option handling with a process that we own."""

    def __init__(
        self,
        binary: str,
        source_dir: Path,
        variables: Mapping[str, str],
        log_path: Path,
        watch: Watch | None = None,
        deadline_s: float = DEADLINE_S,
        grace_s: float = GRACE_S,
    ) -> None:
        """`watch` raises OrchestrationError while what Terraform works against is not there."""
        super().__init__(working_dir=str(source_dir), terraform_bin_path=binary)
        self._variables = dict(variables)
        self._log_path = log_path
        self._watch = watch
        self._deadline_s, self._grace_s = deadline_s, grace_s

    def read_state_file(self, file_path: str | None = None) -> None:
        """Nothing here reads state: outputs come from `terraform output`."""

    def cmd(
        self, cmd: str, *args: str, on_line: OnLine | None = None, private: bool = False, **options: Any
    ) -> tuple[int, str, str]:
        """Run and return (exit code, stdout, stderr). Terraform gets one interrupt at most, however many we get.

        With `private` stdout does not go to the log: plan and state as JSON hold every value in the clear.

        A second interrupt would make Terraform give up without writing what it made into the state. For the same
        reason it writes into files, not pipes: nothing that happens to us or to our own output can break them.
        Raises Unfit when the binary cannot be started.
        """
        argv = self.generate_cmd_string(cmd, *args, **options)
        folder = self._log_path.parent
        with (
            tempfile.TemporaryFile(dir=folder) as out,
            tempfile.TemporaryFile(dir=folder) as err,
            Interrupts() as interrupts,
        ):
            process = self._start(argv, cmd, out, err)
            interrupts.hand_on_to(process)
            watch = self._signing if cmd in LOCKING else self._watch
            amiss = self._follow(process, out, on_line, interrupts, watch)
            answer = process.returncode, _text(out), _text(err)
        if cmd in LOCKING:
            if answer[0] < 0:
                end_group(process.pid, WORD)  # killed by somebody, it could neither end its provider
            else:
                forget(folder)  # nor give its lock back, by which the next one must know it
        self.temp_var_files.clean_up()
        with contextlib.suppress(OSError), self._log_path.open("a", encoding="utf-8") as log:
            log.write(("" if private else answer[1]) + answer[2])
        if cmd in LOCKING and answer[0] == CANNOT_START:
            raise _missing(argv[0], answer[2].strip())
        if amiss is not None:
            raise amiss
        if interrupts.came:
            raise Interrupted(interrupts.number)
        return answer

    def _start(self, argv: list[str], cmd: str, out: IO[bytes], err: IO[bytes]) -> subprocess.Popen[bytes]:
        """In a session of its own, so that Ctrl-C comes by us alone; on a leash, so that it does not outlive us.

        The leash ends by SIGINT: Terraform then writes down what it made and gives the lock back.
        """
        try:
            process = subprocess.Popen(
                leashed(argv, signal.SIGINT) if cmd in LOCKING else argv,
                cwd=self.working_dir,
                env=self._variables,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        except OSError as e:
            raise _missing(argv[0], str(e.strerror)) from None
        if cmd in LOCKING:
            record(self._log_path.parent, process.pid, cmd, time.time())
        return process

    def _signing(self) -> None:
        """What is left of the run must tell until when it lived."""
        sign(self._log_path.parent, time.time())
        if self._watch is not None:
            self._watch()

    def _follow(
        self,
        process: subprocess.Popen[bytes],
        out: IO[bytes],
        on_line: OnLine | None,
        interrupts: Interrupts,
        watch: Watch | None,
    ) -> OrchestrationError | None:
        """Wait for the end, telling each whole line as it appears. A listener that fails is not asked again.

        Returns why Terraform was ended before its time.
        """
        guard = Guard(watch, time.monotonic() + self._deadline_s, self._grace_s)
        position = 0
        while True:
            ended = process.poll() is not None
            whole = _read(out, position).rpartition(b"\n")
            position += len(whole[0]) + len(whole[1])
            for line in whole[0].decode("utf-8", "replace").splitlines() if whole[1] else ():
                if on_line is not None:
                    try:
                        on_line(line)
                    except OSError:
                        on_line = None
            if ended:
                return guard.amiss
            if guard.look(time.monotonic()):
                interrupts.interrupt()
            elif guard.out_of_patience(time.monotonic()):
                process.kill()
            time.sleep(LOOK_S)


def _missing(binary: str, why: str) -> Unfit:
    return Unfit(
        f"{binary} cannot be started: {why}",
        remedy="install Terraform >= 1.11, or set TERRAFORM=<path>",
        code="terraform_missing",
    )


def _read(stream: IO[bytes], position: int) -> bytes:
    """What was written from `position` on; the child's own file offset is shared, so it is not moved by seeking."""
    parts = []
    while part := os.pread(stream.fileno(), 65536, position):
        parts.append(part)
        position += len(part)
    return b"".join(parts)


def _text(stream: IO[bytes]) -> str:
    return _read(stream, 0).decode("utf-8", "replace")
