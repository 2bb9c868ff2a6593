from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from orchestration.client import MAX_PROMPT_CHARACTERS, AgentClient, AgentFailed, checked_prompt
from orchestration.commands.callers import Caller, Callers
from orchestration.console import Console
from orchestration.embedded.cloud import LocalCloud
from orchestration.errors import BadInput
from orchestration.ledger import Ledger, LedgerFile, RuntimeRecord
from orchestration.settings import Target
from orchestration.steps import Steps, Tools
from tests.fakes.orchestration import LOCAL_ENDPOINTS, RUNTIME_ARN, RUNTIME_ID, FakeClock, deployment

ROOT = Path(__file__).resolve().parents[3]


class FailingAgent:
    def ask(self, prompt: str, *, session_id: str | None = None) -> Iterator[str]:
        yield "The credit "
        raise AgentFailed("the runtime answered 424: no text", remedy="look at the agent's log", status=424)


def callers(root: Path = ROOT, target: Target = Target.LOCAL) -> Callers:
    console = Console(FakeClock(), out=io.StringIO(), err=io.StringIO())
    chosen, clock = deployment(root, target), FakeClock()
    cloud = LocalCloud(chosen, {}, clock, lambda _: None) if target is Target.LOCAL else None
    return Callers(Steps(chosen, {}, cast(Tools, None), console, clock, cloud, fixed_endpoints=LOCAL_ENDPOINTS))


def test_an_agent_that_failed_says_how_its_log_is_read(tmp_path: Path) -> None:
    assert failure_of(callers(tmp_path, Target.AWS)) == "`TARGET=aws invoke logs --since 10m` shows the agent's log"


def test_an_agent_that_runs_here_is_quoted_within_bounds_and_without_a_token(tmp_path: Path) -> None:
    asking = callers(tmp_path)
    LedgerFile(asking.steps.deployment.ledger_path).save(
        Ledger("local", "dev", "us-east-1").with_runtime(RuntimeRecord("mortgage_dev", RUNTIME_ID, RUNTIME_ARN))
    )
    log = asking.steps.require_cloud().runtime_folder / "agents" / RUNTIME_ID / "1" / "agent.log"
    log.parent.mkdir(parents=True)
    log.write_text("1\n2\n\x1b[31meyJhbGciOiJSUzI1NiJ9.e30.c2ln\n" + "no " * 100 + "\n")
    ending = f"2 | [31m<token> | {('no ' * 100)[:200]}..."
    assert failure_of(asking) == f"`invoke logs --since 10m` shows the agent's log, which ends: {ending}"


def failure_of(asking: Callers) -> str:
    answer = asking._answer(cast(AgentClient, FailingAgent()), "what?", "s" * 33)
    with pytest.raises(AgentFailed) as caught:
        list(answer)
    return caught.value.remedy


@pytest.mark.parametrize("question", ["", "  \n", "x" * (MAX_PROMPT_CHARACTERS + 1)])
def test_a_question_that_the_agent_would_refuse_is_not_sent(question: str) -> None:
    with pytest.raises(BadInput):
        callers().ask(question, Caller())


def test_the_longest_question_is_the_agents_own_limit() -> None:
    assert checked_prompt("x" * MAX_PROMPT_CHARACTERS)
    tree = ast.parse((ROOT / "agent/mortgage/payload.py").read_text())
    named: dict[str, Any] = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id.startswith("MAX")
    }
    assert named["MAX_PROMPT_CHARACTERS"] == MAX_PROMPT_CHARACTERS
