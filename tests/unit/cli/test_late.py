from __future__ import annotations

import gc
from pathlib import Path

import pytest

from cli.late import Late


def test_garbage_is_looked_for_again_after_loading_and_not_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loaded_late.py").write_text("import gc\nwhile_loading = gc.isenabled()\n")
    monkeypatch.syspath_prepend(tmp_path)
    try:
        assert Late("loaded_late").while_loading is False
        assert gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()
