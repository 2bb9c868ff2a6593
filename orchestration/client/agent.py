"""Sends a token, tells refusals apart, reads streams as they come."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from orchestration.checks.request import Request, bearer_request, new_session_id, result_text
from orchestration.client.checked import check_payload, checked_prompt, checked_session, checked_token
from orchestration.client.failures import LOOK_AT_LOG, AgentFailed, ConnectionLost, failure
from orchestration.clock import Clock, SystemClock
from orchestration.errors import BadInput, NoAnswer
from orchestration.http import Calls, OpenReply, aws_client
from orchestration.settings import aws_endpoints

# botocore model: InvokeAgentRuntime, agentRuntimeArn. The region becomes a part of a host's name.
RUNTIME_ARN = re.compile(
    r"arn:aws[a-z-]*:bedrock-agentcore:([a-z0-9-]+):[0-9]{12}:runtime/[a-zA-Z][a-zA-Z0-9_]{0,99}-[a-zA-Z0-9]{10}"
)
STREAM_OR_DOCUMENT = "text/event-stream, application/json"
TIMEOUT_S = 60.0
ATTEMPTS = 3
LONGEST_PAUSE_S = 30.0


class TokenSource(Protocol):
    """Where a call's token comes from."""

    def token(self) -> str:
        """A token that holds for a while."""

    def renewed(self, refused: str) -> str:
        """Another one, after this one was answered with 401."""


@dataclass(frozen=True, slots=True)
class StaticToken:
    """A token that was got elsewhere and cannot be renewed."""

    value: str = field(repr=False)

    def token(self) -> str:
        return self.value

    def renewed(self, refused: str) -> str:
        return refused


class Transport(Protocol):
    """http.Calls."""

    def open(self, request: Request) -> AbstractContextManager[OpenReply]:
        """Raises Unfit when nobody is there, NoAnswer when no answer begins."""


class AgentClient:
    """Calls one runtime. `endpoint` is the data plane's base URL; by default AWS's own for the region of the ARN.

    Raises BadInput for what is no ARN. 429 and 5xx are tried again, at most twice, and a 401 once with another token;
    nothing is sent again once an answer has begun.
    """

    def __init__(
        self,
        arn: str,
        token_source: TokenSource,
        endpoint: str | None = None,
        *,
        transport: Transport | None = None,
        clock: Clock | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        found = RUNTIME_ARN.fullmatch(arn)
        if not found:
            raise BadInput(f"{arn!r} is no ARN of a runtime", remedy="see `invoke status`", code="bad_arn")
        self._arn = arn
        self._tokens = token_source
        base_url = endpoint or aws_endpoints(found[1]).data_plane
        self._transport: Transport = transport or Calls(aws_client(timeout_s), base_url)
        self._clock = clock or SystemClock()

    def ask(self, prompt: str, *, session_id: str | None = None) -> Iterator[str]:
        """The answer in pieces, as the agent writes it. Closing the iterator stops the agent.

        Raises as `stream`, BadInput for a prompt that the agent would refuse, and ConnectionLost for a stream that ends
        before its result.
        """
        said = whole = False
        checked_prompt(prompt)
        for streamed, event in self._events({"prompt": prompt, "stream": True}, session_id, STREAM_OR_DOCUMENT):
            whole = not streamed or _is_result(event)
            piece = event.get("text") if isinstance(event, dict) else None
            if isinstance(piece, str):
                said = True
                yield piece
            elif not said and (text := result_text(event)):
                yield text
        if not whole:
            raise _cut_off()

    def call(self, payload: object, *, session_id: str | None = None) -> Any:
        """The agent's answer as one JSON document; of a stream the last event. Raises as `ask`."""
        last = deque(self._events(payload, session_id, "application/json"), maxlen=1)
        streamed, event = last.pop() if last else (True, None)
        if streamed and not _is_result(event):
            raise _cut_off()
        return event

    def stream(
        self,
        payload: object,
        *,
        session_id: str | None = None,
        accept: str = STREAM_OR_DOCUMENT,
    ) -> Iterator[Any]:
        """Each server-sent event's JSON value when it comes; an answer that is no stream is one event.

        What the last event of an agent looks like, only its caller knows. Raises BadInput, CallFailed, Unfit.
        """
        for _, event in self._events(payload, session_id, accept):
            yield event

    def _events(self, payload: object, session_id: str | None, accept: str) -> Iterator[tuple[bool, Any]]:
        """(whether it is of a stream, event)"""
        check_payload(payload)
        session = checked_session(session_id) if session_id is not None else new_session_id("caller")
        try:
            with self._answered(payload, session, accept) as reply:
                for text in reply.events() if reply.streams else [reply.whole().body]:
                    yield reply.streams, _parsed(text)
        except NoAnswer as e:
            raise ConnectionLost(
                f"the connection ended before the answer did ({e.message})", remedy="send it again"
            ) from None

    @contextmanager
    def _answered(self, payload: object, session: str, accept: str) -> Iterator[OpenReply]:
        """The first answer that is neither "later" nor "who are you?"; any other refusal is raised."""
        token, renewed, attempt = checked_token(self._tokens.token()), False, 1
        while True:
            with self._transport.open(
                bearer_request(self._arn, token, payload, session_id=session, accept=accept)
            ) as reply:
                if reply.status == 200:
                    yield reply
                    return
                pause = reply.retry_after_s(self._clock.now())
                refused = failure(reply.whole())
            if reply.status == 401 and not renewed:
                renewed, old = True, token
                token = checked_token(self._tokens.renewed(old))
                if token != old:
                    continue
            if not (reply.status == 429 or reply.status >= 500) or attempt == ATTEMPTS:
                raise refused
            self._clock.sleep(min(2.0 ** (attempt - 1) if pause is None else pause, LONGEST_PAUSE_S))
            attempt += 1


def _is_result(event: object) -> bool:
    return isinstance(event, dict) and "result" in event


def _cut_off() -> ConnectionLost:
    return ConnectionLost("the stream ended before the answer did", remedy="send it again")


def _parsed(text: str) -> Any:
    """One JSON value. An agent that fails after its answer has begun says so in an event {"error": {"message"}}."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    except RecursionError:
        raise AgentFailed("the agent's answer is nested too deeply to be read", remedy=LOOK_AT_LOG) from None
    if isinstance(value, dict) and "error" in value and "result" not in value:
        error = value["error"]
        said = error.get("message") if isinstance(error, dict) else error
        raise AgentFailed(f"the agent ended its answer: {str(said)[:300]}", remedy=LOOK_AT_LOG)
    return value
