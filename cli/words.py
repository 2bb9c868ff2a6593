"""What every task file shares: the decorator, the words of the flags, the exit."""

from __future__ import annotations

from typing import Any

from invoke import Exit, task

WORDS = {
    "target": "local or aws (default: TARGET, else local)",
    "environment": "name of the environment (default: ENVIRONMENT, else dev)",
    "yes": "do not ask on AWS",
    "json": "one JSON document on stdout instead of text",
    "destroy": "plan the removal instead",
    "review": "then say who may call, which tokens die, what is widened",
    "markdown": "write the review there, for a pull request",
    "sarif": "write the findings there, for a code scanner",
    "max_risk": "exit 3 if a finding is worse: low, medium, high or critical",
    "waivers": "what is accepted, by whom, until when (default: policies/waivers.toml)",
    "plan_file": "file with the output of terraform show -json",
    "detailed_exitcode": "exit 2 when there are changes",
    "client": "user (password flow) or machine (client_credentials)",
    "question": "what to ask, in quotes",
}
REVIEWING = ("json", "markdown", "sarif", "max_risk", "waivers")


def described(*words: str, name: str | None = None) -> Any:
    """The task decorator with the help of the flags named; no single letters, so that none changes its meaning."""
    return task(name=name, help={word: WORDS[word] for word in words}, auto_shortflags=False)


def expect(ok: bool, *, code: int) -> None:
    """End the command with `code` unless ok."""
    if not ok:
        raise Exit(code=code)
