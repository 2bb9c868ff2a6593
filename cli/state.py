"""Tasks about where Terraform's state is."""

from __future__ import annotations

from invoke import Context

from cli.late import wiring
from cli.words import described


@described("target", "environment", "yes", name="bootstrap")
def state_bootstrap(c: Context, target: str | None = None, environment: str | None = None, yes: bool = False) -> None:
    """Make the bucket for Terraform's states and move this environment's state there. Safe to run again."""
    with wiring.session(target, environment, yes=yes) as project:
        project.console.result(project.state.bootstrap())


@described("target", "environment", "json", name="show")
def state_show(c: Context, target: str | None = None, environment: str | None = None, json: bool = False) -> None:
    """Show where the state is, how much it holds and who holds its lock."""
    with wiring.session(target, environment, quiet=True) as project:
        project.console.show(project.state.show(), json=json)


@described("target", "environment", "yes", name="remove")
def state_remove(c: Context, target: str | None = None, environment: str | None = None, yes: bool = False) -> None:
    """Delete the bucket of states, once no environment's state is in it."""
    with wiring.session(target, environment, yes=yes) as project:
        project.console.result("removed" if project.state.remove() else "nothing to remove")
