"""The supervisor agent: one per question, so that nothing passes from one caller to another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from pydantic import ValidationError
from strands import Agent
from strands.hooks import AfterToolCallEvent, HookCallback
from strands.models.model import Model
from strands.types.tools import AgentTool

# A question needs two model turns (tool, answer); the rest is room for a model that tries again.
MAX_TURNS = 6

SYSTEM_PROMPT = """You are the mortgage assistant of a lender. You answer with the help of your tools only.
- General mortgage questions: use answer_general_mortgage_question and name its topic in the answer.
- Questions about an existing mortgage or a credit score: a customer id is needed; ask for it when it is
  missing, pass it on exactly as given, and never guess or invent one.
- Payments: use calculate_monthly_payment; never calculate yourself.
If a tool refuses or has no record, say so plainly and invent nothing. If no tool fits, say what you can help
with. Answer in a few sentences."""


class NoAnswer(Exception):
    """The model ended its turn without text; the stop reason says how."""


class ToolFailed(Exception):
    """A tool broke, which is a fault of the service and no answer."""


@dataclass(frozen=True, slots=True)
class Chunk:
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    text: str


class Assistant:
    """Answers questions with a model and tools that hold no conversation."""

    def __init__(self, model: Model, tools: list[AgentTool]) -> None:
        self._model = model
        self._tools = tools

    async def ask(self, prompt: str) -> AsyncIterator[Chunk | Answer]:
        """Yield pieces of text as they come, then the whole answer, once.

        The answer is the model's last message; pieces may also hold what it said before using a tool.
        Raises ToolFailed, NoAnswer, and whatever the model raises.
        """
        broken: list[Exception] = []
        agent = Agent(
            model=self._model,
            tools=list(self._tools),
            system_prompt=SYSTEM_PROMPT,
            callback_handler=None,
            hooks=[_note_broken_tools(broken)],
        )
        result = None
        async for event in agent.stream_async(prompt, limits={"turns": MAX_TURNS}):
            if "data" in event:
                yield Chunk(event["data"])
            elif "result" in event:
                result = event["result"]
        if broken:
            raise ToolFailed(f"{len(broken)} tool call(s) failed") from broken[0]
        text = "".join(block.get("text", "") for block in result.message["content"]) if result else ""
        if not text.strip():
            raise NoAnswer(str(result.stop_reason) if result else "no result")
        yield Answer(text)


def _note_broken_tools(broken: list[Exception]) -> HookCallback[AfterToolCallEvent]:
    """A hook that keeps a tool's exception from the model, which would quote it to the caller.

    Arguments that do not fit the tool's schema are the model's mistake: it sees why and may try again.
    """

    def after_tool(event: AfterToolCallEvent) -> None:
        error = event.exception
        if error is None or isinstance(error.__cause__, ValidationError):
            return
        broken.append(error)
        event.result = {
            "toolUseId": event.tool_use["toolUseId"],
            "status": "error",
            "content": [{"text": "This tool is out of order."}],
        }

    return after_tool
