"""A caller of an agent behind AgentCore Runtime, for `ask`, for the smoke test and for code of one's own.

client = AgentClient(runtime_arn, StaticToken(token))
for piece in client.ask("what can you do?"):
    print(piece, end="")
"""

from orchestration.client.agent import RUNTIME_ARN, AgentClient, StaticToken, TokenSource
from orchestration.client.checked import MAX_PROMPT_CHARACTERS, checked_prompt, checked_session
from orchestration.client.failures import (
    LOOK_AT_LOG,
    AgentFailed,
    AuthenticationFailed,
    AuthorizationFailed,
    BadRequest,
    CallFailed,
    ConnectionLost,
    NotRouted,
    Throttled,
)

__all__ = [
    "LOOK_AT_LOG",
    "MAX_PROMPT_CHARACTERS",
    "RUNTIME_ARN",
    "AgentClient",
    "AgentFailed",
    "AuthenticationFailed",
    "AuthorizationFailed",
    "BadRequest",
    "CallFailed",
    "ConnectionLost",
    "NotRouted",
    "StaticToken",
    "Throttled",
    "TokenSource",
    "checked_prompt",
    "checked_session",
]
