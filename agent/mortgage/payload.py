"""The one accepted request body, and what is wrong with any other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

MAX_PROMPT_CHARACTERS = 16_000
MEMBERS = ("prompt", "stream", "canary")
CANARY = re.compile(r"[0-9a-f]{32}")
EXAMPLE = '{"prompt": "what is an escrow account?"}'


class BadPayload(Exception):
    """The request body is not a question; the message names the fault and never repeats the body."""


@dataclass(frozen=True, slots=True)
class Question:
    """stream None: the caller did not say."""

    prompt: str
    stream: bool | None = None


def parse_payload(payload: object) -> Question:
    """Read {"prompt": str, "stream": bool (optional), "canary": 32 hexadecimal digits (optional)}.

    Raises BadPayload for anything else: a misspelt member would be passed over in silence.
    """
    if not isinstance(payload, Mapping):
        raise BadPayload(f"the body is {_json_type(payload)}; send an object such as {EXAMPLE}")
    if "prompt" not in payload:
        raise BadPayload(f"prompt is missing; send an object such as {EXAMPLE}")
    if unknown := len(payload.keys() - MEMBERS):
        raise BadPayload(f"the body has {unknown} unknown member(s); use {', '.join(MEMBERS)}")
    prompt, stream = payload["prompt"], payload.get("stream")
    if not isinstance(prompt, str):
        raise BadPayload(f"prompt is {_json_type(prompt)}; it must be a string")
    if not prompt.strip():
        raise BadPayload("prompt is blank; ask a question")
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        raise BadPayload(f"prompt has {len(prompt)} characters; at most {MAX_PROMPT_CHARACTERS} are accepted")
    if any("\ud800" <= character <= "\udfff" for character in prompt):
        # JSON can spell half of a surrogate pair, which no reply could be encoded with.
        raise BadPayload("prompt holds an unpaired surrogate; it must be valid Unicode text")
    if "\0" in prompt:
        # Whatever the text is handed to, a model's service or a log, may end it there.
        raise BadPayload("prompt holds a NUL character; it must be text")
    if "stream" in payload and not isinstance(stream, bool):
        raise BadPayload(f"stream is {_json_type(stream)}; it must be true or false")
    if "canary" in payload and canary_of(payload) is None:
        raise BadPayload("canary is not 32 hexadecimal digits in lower case")
    return Question(prompt=prompt, stream=stream)


def canary_of(payload: object) -> str | None:
    """The nonce by which a test finds its call in the log again: {"canary": 32 hexadecimal digits}; nothing else is
    ever logged of a payload."""
    value = payload.get("canary") if isinstance(payload, Mapping) else None
    return value if isinstance(value, str) and CANARY.fullmatch(value) else None


def _json_type(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"
