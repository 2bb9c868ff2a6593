import asyncio
import json
from typing import Any

import pytest
from mortgage import tools
from mortgage.assistant import Answer, Assistant, Chunk, NoAnswer, ToolFailed
from mortgage.customers import load_customers
from mortgage.intents import ABILITIES, Reply, UseTool
from mortgage.knowledge import load_knowledge
from mortgage.scripted_model import ScriptedModel, respond
from strands import tool
from strands.types.content import Messages

ALL = {tools.GENERAL, tools.MORTGAGE, tools.PAYMENT, tools.CREDIT}


def after(name: str, content: list[Any], tool_use_id: str = "t") -> Messages:
    return [
        {"role": "user", "content": [{"text": "credit score for customer 1"}]},
        {"role": "assistant", "content": [{"toolUse": {"name": name, "toolUseId": "t", "input": {}}}]},
        {
            "role": "user",
            "content": [{"toolResult": {"toolUseId": tool_use_id, "status": "success", "content": content}}],
        },
    ]


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        pytest.param(
            after(tools.CREDIT, [{"json": {"customer_id": "1", "credit_score": 700}}]),
            "The credit score of customer 1 is 700.",
            id="facts",
        ),
        pytest.param(after(tools.CREDIT, [{"text": " No record. "}]), "No record.", id="refusal"),
        pytest.param(after(tools.CREDIT, [{"json": {"other": 1}}, {"text": "So."}]), "So.", id="other-facts"),
        pytest.param(after(tools.CREDIT, [{"json": [1]}, {"text": "So."}]), "So.", id="facts-are-a-list"),
        pytest.param(after("unheard-of", [{"json": {}}, {"text": "So."}]), "So.", id="other-tool"),
        pytest.param(after(tools.CREDIT, [], "u"), "I have no answer to that.", id="empty-result-of-no-call"),
        pytest.param([], ABILITIES, id="no-messages"),
        pytest.param([{"role": "user", "content": []}], ABILITIES, id="no-content"),
    ],
)
def test_the_last_message_is_answered_in_text(messages: Messages, says: str) -> None:
    assert respond(messages, ALL) == Reply(says)


def test_a_new_question_after_a_result_is_a_new_call() -> None:
    messages = after(tools.CREDIT, [{"text": "No record."}])
    messages.append({"role": "user", "content": [{"text": "credit score for customer 22"}]})
    assert respond(messages, ALL) == UseTool(tools.CREDIT, {"customer_id": "22"})


def test_a_tool_that_is_not_offered_is_not_called() -> None:
    assert respond([{"role": "user", "content": [{"text": "credit score for customer 1"}]}], set()) == Reply(ABILITIES)


def ask(assistant: Assistant, prompt: str) -> list[Chunk | Answer]:
    async def collect() -> list[Chunk | Answer]:
        return [event async for event in assistant.ask(prompt)]

    return asyncio.run(collect())


pytestmark = pytest.mark.usefixtures("socket_enabled")  # an event loop needs a socket pair


def test_the_agent_loop_runs_question_tool_and_answer() -> None:
    assistant = Assistant(ScriptedModel(), tools.build_tools(load_customers(), load_knowledge()))
    *chunks, answer = ask(assistant, "what is the credit score for me? my customer id is 1234")
    assert answer == Answer("The credit score of customer 1234 is 742.")
    assert "".join(chunk.text for chunk in chunks) == answer.text


def test_nothing_is_remembered_between_questions() -> None:
    assistant = Assistant(ScriptedModel(), tools.build_tools(load_customers(), load_knowledge()))
    ask(assistant, "credit score; my customer id is 1234")
    answer = ask(assistant, "what is my credit score?")[-1]
    assert "need your customer id" in answer.text
    assert "742" not in answer.text


def test_a_broken_tool_fails_the_question_and_quotes_nothing() -> None:
    @tool(name=tools.CREDIT)
    def broken(customer_id: str) -> str:
        """Fail."""
        raise KeyError(f"table customers, key {customer_id}")

    seen: list[str] = []

    async def collect() -> None:
        async for event in Assistant(ScriptedModel(), [broken]).ask("credit score of customer 1234"):
            seen.append(event.text)

    with pytest.raises(ToolFailed) as failed:
        asyncio.run(collect())
    assert "1234" not in "".join(seen) + str(failed.value)
    assert isinstance(failed.value.__cause__, KeyError)


class Silent(ScriptedModel):
    async def stream(self, *args: Any, **kwargs: Any) -> Any:
        yield {"messageStart": {"role": "assistant"}}
        yield {"messageStop": {"stopReason": "end_turn"}}


class Endless(ScriptedModel):
    """Asks for the same tool for ever."""

    async def stream(self, *args: Any, **kwargs: Any) -> Any:
        yield {"messageStart": {"role": "assistant"}}
        yield {"contentBlockStart": {"start": {"toolUse": {"name": tools.CREDIT, "toolUseId": "t"}}}}
        yield {"contentBlockDelta": {"delta": {"toolUse": {"input": json.dumps({"customer_id": "1234"})}}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "tool_use"}}


@pytest.mark.parametrize("model", [Silent, Endless])
def test_a_model_without_an_answer_is_a_failure(model: type[ScriptedModel]) -> None:
    with pytest.raises(NoAnswer):
        ask(Assistant(model(), tools.build_tools(load_customers(), load_knowledge())), "credit score of customer 1234")
