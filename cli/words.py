"""What every task file shares: the decorator, the words of the flags, the exit."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter, signature
from types import TracebackType
from typing import Any

from invoke import Collection, Context, Exit, Program, Task, task

from cli.late import wiring

WORDS = {
    "target": "local or aws (default: TARGET, else local)",
    "environment": "name of the environment (default: ENVIRONMENT, else dev)",
    "yes": "do not ask on AWS",
    "json": "one JSON document on stdout instead of text",
    "destroy": "plan the removal instead",
    "lock": "with --no-lock: leave the state's lock alone, as a role must that may only read",
    "out": "keep the plan there, for `invoke apply --plan`; it holds every value in the clear",
    "plan": "apply just this plan, kept by `invoke plan --out`",
    "review": "then say who may call, which tokens die, what is widened",
    "markdown": "review, and write it there, for a pull request",
    "sarif": "review, and write the findings there, for a code scanner",
    "max_risk": "review, and exit 3 if a finding is worse: low, medium, high or critical",
    "waivers": "review with these waivers: what is accepted, by whom, until when (default: policies/waivers.toml)",
    "plan_file": "file with the output of terraform show -json",
    "detailed_exitcode": "exit 2 when there are changes",
    "client": "user, machine, a name of app_clients, or the id of a client",
    "user": "who of those signed in (default: the last; without a sign-in the demo caller)",
    "flow": "code (browser), srp, password or machine (default: the first that the client allows)",
    "scope": "scopes to ask for by flows code and machine, blanks between (default: agent/invoke and what it needs)",
    "browser": "with --no-browser: only print the page's URL",
    "trace": "then show what runtime, agent, gateway and function wrote of it",
    "session": "go on with a conversation: an id of 33 to 256 characters",
    "since": "how long ago to begin: a number and s, m, h or d, e.g. 10m",
    "dry_run": "show what would be removed, in order, and what would stay; change nothing; ends as down would",
    "lines": "how many lines of that while, from the end (default: 50 without --since)",
    "all": "every line that is still there",
    "follow": "go on with further lines until Ctrl-C",
    "door": "main, another door of the smoke test once it is made (scope, group, audience, iam), or all",
    "counts": "how many were refused, by reason, client and runtime",
    "question": "what to ask, in quotes",
    "case": "a case by its id; may be given several times",
    "tag": "cases by what they are about, or by their door; may be given several times",
    "parallel": "calls at a time, 1 to 32",
    "runtime_arn": "test a runtime that this project did not make; cases that need more than is known are skipped",
    "discovery_url": "with --runtime-arn: the discovery URL of its authorizer",
    "token_stdin": "with --runtime-arn: read a token that it lets in from stdin",
}
REVIEWING = ("json", "markdown", "sarif", "max_risk", "waivers")


def described(
    *names: str, name: str | None = None, iterable: tuple[str, ...] = (), words: Mapping[str, str] | None = None
) -> Any:
    """The task decorator with the help of the flags named; no single letters, so that none changes its meaning.

    Flags in `iterable` may be given several times; `words` are for flags that mean something else here.
    """
    texts = {**WORDS, **(words or {})}
    decorate = task(name=name, help={flag: texts[flag] for flag in names}, iterable=iterable, auto_shortflags=False)
    return lambda body: decorate(_with_values(body))


def _with_values(body: Callable[..., None]) -> Callable[..., None]:
    """The task behind a look at its flags: an empty one is a shell variable that nobody set."""
    flags = {name for name, known in signature(body).parameters.items() if known.default is not Parameter.empty}

    @wraps(body)
    def checked(c: Context, *args: Any, **given: Any) -> None:
        wiring.refuse_empty({name: value for name, value in given.items() if name in flags})
        body(c, *args, **given)

    return checked


def help_instead(asked: Task[Any], given: str) -> None:
    """End with the task's help if that was asked for: behind a task, invoke takes `--help` for its missing value."""
    if given in ("--help", "-h"):
        Program(name="invoke", namespace=Collection(asked)).run(["invoke", "--help", asked.name], exit=False)
        raise Exit(code=0)


def leave_quietly(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """sys.excepthook: no traceback where the reader left, as in `invoke --list | head -1`."""
    if not issubclass(kind, BrokenPipeError):
        sys.__excepthook__(kind, error, trace)
        return
    # What Python still flushes at its end must not fail a second time.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def expect(ok: bool, *, code: int) -> None:
    """End the command with `code` unless ok."""
    if not ok:
        raise Exit(code=code)
