"""Whose a resource is, as its tags say it. Terraform tags what it makes the same way (terraform/providers.tf). Pure."""

from __future__ import annotations

from collections.abc import Mapping

from orchestration.errors import GateRefused

PROJECT, ENVIRONMENT, MANAGED_BY = "Project", "Environment", "ManagedBy"


def own_tags(project: str, environment: str) -> dict[str, str]:
    """Of what the orchestrator makes beside Terraform."""
    return {PROJECT: project, ENVIRONMENT: environment, MANAGED_BY: "orchestration"}


def owned(tags: Mapping[str, str] | None, project: str, environment: str) -> bool | None:
    """True where the tags name this environment of this project, False where one names another, None without word."""
    said = [((tags or {}).get(name), own) for name, own in ((PROJECT, project), (ENVIRONMENT, environment))]
    if any(value not in (None, own) for value, own in said):
        return False
    return True if all(value == own for value, own in said) else None


def refuse_another(what: str, tags: Mapping[str, str], project: str, environment: str) -> None:
    """Raises GateRefused for what is called like ours and says that it is somebody else's."""
    if owned(tags, project, environment) is False:
        said = ", ".join(f"{name}={tags[name]}" for name in (PROJECT, ENVIRONMENT) if name in tags)
        raise GateRefused(
            f"{what} is another environment's: its tags say {said}",
            remedy="choose another project or environment name, or ask whoever owns it",
            code="of_another",
        )
