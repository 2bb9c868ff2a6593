"""One interrupt for Terraform, however many we get: a second one would make it give up without writing its state."""

from __future__ import annotations

import signal
import subprocess
import threading
from typing import Any

from orchestration.processes import heeded


class Interrupts:
    """Takes SIGINT, SIGTERM and SIGHUP while Terraform runs and hands on the first alone.

    A handler and not `except KeyboardInterrupt`: an interrupt that arrives in such a block leaves it, and Terraform
    behind. Python takes handlers in the main thread only; elsewhere interrupts do not arrive.
    """

    def __init__(self) -> None:
        self.came = False
        self.number = int(signal.SIGINT)
        self._wanted = False
        self._process: subprocess.Popen[bytes] | None = None
        self._sent = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in heeded(signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def hand_on_to(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._hand_on()

    def interrupt(self) -> None:
        """The one interrupt, of our own accord."""
        self._wanted = True
        self._hand_on()

    def _take(self, number: int, *_: object) -> None:
        self.came = self._wanted = True
        self.number = number
        self._hand_on()

    def _hand_on(self) -> None:
        if self._wanted and self._process and not self._sent:
            self._sent = True
            self._process.send_signal(signal.SIGINT)
