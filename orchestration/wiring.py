"""The composition root: makes the tools of one deployment. Imported by tasks.py alone."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from orchestration.aws import (
    known_regions,
)
from orchestration.clock import SystemClock
from orchestration.commands.callers import Caller
from orchestration.commands.logs import Stretch
from orchestration.commands.matrix import Choice
from orchestration.commands.project import Project
from orchestration.commands.proof import Foreign
from orchestration.commands.wishes import Wishes
from orchestration.console import Console
from orchestration.embedded.cloud import LocalCloud
from orchestration.errors import PIPE_CLOSED, SIGNALLED, BadInput, Interrupted, OrchestrationError, Unfit, of_system
from orchestration.ledger import LedgerFile
from orchestration.processes import heeded
from orchestration.settings import (
    Deployment,
    Target,
    aws_endpoints,
    select_deployment,
)
from orchestration.steps import Steps
from orchestration.tokens import Wish
from orchestration.tools import TargetTools

__all__ = ["MISLEADING", "Caller", "Choice", "Foreign", "Stretch", "Wish", "Wishes", "build", "session"]

# With these set, an SDK would not go where `local.env` points it.
MISLEADING = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_ENDPOINT_URL_S3")


def build(
    *,
    target: str | None = None,
    environment: str | None = None,
    yes: bool = False,
    quiet: bool = False,
    tolerant: bool = False,
    removing: bool = False,
) -> Project:
    """A project for the chosen deployment, from flags and the process's environment. Raises BadInput.

    `removing`: settings that only matter to what is made may be wrong.
    `tolerant`: where the environment is wrong, one for what the flags alone choose, which keeps the error.
    """
    umask, env = os.umask(0o077), dict(os.environ)
    root = Path(__file__).resolve().parent.parent
    clock = SystemClock()
    console = Console(clock, quiet=quiet)
    select = partial(
        select_deployment,
        root=root,
        known_regions=known_regions,
        target=target,
        environment=environment,
        removing=removing,
    )
    refused = None
    try:
        deployment = select(env)
    except BadInput as e:
        if not tolerant:
            raise
        refused, (deployment, env) = e, nearest(select, env)
    if not (env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION")):
        deployment = replace(deployment, region=_remembered_region(deployment))
    local = deployment.target is Target.LOCAL
    cloud = LocalCloud(deployment, env, clock, console.note) if local else None
    steps = Steps(
        deployment=deployment,
        env=env,
        tools=TargetTools(deployment, env, console, clock, cloud, yes),
        console=console,
        clock=clock,
        cloud=cloud,
        fixed_endpoints=None if local else aws_endpoints(deployment.region),
    )
    return Project(steps, refused, umask)


def nearest(select: Callable[..., Deployment], env: Mapping[str, str]) -> tuple[Deployment, dict[str, str]]:
    """The deployment that was meant, as far as can be told, and the variables without those that name none.

    What is wrong with the rest stops no look at it.
    """
    kept = dict(env)
    for gone in ((), ("AWS_REGION", "AWS_DEFAULT_REGION"), ("TARGET", "ENVIRONMENT")):
        kept = {name: value for name, value in kept.items() if name not in gone}
        with suppress(BadInput):
            return select(kept, removing=True), kept
    return select({}), kept


def _remembered_region(deployment: Deployment) -> str:
    """The region in which the deployment was made; its own where nothing was. A corrupt ledger is told later."""
    try:
        ledger = LedgerFile(deployment.ledger_path).load()
    except (OrchestrationError, OSError):
        return deployment.region
    return ledger.region if ledger else deployment.region


@contextmanager
def session(
    target: str | None = None,
    environment: str | None = None,
    *,
    yes: bool = False,
    quiet: bool = False,
    tolerant: bool = False,
    removing: bool = False,
) -> Iterator[Project]:
    """A project for one command. Its errors are told as `told` says."""
    with told():
        project = build(
            target=target, environment=environment, yes=yes, quiet=quiet, tolerant=tolerant, removing=removing
        )
        try:
            yield project
        except OrchestrationError as e:
            raise project.steps.cause_of(e) from None


def refuse_empty(flags: Mapping[str, object]) -> None:
    """End the command if a flag was given without a value: taken for absent, it would choose something else."""
    with told():
        for name, value in flags.items():
            given = value if isinstance(value, list) else [value]
            if any(isinstance(word, str) and not word.strip() for word in given):
                flag = f"--{name.replace('_', '-')}"
                raise BadInput(f"{flag} is empty", remedy=f"give {flag} a value, or leave it out", code="empty_flag")


@contextmanager
def told() -> Iterator[None]:
    """The one place where an error becomes text and an exit code.

    SIGTERM and a closed terminal are treated like Ctrl-C, so that they clean up too.
    """

    def interrupt(number: int, *_: object) -> None:
        raise Interrupted(number)

    previous = {number: signal.signal(number, interrupt) for number in heeded(signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    except BrokenPipeError:
        _drop_output()  # the reader left, as in `invoke outputs | head -1`
        sys.exit(PIPE_CLOSED)
    except OrchestrationError as e:
        Console(SystemClock()).error(e)
        sys.exit(e.exit_code)
    except KeyboardInterrupt as e:
        # A note says what is true of the command that was interrupted.
        Console(SystemClock()).say("; ".join(["interrupted", *getattr(e, "__notes__", ())]))
        sys.exit(SIGNALLED + (e.number if isinstance(e, Interrupted) else signal.SIGINT))
    except OSError as e:
        Console(SystemClock()).error(of_system(e))
        _drop_output()
        sys.exit(Unfit.exit_code)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _drop_output() -> None:
    """What Python still flushes at its end must not fail a second time."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
