"""What is looked at before anything is sent: the service or the agent would refuse it anyway, in fewer words."""

from __future__ import annotations

import json
import re

from orchestration.errors import BadInput

# botocore model: InvokeAgentRuntime, SessionType; the characters are those of a header value without blanks.
SESSION_ID = re.compile(r"[!-~]{33,256}")
TOKEN = re.compile(r"[!-~]+")
# The agent takes no longer question (agent/mortgage/payload.py).
MAX_PROMPT_CHARACTERS = 16_000


def checked_prompt(prompt: str) -> str:
    """Raises BadInput for one that the agent would refuse."""
    if not prompt.strip():
        raise BadInput("the question is empty", remedy='invoke ask "what can you do?", or invoke chat')
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        raise BadInput(
            f"the question has {len(prompt)} characters",
            remedy=f"use at most {MAX_PROMPT_CHARACTERS}",
            code="question_too_long",
        )
    if any("\ud800" <= character <= "\udfff" for character in prompt):
        raise BadInput(
            "the question is not UTF-8: it holds a byte or half a character that is none",
            remedy="look at the terminal's encoding (LANG, PYTHONUTF8), or type it again",
            code="question_not_text",
        )
    if "\0" in prompt:
        raise BadInput(
            f"the question holds {chr(0)!r}, which ends a text elsewhere",
            remedy="take it out: what pasted or piped it is no text",
            code="question_not_text",
        )
    return prompt


def checked_session(session_id: str) -> str:
    """Raises BadInput unless it is one that the service takes: 33 to 256 characters."""
    if not SESSION_ID.fullmatch(session_id):
        raise BadInput(
            f"the session id {session_id[:60]!r} has {len(session_id)} characters",
            remedy="use 33 to 256 characters without blanks, e.g. a UUID behind a word",
            code="bad_session",
        )
    return session_id


def checked_token(token: str) -> str:
    """Raises BadInput for what no header can carry."""
    if not TOKEN.fullmatch(token):
        raise BadInput(
            "the token has characters that no token has", remedy="get it anew: invoke token", code="bad_token"
        )
    return token


def check_payload(payload: object) -> None:
    """Raises BadInput for what is no JSON."""
    try:
        json.dumps(payload, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as e:
        raise BadInput(
            f"the payload is nothing that JSON can say: {type(e).__name__}",
            remedy="use dicts with text keys, lists, text, numbers, true, false and None",
            code="bad_payload",
        ) from None
