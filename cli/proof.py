"""Tasks that prove what the door does."""

from __future__ import annotations

from invoke import Context

from cli.words import described
from orchestration import wiring


@described("target", "environment", "json")
def smoke_test(c: Context, target: str = "", environment: str = "", json: bool = False) -> None:
    """Call the runtime as allowed and refused callers; exit 1 if any verdict is wrong."""
    with wiring.session(target, environment, quiet=json) as project:
        project.proof.judge(project.proof.smoke_test(), json=json)
