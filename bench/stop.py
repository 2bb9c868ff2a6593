"""Ctrl-C, SIGTERM and a closed terminal end the benchmark once, with what it has started."""

from __future__ import annotations

import signal
import sys

from orchestration.processes import heeded


class Stop:
    """`code` is that of the end which was asked for, 0 where none was."""

    def __init__(self) -> None:
        self.code = 0

    def heed(self) -> None:
        for number in heeded(signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.take)

    def take(self, number: int, _: object = None) -> None:
        """Raises SystemExit the first time; a further signal must not cut short what follows from that."""
        if not self.code:
            self.code = 128 + number
            print(f"bench: {signal.Signals(number).name}: ending what was started ...", file=sys.stderr, flush=True)
            sys.exit(self.code)
