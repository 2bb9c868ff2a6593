"""The emulator behind a doorkeeper, its functions within walls, with two paths more.

Run as a module, configured by the emulator's own variables (ministack: main):

    python -m orchestration.embedded.ministack_server

POST /_ministack/save writes its state at once: 200, or 507 with the names of the services whose state could not be
written. It runs between two requests, on the loop that serves them. GET /_ministack/changes answers with
changes.Changes. The only importer of ministack.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import secrets
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.embedded.changes import CHANGES_PATH, MAX_FORM, Asked, Changes, may_change
from orchestration.embedded.doorkeeper import refusal
from orchestration.embedded.functions import Fenced

SAVE_PATH = "/_ministack/save"
KEEP_ALIVE_S = 75


App = Callable[[Mapping[str, Any], Any, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Served:
    """ASGI: the emulator's own app behind what is ours."""

    emulator: App
    changes: Changes

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.emulator(scope, receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError("only HTTP is served")
        if why := refusal(scope["method"], scope["path"], scope["query_string"], scope["headers"]):
            await _answer(send, 403, {"__type": "AccessDeniedException", "message": why})
        elif (scope["method"], scope["path"]) == ("POST", SAVE_PATH):
            unsaved = save()
            await _answer(send, 507 if unsaved else 200, {"unsaved": unsaved})
        elif (scope["method"], scope["path"]) == ("GET", CHANGES_PATH):
            await _answer(send, 200, self.changes.document())
        else:
            await self._counted(scope, receive, send)

    async def _counted(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        """Counts at both ends: whoever reads the count meanwhile must not take what is under way for done."""
        asked, form = Asked.of(scope), b""
        if asked.is_form:
            form, receive = await _peeked(receive)
        if not may_change(asked, form):
            await self.emulator(scope, receive, send)
            return
        self.changes.note(asked.run)
        try:
            await self.emulator(scope, receive, send)
        finally:
            self.changes.note(asked.run)


async def _peeked(receive: Any) -> tuple[bytes, Any]:
    """(the body, a receive that gives it once more); no body where it is too long to be a form's."""
    messages, body = [await receive()], b""
    while messages[-1].get("more_body") and len(body) <= MAX_FORM:
        body += messages[-1].get("body", b"")
        messages.append(await receive())
    body += messages[-1].get("body", b"")
    again = iter(messages)

    async def replay() -> Any:
        return next(again, None) or await receive()

    return body if len(body) <= MAX_FORM else b"", replay


async def _answer(send: Any, status: int, body: Mapping[str, Any]) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def save() -> list[str]:
    """Write the state of every service, each file whole or not at all. Returns those that could not be written.

    The emulator logs such a failure and goes on, so each file is looked at: a written one is a new one.
    """
    from ministack.app import _build_persistence_save_dict
    from ministack.core import persistence

    unsaved = []
    for name, get_state in _build_persistence_save_dict().items():
        path = Path(persistence.STATE_DIR, f"{name}.json")
        before = _inode(path)
        if get_state() is None:
            continue  # it was never loaded
        persistence.save_all({name: get_state})
        if _inode(path) in (before, None):
            unsaved.append(name)
    return unsaved


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def fence_functions(fenced: Fenced, *runners: Any) -> None:
    """Have the emulator's modules that start functions do so within walls: they have no setting for how.

    Raises RuntimeError where they are not as they were, rather than run functions in the open.
    """
    for runner in runners:
        if getattr(runner, "subprocess", None) is not subprocess:
            raise RuntimeError(f"{runner.__name__} starts functions otherwise than this wall expects")
        runner.subprocess = fenced


def take_arns(builds: Any) -> None:
    """Have the emulator's CodeBuild find the project to change or delete by its ARN too, as Terraform names it.

    It finds none by an ARN there, though it does where projects are read (ministack 1.5: codebuild).
    """

    def by_name(work: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
        return lambda data: work({**data, "name": builds._project_name_from_identifier(data.get("name", ""))})

    for name in ("_delete_project", "_update_project"):
        setattr(builds, name, by_name(getattr(builds, name)))


def forget_empty_environments(functions: Any) -> None:
    """Have the emulator's Lambda keep no environment where an update leaves it without variables.

    It keeps an empty one (ministack 1.5: lambda_svc), which Terraform takes for another than none at every later plan.
    """
    update = functions._update_config

    def updated(name: str, data: dict[str, Any]) -> Any:
        answer = update(name, data)
        config = functions._functions[name]["config"] if name in functions._functions else {}
        if not (config.get("Environment") or {}).get("Variables"):
            config.pop("Environment", None)
        return answer

    functions._update_config = updated


def main() -> None:
    """As ministack's own main, in the foreground and without its options."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app as emulator
    from ministack.core import lambda_runtime
    from ministack.services import codebuild, lambda_svc

    os.umask(0o077)
    fence_functions(Fenced(Path(tempfile.gettempdir()), dict(os.environ)), lambda_runtime, lambda_svc)
    take_arns(codebuild)
    forget_empty_environments(lambda_svc)
    with contextlib.suppress(ValueError, OSError):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    config = Config()
    config.bind = [f"{os.environ['BIND_HOST']}:{os.environ['GATEWAY_PORT']}"]
    config.keep_alive_timeout = KEEP_ALIVE_S
    config.loglevel = os.environ.get("LOG_LEVEL", "WARNING")
    app: Any = Served(emulator, Changes(secrets.token_hex(16)))
    asyncio.run(serve(app, config))


if __name__ == "__main__":
    main()
    os._exit(0)  # all is saved and closed: taking the interpreter apart would take longer than that
