"""What the agent's packages are, as far as it can be told before the toolkit installs them. Pure."""

from __future__ import annotations

from packaging.requirements import InvalidRequirement, Requirement

from orchestration.errors import BadInput


def check_requirements(name: str, content: bytes) -> None:
    """Raises BadInput for the first line that is no requirement. Lines of options are the installer's to judge."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as e:
        raise _bad(f"{name} is no UTF-8 at byte {e.start}") from None
    for number, line in enumerate(text.replace("\\\n", " ").splitlines(), 1):
        wanted = line.split(" #")[0].split(" --")[0].strip()
        if not wanted or wanted.startswith(("#", "-")):
            continue
        try:
            Requirement(wanted)
        except InvalidRequirement:
            raise _bad(f"{name} holds {wanted[:80]!r} as its entry {number}, which is no requirement") from None


def _bad(message: str) -> BadInput:
    return BadInput(
        message,
        remedy="name packages as pip does, e.g. httpx==0.28.1; or git checkout agent/requirements.txt",
        code="bad_requirements",
    )
