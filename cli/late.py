"""`orchestration.wiring`, loaded when the first of its names is used: the list of tasks and their help need none."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any


class Late:
    """Stands for a module. What keeps it from being loaded ends the command."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        gc.disable()  # what is loaded stays: looking through it again and again takes a quarter of a command's start
        try:
            module = import_module(self._name)
        except KeyboardInterrupt:
            sys.exit(130)
        except ModuleNotFoundError as missing:
            sys.exit(f"error: {missing.name} is not installed here\nremedy: make setup, then .venv/bin/invoke --list")
        gc.freeze()
        gc.enable()
        return getattr(module, name)


if TYPE_CHECKING:
    from orchestration import wiring
else:
    wiring = Late("orchestration.wiring")
