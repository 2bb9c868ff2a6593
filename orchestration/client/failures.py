"""Why a call has no answer: authentication, authorization, routing and the agent are told apart."""

from __future__ import annotations

from collections.abc import Mapping

from orchestration.checks.request import Reply, refusal_text
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


def failure(reply: Reply) -> CallFailed:
    """The typed error for a status that is not 200."""
    kind, remedy = REFUSALS.get(
        reply.status,
        (AgentFailed, "send it again later") if reply.status >= 500 else (BadRequest, "look at the payload"),
    )
    words = refusal_text(reply) or "no text"
    return kind(f"the runtime answered {reply.status}: {words}", remedy=remedy, status=reply.status)
