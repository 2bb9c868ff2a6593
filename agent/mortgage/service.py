"""The HTTP service: AgentCore's contract (POST /invocations, GET /ping) around the assistant."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bedrock_agentcore.runtime import BedrockAgentCoreApp, BedrockAgentCoreContext, RequestContext
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from mortgage.access import access_of
from mortgage.assistant import Answer, Assistant, Chunk
from mortgage.claims import Unreadable, claims_of, identity_of
from mortgage.failures import describe
from mortgage.journal import Journal
from mortgage.limits import BodyLimit
from mortgage.memory import Memory
from mortgage.payload import BadPayload, Question, canary_of, parse_payload
from mortgage.sessions import NotYours, SessionOwners, TooMany
from mortgage.trace_id import trace_id
from mortgage.visit import Visit

JsonObject = dict[str, Any]
# A tool that waits for another service holds a thread meanwhile; asyncio's own five or six would let a few callers of
# a slow one stop the tools of all.
TOOL_THREADS = 64
EVENT_STREAM = "text/event-stream"
# Below the patience of clients and of whatever stands between: specialists say nothing while they work.
HEARTBEAT_S = 10.0
# A comment, which readers of events pass over (HTML standard: server-sent events).
HEARTBEAT = b": working\n\n"


@dataclass(frozen=True, slots=True)
class Desk:
    """What the service answers with. new_reference names a failure for the caller and the log alike."""

    assistant: Assistant
    journal: Journal
    customers: Mapping[str, str] = field(default_factory=dict)
    """Subject -> customer id."""
    owners: SessionOwners = field(default_factory=SessionOwners)
    memory: Memory = field(default_factory=Memory)
    new_reference: Callable[[], str] = lambda: uuid.uuid4().hex
    prepare: Callable[[], None] | None = None
    """Called beside the server when it has started, so that no caller waits for it."""
    close: Callable[[], None] = lambda: None
    """Called when the server stops; uvicorn then ends the process by the signal that it got, without atexit."""
    heartbeat_s: float = HEARTBEAT_S


@dataclass(frozen=True, slots=True)
class Call:
    """One question that may be answered."""

    desk: Desk
    question: Question
    visit: Visit
    talk: tuple[str, bytes] | None
    """The session and who speaks in it; None: nothing is remembered."""

    async def events(self) -> AsyncGenerator[Chunk | Answer, None]:
        """The answer as it comes; a whole one is remembered. Raises what the assistant does."""
        earlier = self.desk.memory.messages(self.talk)
        async with aclosing(self.desk.assistant.ask(self.question.prompt, self.visit, earlier)) as events:
            async for event in events:
                if isinstance(event, Answer):
                    self.desk.memory.keep(self.talk, self.question.prompt, event.text)
                yield event

    def failed(self, error: Exception) -> JsonObject:
        reference = self.desk.new_reference()
        self.visit.journal.note("failed", reference=reference, cause=describe(error))
        return {"error": "internal error", "reference": reference}


def build_app(desk: Desk) -> BedrockAgentCoreApp:
    """The app with its entry point."""
    threads = ThreadPoolExecutor(TOOL_THREADS, "tool")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_default_executor(threads)
        if desk.prepare is not None:
            threading.Thread(target=desk.prepare, daemon=True).start()
        yield
        desk.close()

    app = BedrockAgentCoreApp(lifespan=lifespan, middleware=[Middleware(BodyLimit)])

    async def invoke(payload: Any, context: RequestContext) -> Any:
        """A dict is sent as 200, a Response as it is."""
        # The SDK runs this in a loop of its own; streams are sent in the server's.
        asyncio.get_running_loop().set_default_executor(threads)
        headers: Mapping[str, str] = context.request.headers if context.request else {}
        authorization = headers.get("authorization")
        journal = desk.journal.of_call(BedrockAgentCoreContext.get_request_id(), context.session_id)
        trace = trace_id(headers.get("traceparent"))
        journal.note("invoked", canary=canary_of(payload), trace=trace)
        try:
            # Who may not be here hears nothing of the payload; what is refused binds no session.
            owner = desk.owners.check(context.session_id, authorization)
            question = parse_payload(payload)
            desk.owners.admit(context.session_id, authorization)
        except NotYours:
            return refused(journal, "this session belongs to another caller", "session_of_another", 403)
        except TooMany:
            return refused(journal, "no more sessions can be held", "too_many_sessions", 503)
        except BadPayload as e:
            return refused(journal, str(e), "bad_payload", 400)
        access = access_of(authorization, desk.customers)
        visit = Visit(
            access,
            journal,
            caller_of(authorization, journal),
            trace,
            BedrockAgentCoreContext.get_workload_access_token(),
        )
        call = Call(desk, question, visit, (context.session_id, owner) if context.session_id else None)
        streamed = question.stream if question.stream is not None else asks_for_stream(headers.get("accept", ""))
        if streamed:
            return StreamingResponse(sent_events(call), media_type=EVENT_STREAM)
        return await whole_answer(call)

    async def unreadable(request: Request, error: Exception) -> Response:
        return refusal("the body is no JSON that can be read", "bad_payload", 400)

    app.entrypoint(invoke)
    # Parsing can also fail on nesting (RecursionError) and on numbers of thousands of digits (ValueError).
    app.add_exception_handler(RecursionError, unreadable)
    app.add_exception_handler(ValueError, unreadable)
    return app


async def whole_answer(call: Call) -> JsonObject | Response:
    try:
        events = [event async for event in call.events()]
        return result_of(next(event for event in events if isinstance(event, Answer)), call.visit)
    except Exception as e:  # the SDK would send the exception's text to the caller
        return JSONResponse(call.failed(e), status_code=500)


async def sent_events(call: Call) -> AsyncGenerator[bytes, None]:
    """Events: {"text": piece} any number of times, then {"result": ...} or {"error", "reference"} once.

    A comment wherever nothing is said for a while.

    The model runs in a task of its own, which is cancelled wherever it waits when the caller leaves. What it says
    faster than the caller reads is kept: it is bounded by the model's limit of tokens.
    """
    waiting: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def produce() -> None:
        try:
            async for event in call.events():
                said = {"text": event.text} if isinstance(event, Chunk) else result_of(event, call.visit)
                waiting.put_nowait(sent_event(said))
        except Exception as e:  # headers are gone: the failure can only be an event
            waiting.put_nowait(sent_event(call.failed(e)))
        waiting.put_nowait(None)

    producer, ended = asyncio.create_task(produce()), False
    try:
        while (event := await next_of(waiting, call.desk.heartbeat_s)) is not None:
            yield event
        ended = True
    finally:
        if not ended:
            call.visit.over.set()
            producer.cancel()
            call.visit.journal.note("stopped")


async def next_of(waiting: asyncio.Queue[bytes | None], patience_s: float) -> bytes | None:
    try:
        async with asyncio.timeout(patience_s):
            return await waiting.get()
    except TimeoutError:
        return HEARTBEAT


def sent_event(content: JsonObject) -> bytes:
    return f"data: {json.dumps(content, ensure_ascii=False)}\n\n".encode("utf-8", "replace")


def asks_for_stream(accept: str) -> bool:
    """Whether the Accept header takes server-sent events and no JSON."""
    kinds = {kind.partition(";")[0].strip().lower() for kind in accept.split(",")}
    return EVENT_STREAM in kinds and not kinds & {"application/json", "*/*"}


def caller_of(authorization: str | None, journal: Journal) -> str:
    """A pseudonym of the caller, for the log."""
    try:
        return journal.pseudonym(json.dumps(identity_of(claims_of(authorization or ""))))
    except Unreadable:
        return "unknown"


def result_of(answer: Answer, visit: Visit) -> JsonObject:
    """The reply's shape; clients read result.content[0].text, and whence records came in result.metadata."""
    metadata = {"metadata": dict(visit.sources)} if visit.sources else {}
    return {"result": {"role": "assistant", "content": [{"text": answer.text}], **metadata}}


def refused(journal: Journal, message: str, code: str, status: int) -> JSONResponse:
    """A refusal whose code is in the log too: the service shows callers its own words instead of these."""
    journal.note("refused", code=code)
    return refusal(message, code, status)


def refusal(message: str, code: str, status: int) -> JSONResponse:
    return JSONResponse({"error": message, "code": code}, status_code=status)
