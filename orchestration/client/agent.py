"""Sends a token, tells refusals apart, reads streams as they come."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from orchestration.checks.request import Request, answer_text, bearer_request, new_session_id
from orchestration.client.failures import LOOK_AT_LOG, AgentFailed, ConnectionLost, failure
from orchestration.clock import Clock, SystemClock
from orchestration.errors import BadInput, NoAnswer
from orchestration.http import Calls, OpenReply, aws_client
from orchestration.settings import aws_endpoints

# botocore model: InvokeAgentRuntime, SessionType; the characters are those of a header value without blanks.
SESSION_ID = re.compile(r"[!-~]{33,256}")
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
        parts = arn.split(":")
        if len(parts) != 6 or parts[0] != "arn" or not parts[5].startswith("runtime/"):
            raise BadInput(f"{arn!r} is no ARN of a runtime", remedy="see `invoke status`", code="bad_arn")
        self._arn = arn
        self._tokens = token_source
        base_url = endpoint or aws_endpoints(parts[3]).data_plane
        self._transport: Transport = transport or Calls(aws_client(timeout_s), base_url)
        self._clock = clock or SystemClock()

    def ask(self, prompt: str, *, session_id: str | None = None) -> Iterator[str]:
        """The answer in pieces, as the agent writes it. Closing the iterator stops the agent."""
        said = False
        for event in self.stream({"prompt": prompt, "stream": True}, session_id=session_id):
            piece = event.get("text") if isinstance(event, dict) else None
            if isinstance(piece, str):
                said = True
                yield piece
            elif not said and (whole := answer_text(json.dumps(event))):
                yield whole

    def call(self, payload: object, *, session_id: str | None = None) -> Any:
        """The agent's answer as one JSON document; of a stream the last event."""
        return deque(self.stream(payload, session_id=session_id, accept="application/json"), maxlen=1).pop()

    def stream(
        self,
        payload: object,
        *,
        session_id: str | None = None,
        accept: str = "text/event-stream, application/json",
    ) -> Iterator[Any]:
        """Each server-sent event's JSON value when it comes; an answer that is no stream is one event.

        Raises BadInput, CallFailed, Unfit.
        """
        session = checked_session(session_id) if session_id is not None else new_session_id("caller")
        try:
            with self._answered(payload, session, accept) as reply:
                for text in reply.events() if reply.streams else [reply.whole().body]:
                    yield _parsed(text)
        except NoAnswer as e:
            raise ConnectionLost(
                f"the connection ended before the answer did ({e.message})", remedy="send it again"
            ) from None

    @contextmanager
    def _answered(self, payload: object, session: str, accept: str) -> Iterator[OpenReply]:
        """The first answer that is neither "later" nor "who are you?"; any other refusal is raised."""
        token, renewed, attempt = self._tokens.token(), False, 1
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
                token = self._tokens.renewed(old)
                if token != old:
                    continue
            if not (reply.status == 429 or reply.status >= 500) or attempt == ATTEMPTS:
                raise refused
            self._clock.sleep(min(2.0 ** (attempt - 1) if pause is None else pause, LONGEST_PAUSE_S))
            attempt += 1


def checked_session(session_id: str) -> str:
    """Raises BadInput unless it is one that the service takes: 33 to 256 characters."""
    if not SESSION_ID.fullmatch(session_id):
        raise BadInput(
            f"the session id {session_id[:60]!r} has {len(session_id)} characters",
            remedy="use 33 to 256 characters without blanks, e.g. a UUID behind a word",
            code="bad_session",
        )
    return session_id


def _parsed(text: str) -> Any:
    """One JSON value. An agent that fails after its answer has begun says so in an event {"error": {"message"}}."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if isinstance(value, dict) and "error" in value and "result" not in value:
        error = value["error"]
        said = error.get("message") if isinstance(error, dict) else error
        raise AgentFailed(f"the agent ended its answer: {str(said)[:300]}", remedy=LOOK_AT_LOG)
    return value
