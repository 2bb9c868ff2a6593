"""python-terraform's option handling around a process that is ours.

python-terraform turns keyword options into Terraform's flags. Its own process handling is replaced: it always hands
on the whole environment, loses the process on Ctrl-C, and cannot report progress
(docs/decisions/0003-python-terraform.md). The only importer of python-terraform.
"""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from python_terraform import IsFlagged, Terraform

__all__ = ["IsFlagged", "OnLine", "Process"]

OnLine = Callable[[str], None]


class Process(Terraform):  # type: ignore[misc]
    """python-terraform's option handling with a process that we own."""

    def __init__(self, binary: str, source_dir: Path, variables: Mapping[str, str], log_path: Path) -> None:
        super().__init__(working_dir=str(source_dir), terraform_bin_path=binary)
        self._variables = dict(variables)
        self._log_path = log_path

    def read_state_file(self, file_path: str | None = None) -> None:
        """Nothing here reads state: outputs come from `terraform output`."""

    def cmd(self, cmd: str, *args: str, on_line: OnLine | None = None, **options: Any) -> tuple[int, str, str]:
        """Run and return (exit code, stdout, stderr). Terraform gets one interrupt at most, however many we get.

        A second interrupt would make Terraform give up without writing what it made into the state.
        """
        argv = self.generate_cmd_string(cmd, *args, **options)
        with self._log_path.open("a", encoding="utf-8") as log, _Interrupts() as interrupts:
            process = subprocess.Popen(
                argv,
                cwd=self.working_dir,
                env=self._variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            interrupts.hand_on_to(process)
            out: list[str] = []
            err: list[str] = []
            readers = [
                threading.Thread(target=_drain, args=(process.stdout, out, log, on_line), daemon=True),
                threading.Thread(target=_drain, args=(process.stderr, err, log, None), daemon=True),
            ]
            for reader in readers:
                reader.start()
            process.wait()
            for reader in readers:
                reader.join()
        self.temp_var_files.clean_up()
        if interrupts.came:
            raise KeyboardInterrupt
        return process.returncode, "".join(out), "".join(err)


def _drain(stream: IO[str], lines: list[str], log: IO[str], on_line: OnLine | None) -> None:
    with stream:
        for line in stream:
            lines.append(line)
            log.write(line)
            if on_line:
                on_line(line)


class _Interrupts:
    """Takes SIGINT and SIGTERM while Terraform runs and hands on the first alone.

    A handler and not `except KeyboardInterrupt`: an interrupt that arrives in such a block leaves it, and Terraform
    behind. Python takes handlers in the main thread only; elsewhere interrupts do not arrive.
    """

    def __init__(self) -> None:
        self.came = False
        self._process: subprocess.Popen[str] | None = None
        self._sent = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> _Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def hand_on_to(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._hand_on()

    def _take(self, *_: object) -> None:
        self.came = True
        self._hand_on()

    def _hand_on(self) -> None:
        if self.came and self._process and not self._sent:
            self._sent = True
            self._process.send_signal(signal.SIGINT)
