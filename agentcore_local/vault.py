"""The container credentials endpoint: each agent gets its own role's credentials, by a token only it was given.

On AWS an agent finds them at the metadata service of its machine. Here all agents share one machine, so SDKs are
led to this endpoint instead (AWS SDKs and Tools Reference: container credential provider).
"""

import hashlib
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agentcore_local.edge import Receive, Scope, Send, answer, read_head
from agentcore_local.falls import Key
from agentcore_local.host import START_DEADLINE_S
from agentcore_local.process import Launch
from agentcore_local.roles import NoCredentials, Roles
from agentcore_local.wire import Refused, encode

PATH = b"/credentials"


@dataclass(frozen=True, slots=True)
class Ticket:
    """Which agent may fetch which role's credentials."""

    key: Key
    role: str
    runtime_arn: str
    issued_at: float


class Vault:
    """ASGI application, and the variables that lead an agent to it. lives(key) tells whether an agent is there."""

    def __init__(
        self,
        roles: Roles,
        runtime_arn: Callable[[str], str],
        url: str,
        aws_endpoint_url: str,
        log: Callable[..., None],
        agentcore_url: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._roles, self._runtime_arn, self._log = roles, runtime_arn, log
        self._url, self._aws, self._agentcore = url, aws_endpoint_url, agentcore_url
        self._clock, self._tickets = clock, dict[str, Ticket]()
        self.lives: Callable[[Key], bool] = lambda _: False

    def variables(self, launch: Launch) -> Mapping[str, str]:
        """A fresh token for this start; what an earlier process of the version was given is worth nothing now.

        The tokens of the dead are forgotten, but for those so young that their agents may not be there yet.
        """
        old = self._clock() - START_DEADLINE_S
        kept = {h: t for h, t in self._tickets.items() if t.issued_at > old or self.lives(t.key)}
        self._tickets = {h: t for h, t in kept.items() if t.key != launch.key}
        token = secrets.token_urlsafe(32)
        self._tickets[_hash(token)] = Ticket(launch.key, launch.role, self._runtime_arn(launch.key[0]), self._clock())
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": self._url + PATH.decode(),
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
            "AWS_ENDPOINT_URL": self._aws,
            "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE": self._agentcore or self._aws,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = str(uuid.uuid4())
        status, document = await self._answer(scope)
        await answer(send, status, encode(document), request_id)

    async def _answer(self, scope: Scope) -> tuple[int, dict[str, str]]:
        try:
            head = read_head(scope)
            token = head.one("authorization") or ""
        except Refused as e:
            return e.row.status, {"code": "BadRequest", "message": e.message}
        if (head.method, head.raw_path, head.query) != ("GET", PATH, b""):
            return 404, {"code": "NotFound", "message": "Not found"}
        ticket = self._tickets.get(_hash(token))
        if ticket is None or not self.lives(ticket.key):
            return 401, {"code": "Unauthorized", "message": "Unauthorized"}
        try:
            session = await self._roles.session(ticket.role, ticket.runtime_arn)
        except NoCredentials:
            self._log("no_credentials", runtime=ticket.key[0], version=ticket.key[1])
            return 403, {"code": "AccessDenied", "message": "The role cannot be assumed"}
        return 200, session.document()


def _hash(token: str) -> str:
    """Tickets are looked up by a hash: the time it takes tells nothing about the token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
