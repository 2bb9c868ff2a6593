from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from orchestration.client import AgentClient, AgentFailed
from orchestration.commands.callers import MAX_QUESTION_CHARACTERS, Caller, Callers, checked_question
from orchestration.console import Console
from orchestration.errors import BadInput
from orchestration.settings import Target
from orchestration.steps import Steps, Tools
from tests.fakes.orchestration import LOCAL_ENDPOINTS, FakeClock, deployment

ROOT = Path(__file__).resolve().parents[3]


class FailingAgent:
    def ask(self, prompt: str, *, session_id: str | None = None) -> Iterator[str]:
        yield "The credit "
        raise AgentFailed("the runtime answered 424: no text", remedy="look at the agent's log", status=424)


def callers(target: Target = Target.LOCAL) -> Callers:
    console = Console(FakeClock(), out=io.StringIO(), err=io.StringIO())
    steps = Steps(
        deployment(ROOT, target),
        {},
        cast(Tools, None),
        console,
        FakeClock(),
        cloud=None,
        fixed_endpoints=LOCAL_ENDPOINTS,
    )
    return Callers(steps)


@pytest.mark.parametrize(
    ("target", "place"),
    [
        (Target.LOCAL, str(ROOT / ".state/local-dev/cloud/agentcore_local/agents")),
        (Target.AWS, "the runtime's log group in CloudWatch"),
    ],
)
def test_an_agent_that_failed_says_where_its_log_is(target: Target, place: str) -> None:
    answer = callers(target)._answer(cast(AgentClient, FailingAgent()), "what?", "s" * 33)
    with pytest.raises(AgentFailed) as caught:
        list(answer)
    assert caught.value.remedy == f"look at the agent's log: {place}"


@pytest.mark.parametrize("question", ["", "  \n", "x" * (MAX_QUESTION_CHARACTERS + 1)])
def test_a_question_that_the_agent_would_refuse_is_not_sent(question: str) -> None:
    with pytest.raises(BadInput):
        callers().ask(question, Caller())


def test_the_longest_question_is_the_agents_own_limit() -> None:
    assert checked_question("x" * MAX_QUESTION_CHARACTERS)
    tree = ast.parse((ROOT / "agent/mortgage/payload.py").read_text())
    named: dict[str, Any] = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id.startswith("MAX")
    }
    assert named["MAX_PROMPT_CHARACTERS"] == MAX_QUESTION_CHARACTERS
