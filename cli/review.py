"""Tasks that show what would change, what it means, and what has changed behind the code's back."""

from __future__ import annotations

from invoke import Context

from cli.late import wiring
from cli.words import REVIEWING, described, expect, help_instead


@described("target", "environment", "yes", "destroy", "detailed_exitcode", "out", "lock", "review", *REVIEWING)
def plan(
    c: Context,
    target: str | None = None,
    environment: str | None = None,
    yes: bool = False,
    destroy: bool = False,
    detailed_exitcode: bool = False,
    out: str | None = None,
    lock: bool = True,
    review: bool = False,
    json: bool = False,
    markdown: str | None = None,
    sarif: str | None = None,
    max_risk: str | None = None,
    waivers: str | None = None,
) -> None:
    """Show what Terraform would change and, with --review, what that means for who may call."""
    asked = wiring.Wishes(json, markdown, sarif, max_risk, waivers)
    wishes = asked if review or asked != wiring.Wishes() else None
    with wiring.session(target, environment, yes=yes, quiet=json) as project:
        planned = project.reviews.plan(destroy=destroy, wishes=wishes, out=out, lock=lock)
        if not json:
            project.console.result(planned.text.rstrip())
        project.reviews.what_stays(planned, out)
        if wishes and planned.review:
            project.reviews.present(planned.review, wishes)
    expect(not (planned.changes and detailed_exitcode), code=2)


@described("plan_file", *REVIEWING)
def review(
    c: Context,
    plan_file: str,
    json: bool = False,
    markdown: str | None = None,
    sarif: str | None = None,
    max_risk: str | None = None,
    waivers: str | None = None,
) -> None:
    """Review a stored plan, the document of `terraform show -json`. Touches no deployment."""
    help_instead(review, plan_file)
    wishes = wiring.Wishes(json, markdown, sarif, max_risk, waivers)
    with wiring.session(quiet=True) as project:
        project.reviews.present(project.reviews.review_file(plan_file, wishes), wishes)


@described("target", "environment", "json")
def drift(c: Context, target: str | None = None, environment: str | None = None, json: bool = False) -> None:
    """Compare what is live with the code and the last launch; exit 2 if a field differs."""
    with wiring.session(target, environment, quiet=json) as project:
        drifted = project.reviews.show_drift(project.reviews.drift(), json=json)
    expect(not drifted, code=2)
