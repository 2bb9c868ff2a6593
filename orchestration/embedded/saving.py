"""Whether the emulator has written down what was made in it: asked to, and noticed when it ended before."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from orchestration.embedded.daemon import Daemon
from orchestration.errors import Unfit
from orchestration.http import posted

SAVE_PATH = "/_ministack/save"
SAVE_TIMEOUT_S = 30.0
# A service that a thread of its own writes to meanwhile can refuse once.
TRIES = 3


@dataclass(frozen=True, slots=True)
class Saving:
    """`folder` is the emulator's. The mark in it says that a process holds what no file holds yet."""

    daemon: Daemon
    folder: Path

    @property
    def _mark(self) -> Path:
        return self.folder / "unsaved.json"

    def expect_changes(self) -> None:
        """To be said before something is made. What was lost before stays lost until the next save."""
        if not self._mark.exists():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._mark.write_text(json.dumps(self.daemon.recorded()) + "\n", encoding="utf-8")

    def save(self, base_url: str) -> None:
        """Raises Unfit when it does not, with the services that could not be written."""
        for _ in range(TRIES):
            status, text = posted(f"{base_url}{SAVE_PATH}", SAVE_TIMEOUT_S)
            if status == 200:
                self._mark.unlink(missing_ok=True)
                return
            if status == 0:
                break  # nobody is there, or it hangs
        raise Unfit(
            f"{self.daemon.name} could not write its state: {text[:200] or 'no answer'}",
            remedy=f"look for room on the disk and at {self.daemon.log_path}, then the same command again",
            code="not_saved",
        )

    def lost(self) -> bool:
        """True if another process than the one that runs now held what was not saved."""
        try:
            pid, created = json.loads(self._mark.read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError):
            return False
        return self.daemon.recorded() != (pid, created)

    def is_empty(self) -> bool:
        """True if nothing was ever saved, or all of it was deleted."""
        return not any((self.folder / "state").glob("*.json"))
