"""Tasks of the local cloud."""

from __future__ import annotations

import shlex

from invoke import Context

from cli.late import wiring
from cli.words import described, expect


@described("environment", name="up")
def local_up(c: Context, environment: str | None = None) -> None:
    """Start the local cloud: the ministack emulator and agentcore_local."""
    with wiring.session("local", environment) as project:
        project.console.daemons(project.local.up())


@described("environment", name="down")
def local_down(c: Context, environment: str | None = None) -> None:
    """Stop the local cloud and keep its state."""
    with wiring.session("local", environment) as project:
        project.console.result("stopped" if project.local.down() else "was not running")


@described("environment", "json", name="status")
def local_status(c: Context, environment: str | None = None, json: bool = False) -> None:
    """Show the local cloud's processes, ports and logs; exit 5 if one of them is down."""
    with wiring.session("local", environment, quiet=True) as project:
        healthy = project.console.daemons(project.local.status(), json=json)
    expect(healthy, code=5)


@described("environment", name="env")
def local_env(c: Context, environment: str | None = None) -> None:
    """Print exports that point AWS SDKs and the AWS CLI at the local cloud: eval "$(invoke local.env)"."""
    with wiring.session("local", environment, quiet=True) as project:
        exports = project.local.environment()  # before the first line: a shell evaluates whatever comes
        project.console.result(f"unset {' '.join(wiring.MISLEADING)}")
        for name, value in exports.items():
            project.console.result(f"export {name}={shlex.quote(value)}")
