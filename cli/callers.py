"""Tasks that act as a caller of the agent."""

from __future__ import annotations

from invoke import Context

from cli.words import described
from orchestration import wiring


@described("client", "target", "environment")
def token(c: Context, client: str = "user", target: str = "", environment: str = "") -> None:
    """Print an access token to stdout, for a pipe. It is valid for minutes; keep it out of logs."""
    with wiring.session(target, environment, quiet=True) as project:
        project.console.result(project.callers.token(client))


@described("question", "target", "environment")
def ask(c: Context, question: str, target: str = "", environment: str = "") -> None:
    """Ask the agent as the demo caller, e.g. invoke ask "what can you do?"."""
    with wiring.session(target, environment, quiet=True) as project:
        project.console.result(project.callers.ask(question))
