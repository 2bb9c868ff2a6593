"""Runs command lines one after another in this process, as `invoke` would, and says what each did.

Run inside a clone, with rows as JSON on stdin: [{"argv", "env", "files": {path: base64}}]. A start of Python for
each would cost half a second. `files` are there for the one row alone.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

# What a command may write although it changed nothing.
SPOKEN = (".log", ".jsonl", "lock")
LARGE = 300_000
# What runs changes its own files when it likes.
DAEMONS = ("ministack", "agentcore_local")


@contextmanager
def seeded(files: Mapping[str, str]) -> Iterator[None]:
    before = {Path(name): Path(name).read_bytes() if Path(name).is_file() else None for name in files}
    try:
        for name, content in files.items():
            Path(name).parent.mkdir(exist_ok=True)
            Path(name).write_bytes(base64.b64decode(content))
        yield
    finally:
        for path, old in before.items():
            path.unlink(missing_ok=True) if old is None else path.write_bytes(old)


@contextmanager
def environment(more: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def stamps(folder: Path) -> dict[str, tuple[int, object]]:
    """Size and content of every file; of a large one the time of its last change stands for the content."""
    found: dict[str, tuple[int, object]] = {}
    for base, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in DAEMONS]
        for name in names:
            if not name.endswith(SPOKEN):
                path = Path(base, name)
                status = path.lstat()
                small = path.is_file() and status.st_size < LARGE
                found[str(path)] = (status.st_size, hash(path.read_bytes()) if small else status.st_mtime_ns)
    return found


def run(argv: list[str]) -> int | str:
    """The exit code; a text is a traceback."""
    from invoke import Program

    from tasks import namespace

    try:
        Program(namespace=namespace).run(["invoke", *argv])
    except SystemExit as e:
        return 0 if e.code is None else e.code
    except BaseException:
        return traceback.format_exc()
    return 0


def row(argv: list[str], env: Mapping[str, str], files: Mapping[str, str]) -> dict[str, Any]:
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as out,
        tempfile.TemporaryFile("w+", encoding="utf-8") as err,
        seeded(files),
        environment(env),
    ):
        before = stamps(Path(".state"))
        with redirect_stdout(out), redirect_stderr(err):
            code = run(argv)
        after = stamps(Path(".state"))
        said = []
        for stream in (out, err):
            stream.seek(0)
            said.append(stream.read())
        changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        return {"code": code, "out": said[0], "err": said[1], "changed": changed}


def main() -> None:
    sys.path.insert(0, os.getcwd())
    os.umask(0o077)
    json.dump([row(**asked) for asked in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
