"""One agent loop, bounded: how supervisor and specialists run, and what becomes of tools that break."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError
from strands import Agent
from strands.agent import AgentResult
from strands.hooks import AfterToolCallEvent, HookCallback
from strands.models.model import Model
from strands.types.content import Messages
from strands.types.tools import AgentTool

from mortgage.visit import Visit

# A question needs two model turns (tool, answer); the rest is room for a model that tries again.
MAX_TURNS = 6


class NoAnswer(Exception):
    """The model ended its turn without text; the stop reason says how."""


def new_agent(
    model: Model, tools: Sequence[AgentTool], prompt: str, visit: Visit, messages: Messages | None = None
) -> Agent:
    """An agent for one question: nothing passes from one caller to another."""
    agent = Agent(
        model=model,
        tools=list(tools),
        system_prompt=prompt,
        messages=messages or [],
        callback_handler=None,
    )
    # Not as an argument of Agent, which would read the hook's annotations at each question to learn its event.
    agent.add_hook(_note_broken_tools(visit.broken), AfterToolCallEvent)
    return agent


def text_of(result: AgentResult | None) -> str:
    """The model's last message. Raises NoAnswer."""
    text = "".join(block.get("text", "") for block in result.message["content"]) if result else ""
    if not text.strip():
        raise NoAnswer(str(result.stop_reason) if result else "no result")
    return text


def _note_broken_tools(broken: list[Exception]) -> HookCallback[AfterToolCallEvent]:
    """A hook that keeps a tool's exception from the model, which would quote it to the caller.

    A tool that there is not and arguments that do not fit are the model's mistakes: it may try again. It is not shown
    what a validator says, which quotes the arguments.
    """

    def after_tool(event: AfterToolCallEvent) -> None:
        error = event.exception
        if error is None or event.selected_tool is None:
            return
        text = "The arguments do not fit this tool."
        if not isinstance(error.__cause__, ValidationError):
            broken.append(error)
            text = "This tool is out of order."
        event.result = {
            "toolUseId": event.tool_use["toolUseId"],
            "status": "error",
            "content": [{"text": text}],
        }

    return after_tool
