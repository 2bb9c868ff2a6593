"""A stand-in for a language model: deterministic, offline, and not a language model.

It reads a prompt by patterns, asks for one tool (as the supervisor: for the specialist who has it) and words that
tool's result. Everything around it (agent loop, tools, streaming, service) is what a real model would meet.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, AsyncIterable
from typing import Any, TypeVar

from pydantic import BaseModel
from strands.models.model import Model
from strands.types.content import ContentBlock, Message, Messages
from strands.types.streaming import StreamEvent
from strands.types.tools import ToolSpec

from mortgage.intents import ABILITIES, SCANNED_CHARACTERS, Reply, UseTool, choose
from mortgage.phrases import phrase
from mortgage.specialists import SPECIALIST_OF

T = TypeVar("T", bound=BaseModel)

CHUNK_CHARACTERS = 48
_RECALL = re.compile(r"\bwhat\s(?:did|have)\si\s(?:just\s)?ask", re.I)


class ScriptedModel(Model):
    """Picks the tool from the prompt, then phrases the tool's result. Holds no state between calls.

    pause_s: how long it thinks before each further piece of text.
    """

    def __init__(self, pause_s: float = 0.0) -> None:
        self._pause_s = pause_s
        self._config: dict[str, Any] = {"model_id": "scripted", "context_window_limit": 200_000}

    def update_config(self, **model_config: Any) -> None:
        self._config.update(model_config)

    def get_config(self) -> dict[str, Any]:
        return self._config

    def structured_output(
        self, output_model: type[T], prompt: Messages, system_prompt: str | None = None, **kwargs: Any
    ) -> AsyncGenerator[dict[str, T | Any], None]:
        raise NotImplementedError("the scripted model answers in text only")

    async def stream(
        self, messages: Messages, tool_specs: list[ToolSpec] | None = None, *args: Any, **kwargs: Any
    ) -> AsyncIterable[StreamEvent]:
        """Answer the last message: a question with a tool call or a text, a tool's result with a text."""
        choice = respond(messages, {spec["name"] for spec in tool_specs or []})
        yield {"messageStart": {"role": "assistant"}}
        if isinstance(choice, UseTool):
            tool_use_id = f"scripted-{len(messages)}"
            yield {"contentBlockStart": {"start": {"toolUse": {"name": choice.name, "toolUseId": tool_use_id}}}}
            yield {"contentBlockDelta": {"delta": {"toolUse": {"input": json.dumps(choice.arguments)}}}}
        else:
            yield {"contentBlockStart": {"start": {}}}
            for number, chunk in enumerate(_chunks(choice.text)):
                if number and self._pause_s:
                    await asyncio.sleep(self._pause_s)
                yield {"contentBlockDelta": {"delta": {"text": chunk}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "tool_use" if isinstance(choice, UseTool) else "end_turn"}}
        yield {
            "metadata": {
                "usage": {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0},
                "metrics": {"latencyMs": 0},
            }
        }


def respond(messages: Messages, available: set[str]) -> UseTool | Reply:
    """What to do next. Never raises, whatever the messages hold."""
    blocks = messages[-1]["content"] if messages else []
    results = [block["toolResult"] for block in blocks if "toolResult" in block]
    if results:
        result = results[0]
        facts = [part["json"] for part in result["content"] if "json" in part]
        text = " ".join(part["text"] for part in result["content"] if "text" in part)
        usable = facts[0] if facts and isinstance(facts[0], dict) else None
        return Reply(phrase(_name_of(result["toolUseId"], messages), usable, text))
    prompt = " ".join(block["text"] for block in blocks if "text" in block)
    if _RECALL.search(prompt[:SCANNED_CHARACTERS]):
        return Reply(_recall(messages[:-1]))
    choice = choose(prompt)
    if isinstance(choice, Reply) or choice.name in available:
        return choice
    specialist = SPECIALIST_OF[choice.name]
    return UseTool(specialist, {"question": prompt}) if specialist in available else Reply(ABILITIES)


def _recall(messages: Messages) -> str:
    """The question before this one, which only a memory of the session can know."""
    questions = [block["text"] for block in _blocks_backwards(messages, "user") if "text" in block]
    return f'Before this you asked: "{questions[0]}"' if questions else "This is your first question in this session."


def _name_of(tool_use_id: str, messages: Messages) -> str | None:
    """The tool behind a result, by the latest call with its id."""
    for block in _blocks_backwards(messages, "assistant"):
        if "toolUse" in block and block["toolUse"]["toolUseId"] == tool_use_id:
            return block["toolUse"]["name"]
    return None


def _blocks_backwards(messages: list[Message], role: str) -> list[ContentBlock]:
    return [block for message in reversed(messages) if message["role"] == role for block in message["content"]]


def _chunks(text: str) -> list[str]:
    return [text[start : start + CHUNK_CHARACTERS] for start in range(0, len(text), CHUNK_CHARACTERS)]
