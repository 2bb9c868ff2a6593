"""Tasks that touch a deployment: `invoke --list`. What they do is in orchestration/project.py."""

from __future__ import annotations

import shlex
import sys
from typing import Any

from invoke import Collection, Context, Exit, task

try:
    from orchestration import wiring
except KeyboardInterrupt:
    sys.exit(130)
except ModuleNotFoundError as missing:
    sys.exit(f"error: {missing.name} is not installed here\nremedy: make setup, then .venv/bin/invoke --list")

WORDS = {
    "target": "local or aws (default: TARGET, else local)",
    "environment": "name of the environment (default: ENVIRONMENT, else dev)",
    "yes": "do not ask on AWS",
    "json": "one JSON document on stdout instead of text",
    "destroy": "plan the removal instead",
    "detailed_exitcode": "exit 2 when there are changes",
    "client": "user (password flow) or machine (client_credentials)",
    "question": "what to ask, in quotes",
}


def described(*words: str, name: str | None = None) -> Any:
    """The task decorator with the help of the flags named; no single letters, so that none changes its meaning."""
    return task(name=name, help={word: WORDS[word] for word in words}, auto_shortflags=False)


@described("target", "environment", "yes", "json")
def up(c: Context, target: str = "", environment: str = "", yes: bool = False, json: bool = False) -> None:
    """Provision everything, launch the agent behind its authorizer, and prove that the door is locked."""
    with wiring.session(target, environment, yes=yes) as project:
        project.judge(project.up(), json=json)
        project.what_next()


@described("target", "environment", "yes", "destroy", "detailed_exitcode")
def plan(
    c: Context,
    target: str = "",
    environment: str = "",
    yes: bool = False,
    destroy: bool = False,
    detailed_exitcode: bool = False,
) -> None:
    """Show what Terraform would change."""
    with wiring.session(target, environment, yes=yes) as project:
        changes, text = project.plan(destroy=destroy)
        project.console.result(text.rstrip())
    _expect(not (changes and detailed_exitcode), code=2)


@described("target", "environment", "yes")
def apply(c: Context, target: str = "", environment: str = "", yes: bool = False) -> None:
    """Apply the Terraform alone: Cognito, IAM, artifact bucket, ECR repository."""
    with wiring.session(target, environment, yes=yes) as project:
        project.console.result("applied" if project.apply() else "nothing to apply")


@described("target", "environment", "yes", "json")
def configure(c: Context, target: str = "", environment: str = "", yes: bool = False, json: bool = False) -> None:
    """Set the demo caller's password, stage the agent and show the runtime's configuration."""
    with wiring.session(target, environment, yes=yes) as project:
        project.console.show(project.configure(), json=json)


@described("target", "environment", "yes")
def launch(c: Context, target: str = "", environment: str = "", yes: bool = False) -> None:
    """Create or update the AgentCore Runtime and wait until callers can reach it."""
    with wiring.session(target, environment, yes=yes) as project:
        launched = project.launch()
        changed = ", ".join(launched.changed) or "unchanged"
        project.console.result(f"{launched.runtime.arn} version {launched.runtime.version}: {changed}")


@described("target", "environment", "json")
def status(c: Context, target: str = "", environment: str = "", json: bool = False) -> None:
    """Show the live runtime, its authorizer and its endpoints."""
    with wiring.session(target, environment, quiet=True) as project:
        project.console.show(project.status(), json=json)


@described("target", "environment", "json")
def outputs(c: Context, target: str = "", environment: str = "", json: bool = False) -> None:
    """Show what status shows, and every Terraform output."""
    with wiring.session(target, environment, quiet=True) as project:
        project.console.show(project.outputs(), json=json)


@described("client", "target", "environment")
def token(c: Context, client: str = "user", target: str = "", environment: str = "") -> None:
    """Print an access token to stdout, for a pipe. It is valid for minutes; keep it out of logs."""
    with wiring.session(target, environment, quiet=True) as project:
        project.console.result(project.token(client))


@described("question", "target", "environment")
def ask(c: Context, question: str, target: str = "", environment: str = "") -> None:
    """Ask the agent as the demo caller, e.g. invoke ask "what can you do?"."""
    with wiring.session(target, environment, quiet=True) as project:
        project.console.result(project.ask(question))


@described("target", "environment", "json")
def smoke_test(c: Context, target: str = "", environment: str = "", json: bool = False) -> None:
    """Call the runtime as allowed and refused callers; exit 1 if any verdict is wrong."""
    with wiring.session(target, environment, quiet=json) as project:
        project.judge(project.smoke_test(), json=json)


@described("target", "environment", "yes")
def down(c: Context, target: str = "", environment: str = "", yes: bool = False) -> None:
    """Remove everything that up made. Safe to run again."""
    with wiring.session(target, environment, yes=yes) as project:
        project.console.result("removed" if project.down() else "nothing to remove")


@described("environment", name="up")
def local_up(c: Context, environment: str = "") -> None:
    """Start the local cloud: the ministack emulator and agentcore_local."""
    with wiring.session("local", environment) as project:
        project.console.daemons(project.local_up())


@described("environment", name="down")
def local_down(c: Context, environment: str = "") -> None:
    """Stop the local cloud and keep its state."""
    with wiring.session("local", environment) as project:
        project.console.result("stopped" if project.local_down() else "was not running")


@described("environment", "json", name="status")
def local_status(c: Context, environment: str = "", json: bool = False) -> None:
    """Show the local cloud's processes, ports and logs; exit 5 if one of them is down."""
    with wiring.session("local", environment, quiet=True) as project:
        healthy = project.console.daemons(project.local_status(), json=json)
    _expect(healthy, code=5)


@described("environment", name="env")
def local_env(c: Context, environment: str = "") -> None:
    """Print exports that point AWS SDKs and the AWS CLI at the local cloud: eval "$(invoke local.env)"."""
    with wiring.session("local", environment, quiet=True) as project:
        project.console.result(f"unset {' '.join(wiring.MISLEADING)}")
        for name, value in project.local_environment().items():
            project.console.result(f"export {name}={shlex.quote(value)}")


def _expect(ok: bool, *, code: int) -> None:
    if not ok:
        raise Exit(code=code)


namespace = Collection(up, plan, apply, configure, launch, status, outputs, token, ask, smoke_test, down)
namespace.add_collection(Collection("local", local_up, local_down, local_status, local_env))
