"""Policy documents, statement by statement, so that each can be named and taken away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentcore_local.evaluation import Question, Statement, judge, parse
from tests.aws.needs import Need


@dataclass(frozen=True, slots=True)
class Policies:
    """What somebody's policies allow. `statements` by Sid."""

    statements: Mapping[str, Statement]

    def without(self, sid: str) -> Policies:
        return Policies({name: statement for name, statement in self.statements.items() if name != sid})

    def allowing(self, need: Need) -> list[str]:
        """Sids of the statements that allow it, none where one of them denies."""
        question = Question(need.action, need.resource, need.keys)
        said = {sid: judge([statement], question, lambda _: True) for sid, statement in self.statements.items()}
        return [] if "deny" in said.values() else [sid for sid, verdict in said.items() if verdict == "allow"]

    def lacking(self, needs: Sequence[Need]) -> list[Need]:
        return [need for need in needs if not self.allowing(need)]


def policies_of(documents: Mapping[str, Mapping[str, Any]]) -> Policies:
    """Raises ValueError where two statements have one Sid."""
    found: dict[str, Statement] = {}
    for document in documents.values():
        for raw in document["Statement"]:
            if raw["Sid"] in found:
                raise ValueError(f"{raw['Sid']} is the name of two statements")
            (found[raw["Sid"]],) = parse({"Version": document["Version"], "Statement": [raw]})
    return Policies(found)
