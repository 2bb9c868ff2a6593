"""The task that looks for what would stop the others."""

from __future__ import annotations

from invoke import Context

from cli.late import wiring
from cli.words import described, expect


@described(
    "fix",
    "target",
    "environment",
    "json",
    words={"fix": "first mend what is safe to: modes in .state, and what killed commands left running or locked"},
)
def doctor(
    c: Context, fix: bool = False, target: str | None = None, environment: str | None = None, json: bool = False
) -> None:
    """Check machine, shell, credentials, identity provider and what earlier commands left; exit 5 if anything blocks.

    Without --fix it changes nothing. A line is the error with which a command would end, and its remedy.
    """
    with wiring.session(target, environment, quiet=True, tolerant=True) as project:
        for line in project.doctor.fix() if fix else ():
            project.console.say(f"mended: {line}")
        diagnosis = project.doctor.examine()
        if json:
            project.console.document(diagnosis.document())
        else:
            project.console.findings(diagnosis.findings)
    expect(not diagnosis.blocked, code=5)
