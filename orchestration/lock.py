"""One command at a time may change a deployment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from orchestration.errors import Unfit


@contextmanager
def exclusive(state_dir: Path) -> Iterator[None]:
    """Hold the deployment's lock. Raises Unfit naming the process that holds it.

    The operating system frees the lock when its holder ends, however it ends.
    """
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    holder = state_dir / "lock.pid"
    lock = FileLock(state_dir / "lock", mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        pid = holder.read_text().strip() if holder.exists() else "unknown"
        raise Unfit(
            f"another command is changing {state_dir.name} (pid {pid})",
            remedy=f"wait for it, or end it with `kill -INT {pid}`",
            code="deployment_locked",
        ) from None
    ours = (state_dir / "lock").stat().st_ino
    try:
        holder.write_text(str(os.getpid()))
        yield
    finally:
        if _inode(state_dir / "lock") == ours:
            holder.unlink(missing_ok=True)
            _forget_if_nothing_was_made(state_dir)
        lock.release()


@contextmanager
def turn(path: Path, timeout_s: float = 60.0) -> Iterator[None]:
    """Wait until nobody else is between these lines. Raises Unfit when that takes too long."""
    lock = FileLock(path, mode=0o600)
    try:
        lock.acquire(timeout=timeout_s)
    except Timeout:
        raise Unfit(
            f"another command has held {path} for {timeout_s:.0f} s", remedy="end that command", code="locked"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _inode(path: Path) -> int | None:
    """None where the file is gone: a teardown removes the folder, and the next command may have made another."""
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _forget_if_nothing_was_made(state_dir: Path) -> None:
    """A command that was refused at once leaves no folder behind."""
    if [path.name for path in state_dir.iterdir()] == ["lock"]:
        (state_dir / "lock").unlink()
        state_dir.rmdir()
        if not any(state_dir.parent.iterdir()):
            state_dir.parent.rmdir()
