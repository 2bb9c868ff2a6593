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
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from python_terraform import IsFlagged, Terraform

from orchestration.errors import Unfit

__all__ = ["IsFlagged", "OnLine", "Process"]

OnLine = Callable[[str], None]
LOOK_S = 0.05


class Process(Terraform):  # type: ignore[misc]
    """python-terraform's option handling with a process that we own."""

    def __init__(self, binary: str, source_dir: Path, variables: Mapping[str, str], log_path: Path) -> None:
        super().__init__(working_dir=str(source_dir), terraform_bin_path=binary)
        self._variables = dict(variables)
        self._log_path = log_path

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
        with (
            tempfile.TemporaryFile(dir=self._log_path.parent) as out,
            tempfile.TemporaryFile(dir=self._log_path.parent) as err,
            _Interrupts() as interrupts,
        ):
            try:
                process = subprocess.Popen(
                    argv,
                    cwd=self.working_dir,
                    env=self._variables,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    start_new_session=True,
                )
            except OSError as e:
                raise Unfit(
                    f"{argv[0]} cannot be started: {e.strerror}",
                    remedy="install Terraform >= 1.11, or set TERRAFORM=<path>",
                    code="terraform_missing",
                ) from None
            interrupts.hand_on_to(process)
            _follow(process, out, on_line)
            answer = process.returncode, _text(out), _text(err)
        self.temp_var_files.clean_up()
        with contextlib.suppress(OSError), self._log_path.open("a", encoding="utf-8") as log:
            log.write(("" if private else answer[1]) + answer[2])
        if interrupts.came:
            raise KeyboardInterrupt
        return answer


def _follow(process: subprocess.Popen[bytes], out: IO[bytes], on_line: OnLine | None) -> None:
    """Wait for the end, telling each whole line as it appears. A listener that fails is not asked again."""
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
            return
        time.sleep(LOOK_S)


def _read(stream: IO[bytes], position: int) -> bytes:
    """What was written from `position` on; the child's own file offset is shared, so it is not moved by seeking."""
    parts = []
    while part := os.pread(stream.fileno(), 65536, position):
        parts.append(part)
        position += len(part)
    return b"".join(parts)


def _text(stream: IO[bytes]) -> str:
    return _read(stream, 0).decode("utf-8", "replace")


class _Interrupts:
    """Takes SIGINT, SIGTERM and SIGHUP while Terraform runs and hands on the first alone.

    A handler and not `except KeyboardInterrupt`: an interrupt that arrives in such a block leaves it, and Terraform
    behind. Python takes handlers in the main thread only; elsewhere interrupts do not arrive.
    """

    def __init__(self) -> None:
        self.came = False
        self._process: subprocess.Popen[bytes] | None = None
        self._sent = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> _Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def hand_on_to(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._hand_on()

    def _take(self, *_: object) -> None:
        self.came = True
        self._hand_on()

    def _hand_on(self) -> None:
        if self.came and self._process and not self._sent:
            self._sent = True
            self._process.send_signal(signal.SIGINT)
