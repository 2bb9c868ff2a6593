import asyncio
from typing import Any

import pytest
from mortgage import specialists, tools
from mortgage.assistant import Answer, Assistant, Chunk, ToolFailed
from mortgage.intents import ABILITIES, Reply, UseTool
from mortgage.loop import NoAnswer
from mortgage.scripted_model import ScriptedModel, respond
from mortgage.visit import Visit
from strands import tool
from strands.types.content import Messages

from tests.fakes.agent import assistant, collect, visit

ALL = {tools.KNOWLEDGE, tools.MORTGAGE, tools.REFINANCE, tools.PAYMENT, tools.TABLE, tools.CREDIT}


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


def test_a_supervisor_passes_the_question_on_to_the_specialist_who_has_the_tool() -> None:
    prompt = "credit score for customer 1"
    messages: Messages = [{"role": "user", "content": [{"text": prompt}]}]
    assert respond(messages, {specialists.CREDIT}) == UseTool(specialists.CREDIT, {"question": prompt})
    assert respond(messages, {specialists.MORTGAGE}) == Reply(ABILITIES)


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_tool_belongs_to_a_specialist_that_there_is(name: str) -> None:
    assert specialists.SPECIALIST_OF[name] in {role.name for role in specialists.ROLES}


pytestmark = pytest.mark.usefixtures("socket_enabled")  # an event loop needs a socket pair


def ask(asked: Assistant, prompt: str, of: Visit | None = None) -> list[Chunk | Answer]:
    return asyncio.run(collect(asked, prompt, of))


@pytest.mark.parametrize(
    ("prompt", "says"),
    [
        ("what is the credit score for me? my customer id is 1234", "The credit score of customer 1234 is 742."),
        ("what is my credit score?", "The credit score of customer 1234 is 742."),
        (
            "my mortgage balance",
            "As of 2026-12-01, customer 1234 owes $150,000.00 at 4.5% a year, with 72 payments remaining",
        ),
        ("refinance my mortgage at 3.5% over 6 years, costs $2,000", "to $2,312.76 and breaks even after 30 months."),
        ("refinance my mortgage at 9% over 6 years", "never breaks even. Interest saved in total: -$"),
        ("monthly payment on $300,000 at 6.5% over 30 years", "The monthly payment is $1,896.20 for $300,000.00"),
        ("amortization table for $1,000 at 5% over 2 years", "Year 2: interest $13.98, principal $512.48, balance $0"),
        ("what is an escrow account?", "(Source: Escrow accounts.)"),
        ("what is the apr of the moon of points?", "(Source: "),
    ],
)
def test_supervisor_specialist_tool_and_answer(prompt: str, says: str) -> None:
    *chunks, answer = ask(assistant(ScriptedModel()), prompt)
    assert says in answer.text
    assert "".join(chunk.text for chunk in chunks) == answer.text


def test_a_broken_tool_fails_the_question_and_quotes_nothing() -> None:
    @tool(name=specialists.CREDIT)
    def broken(question: str) -> str:
        """Fail."""
        raise KeyError(f"table customers, {question}")

    with pytest.raises(ToolFailed) as failed:
        ask(Assistant(ScriptedModel(), [broken]), "credit score of customer 1234")
    assert "1234" not in str(failed.value)
    assert isinstance(failed.value.__cause__, KeyError)


class Failing(ScriptedModel):
    """Fails as a specialist only."""

    async def stream(self, messages: Any, tool_specs: Any = None, *args: Any, **kwargs: Any) -> Any:
        if tools.CREDIT in {spec["name"] for spec in tool_specs}:
            raise OSError("the model is at 10.0.0.7")
        async for event in super().stream(messages, tool_specs):
            yield event


def test_a_specialist_whose_model_fails_fails_the_question_and_quotes_nothing() -> None:
    of = visit()
    with pytest.raises(ToolFailed) as failed:
        ask(assistant(Failing()), "what is my credit score?", of)
    assert "10.0.0.7" not in str(failed.value)
    assert isinstance(failed.value.__cause__, OSError)


class Silent(ScriptedModel):
    async def stream(self, *args: Any, **kwargs: Any) -> Any:
        yield {"messageStart": {"role": "assistant"}}
        yield {"messageStop": {"stopReason": "end_turn"}}


class Endless(ScriptedModel):
    """Asks for the same tool for ever."""

    async def stream(self, *args: Any, **kwargs: Any) -> Any:
        yield {"messageStart": {"role": "assistant"}}
        yield {"contentBlockStart": {"start": {"toolUse": {"name": "no-such-tool", "toolUseId": "t"}}}}
        yield {"contentBlockDelta": {"delta": {"toolUse": {"input": "{}"}}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "tool_use"}}


@pytest.mark.parametrize("model", [Silent, Endless])
def test_a_model_without_an_answer_is_a_failure(model: type[ScriptedModel]) -> None:
    with pytest.raises(NoAnswer):
        ask(assistant(model()), "credit score of customer 1234")


def test_closing_an_answer_half_way_ends_the_visit() -> None:
    of = visit()

    async def leave() -> None:
        events = assistant(ScriptedModel()).ask("hello", of)
        await anext(events)
        await events.aclose()

    asyncio.run(leave())
    assert of.over.is_set()


def test_what_was_said_before_is_there_to_be_asked_about() -> None:
    earlier: Messages = [
        {"role": "user", "content": [{"text": "what is an escrow account?"}]},
        {"role": "assistant", "content": [{"text": "An account."}]},
    ]

    async def recall() -> str:
        asked = assistant(ScriptedModel()).ask("what did i just ask?", visit(), earlier)
        return [event async for event in asked][-1].text

    assert asyncio.run(recall()) == 'Before this you asked: "what is an escrow account?"'
