"""Tasks that make, show and remove a deployment."""

from __future__ import annotations

from invoke import Context

from cli.late import wiring
from cli.words import described


@described("target", "environment", "yes", "json")
def up(
    c: Context, target: str | None = None, environment: str | None = None, yes: bool = False, json: bool = False
) -> None:
    """Provision everything, launch the agent behind its authorizer, and prove that the door is locked."""
    with wiring.session(target, environment, yes=yes) as project:
        project.proof.judge(project.lifecycle.up(), json=json, brief=True)
        project.lifecycle.what_next()


@described("plan", "target", "environment", "yes")
def apply(
    c: Context, plan: str | None = None, target: str | None = None, environment: str | None = None, yes: bool = False
) -> None:
    """Apply the Terraform alone: Cognito, IAM, artifact bucket, with DEPLOYMENT=container what builds images."""
    with wiring.session(target, environment, yes=yes) as project:
        project.console.result("applied" if project.lifecycle.apply(plan) else "nothing to apply")


@described("target", "environment", "yes", "json")
def configure(
    c: Context, target: str | None = None, environment: str | None = None, yes: bool = False, json: bool = False
) -> None:
    """Set the demo caller's password, stage the agent and show the runtime's configuration."""
    with wiring.session(target, environment, yes=yes) as project:
        project.console.show(project.lifecycle.configure(), json=json)


@described("target", "environment", "yes")
def launch(c: Context, target: str | None = None, environment: str | None = None, yes: bool = False) -> None:
    """Create or update the AgentCore Runtime and wait until callers can reach it."""
    with wiring.session(target, environment, yes=yes) as project:
        launched = project.lifecycle.launch()
        changed = ", ".join(launched.changed) or "unchanged"
        project.console.result(f"{launched.runtime.arn} version {launched.runtime.version}: {changed}")


@described("target", "environment", "json")
def status(c: Context, target: str | None = None, environment: str | None = None, json: bool = False) -> None:
    """Show the live runtime, its authorizer and its endpoints."""
    with wiring.session(target, environment, quiet=True) as project:
        project.console.show(project.lifecycle.status(), json=json)


@described("target", "environment", "json")
def outputs(c: Context, target: str | None = None, environment: str | None = None, json: bool = False) -> None:
    """Show what status shows, and every Terraform output."""
    with wiring.session(target, environment, quiet=True) as project:
        project.console.show(project.lifecycle.outputs(), json=json)


@described("dry_run", "target", "environment", "yes", "json")
def down(
    c: Context,
    dry_run: bool = False,
    target: str | None = None,
    environment: str | None = None,
    yes: bool = False,
    json: bool = False,
) -> None:
    """Remove everything that up made, then look for remains; exit 4 if there are any. Safe to run again."""
    with wiring.session(target, environment, yes=yes, quiet=dry_run, removing=True) as project:
        report = project.teardown.preview() if dry_run else project.teardown.down()
        project.teardown.verdict(report, json=json)


@described("target", "environment", "yes", name="remove")
def gateway_remove(c: Context, target: str | None = None, environment: str | None = None, yes: bool = False) -> None:
    """Delete the gateway with its targets and its credential provider; `up` makes it anew, at another URL."""
    with wiring.session(target, environment, yes=yes) as project:
        project.console.result("removed" if project.lifecycle.remove_gateway() else "nothing to remove")
