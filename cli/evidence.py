"""Tasks about the proof that others keep."""

from __future__ import annotations

from invoke import Context

from cli.late import wiring
from cli.words import described

WORDS = {
    "out": "folder to write (default: .evidence/<target>-<environment>-<UTC time>)",
    "verify": "check this folder instead: exit 1 if anything in it is not as it was sealed",
    "seal": "with --verify: the seal that was printed when the folder was written",
}


@described("out", "verify", "seal", "target", "environment", "yes", "json", words=WORDS)
def evidence(
    c: Context,
    out: str | None = None,
    verify: str | None = None,
    seal: str | None = None,
    target: str | None = None,
    environment: str | None = None,
    yes: bool = False,
    json: bool = False,
) -> None:
    """Run the smoke matrix and seal a folder of evidence, or check one; exit 1 if anything in it is wrong."""
    with wiring.session(target, environment, yes=yes, quiet=json) as project:
        project.evidence.check_flags(out, verify, seal)
        if verify is not None:
            project.evidence.verify(verify, seal)
            project.evidence.show_verified(verify, seal, json=json)
            return
        written = project.evidence.write(out)
        project.evidence.show(written, json=json)
        project.proof.require(written.report)
        project.evidence.require(written)
