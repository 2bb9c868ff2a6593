"""The HTTP service: AgentCore's contract (POST /invocations, GET /ping) around the assistant."""

from __future__ import annotations

import json
import logging
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any, TextIO

from bedrock_agentcore.runtime import BedrockAgentCoreApp, RequestContext
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mortgage.assistant import Answer, Assistant, Chunk
from mortgage.failures import describe
from mortgage.payload import BadPayload, canary_of, parse_payload
from mortgage.sessions import NotYours, SessionOwners, TooMany

JsonObject = dict[str, Any]


def build_app(
    assistant: Assistant,
    new_reference: Callable[[], str] = lambda: uuid.uuid4().hex,
    owners: SessionOwners | None = None,
    log: TextIO | None = None,
) -> BedrockAgentCoreApp:
    """The app with its entry point. new_reference names a failure for the caller and the log alike.

    `log` gets one line of JSON for each call that arrives; stdout, which the platform keeps, by default.
    """
    app = BedrockAgentCoreApp()
    sessions = owners or SessionOwners()

    async def invoke(payload: Any, context: RequestContext) -> Any:
        """A dict is sent as 200, a Response as it is, an async generator as server-sent events."""
        print(json.dumps({"event": "invoked", "canary": canary_of(payload)}), file=log or sys.stdout, flush=True)
        try:
            sessions.admit(context.session_id, (context.request_headers or {}).get("Authorization"))
            question = parse_payload(payload)
        except NotYours:
            return refusal("this session belongs to another caller", "session_of_another", 403)
        except TooMany:
            return refusal("no more sessions can be held", "too_many_sessions", 503)
        except BadPayload as e:
            return bad_request(str(e))
        if question.stream:
            return stream(assistant, question.prompt, app.logger, new_reference)
        try:
            events = [event async for event in assistant.ask(question.prompt)]
            return result_of(next(event for event in events if isinstance(event, Answer)))
        except Exception as e:  # the SDK would send the exception's text to the caller
            return JSONResponse(internal_error(e, app.logger, new_reference()), status_code=500)

    async def unreadable(request: Request, error: Exception) -> Response:
        return bad_request("the body is no JSON that can be read")

    app.entrypoint(invoke)
    # Parsing can also fail on nesting (RecursionError) and on numbers of thousands of digits (ValueError).
    app.add_exception_handler(RecursionError, unreadable)
    app.add_exception_handler(ValueError, unreadable)
    return app


async def stream(
    assistant: Assistant, prompt: str, logger: logging.Logger, new_reference: Callable[[], str]
) -> AsyncIterator[JsonObject]:
    """Events: {"text": piece} any number of times, then {"result": ...} or {"error", "reference"} once."""
    try:
        async for event in assistant.ask(prompt):
            yield {"text": event.text} if isinstance(event, Chunk) else result_of(event)
    except Exception as e:  # headers are gone: the failure can only be an event
        yield internal_error(e, logger, new_reference())


def result_of(answer: Answer) -> JsonObject:
    """The reply's shape; clients read result.content[0].text."""
    return {"result": {"role": "assistant", "content": [{"text": answer.text}]}}


def bad_request(message: str) -> JSONResponse:
    return refusal(message, "bad_payload", 400)


def refusal(message: str, code: str, status: int) -> JSONResponse:
    return JSONResponse({"error": message, "code": code}, status_code=status)


def internal_error(error: Exception, logger: logging.Logger, reference: str) -> JsonObject:
    logger.error("invocation failed, reference %s: %s", reference, describe(error))
    return {"error": "internal error", "reference": reference}
