"""Why a call has no answer: authentication, authorization, routing and the agent are told apart."""

from __future__ import annotations

import re
from collections.abc import Mapping

from orchestration.checks.request import Reply, own_code, refusal_text
from orchestration.errors import OrchestrationError

LOOK_AT_LOG = "look at the agent's log"


class CallFailed(OrchestrationError):
    """A call without the agent's answer. `status` is the HTTP status, None where there was none."""

    def __init__(self, message: str, *, remedy: str, status: int | None = None, code: str | None = None) -> None:
        super().__init__(message, remedy=remedy, code=code)
        self.status = status


class BadRequest(CallFailed):
    """The service or the agent did not understand the request (400 and its like)."""

    code = "bad_request"


class AuthenticationFailed(CallFailed):
    """The door does not know the caller (401)."""

    code = "authentication_failed"


class AuthorizationFailed(CallFailed):
    """The door knows the caller and keeps it out (403)."""

    code = "authorization_failed"


class NotRouted(CallFailed):
    """There is no such runtime, endpoint or session (404)."""

    code = "not_routed"


class AgentFailed(CallFailed):
    """The caller was let in and the agent, or the service around it, failed (424, 5xx, an error in a stream)."""

    code = "agent_failed"


class Throttled(CallFailed):
    """Too many calls, and waiting did not help (429)."""

    code = "throttled"


class ConnectionLost(CallFailed):
    """The connection ended before the answer did."""

    code = "connection_lost"


# Status -> error and what to do.
REFUSALS: Mapping[int, tuple[type[CallFailed], str]] = {
    401: (AuthenticationFailed, "invoke login"),
    403: (AuthorizationFailed, "compare `invoke whoami` with the authorizer in `invoke status`"),
    404: (NotRouted, "look at the ARN and the endpoint in `invoke status`"),
    424: (AgentFailed, LOOK_AT_LOG),
    429: (Throttled, "wait, then send it again"),
}


# What the agent itself answered -> what to do. The service hands on the status alone, in its own words.
OF_THE_AGENT: Mapping[int, str] = {
    400: "look at the payload: the agent does not take it",
    403: "the session may belong to another caller: use another session id, or none",
    413: "send less: the agent takes no longer payload",
    503: "send it again later",
}
# The code in the agent's own answer, where it is called without the service -> the status above.
OWN_CODES: Mapping[str, int] = {"session_of_another": 403, "bad_payload": 400, "too_many_sessions": 503}
# AgentCore devguide: runtime-troubleshooting.
_RECEIVED = re.compile(r"Received error \(([0-9]{3})\) from runtime")


def failure(reply: Reply) -> CallFailed:
    """The typed error for a status that is not 200."""
    words = refusal_text(reply) or "no text"
    received = _RECEIVED.search(words) if reply.status == 424 else None
    answered = int(received[1]) if received else OWN_CODES.get(own_code(reply), 0)
    if answered:
        remedy = OF_THE_AGENT.get(answered, LOOK_AT_LOG)
        said = f"the agent answered {answered}" + ("" if received else f": {words}")
        return AgentFailed(said, remedy=remedy, status=reply.status)
    kind, remedy = REFUSALS.get(
        reply.status,
        (AgentFailed, "send it again later") if reply.status >= 500 else (BadRequest, "look at the payload"),
    )
    return kind(f"the runtime answered {reply.status}: {words}", remedy=remedy, status=reply.status)
