"""The steps that commands are made of, on tools that the composition root made.

One noun on the other, in the order in which a deployment comes up: each class below has what those before it have.
"""

from dataclasses import dataclass

from orchestration.steps.runtime import RuntimeSteps
from orchestration.steps.tools import Inspector, Tools

__all__ = ["Inspector", "Steps", "Tools"]


@dataclass(frozen=True, slots=True)
class Steps(RuntimeSteps):
    """The steps of one deployment's commands."""
