"""Between agentcore_local and the emulator: what is called as the agent's and the gateway's role."""

from __future__ import annotations

import contextlib
import json
import re
import socketserver
from collections.abc import Callable

from tests.aws.front import SESSION, role_of
from tests.aws.hosts import Place
from tests.aws.operations import Call, call_of
from tests.aws.signatures import Wire, scope_of
from tests.aws.streams import Gone, Stream, ask, body_of, head_of, send

TIMEOUT_S = 60.0
# Asked by agentcore_local about its callers, not by them (agentcore_local/identities.py).
OF_THE_DOOR = re.compile(r"/(runtimes|tags|resourcepolicy|gateways|identities)/")


class Sessions:
    """Whose session a key is, learned from the calls that make one: by STS, or by an identity pool for a role whose
    trust the emulator cannot judge (agentcore_local/roles.py)."""

    def __init__(self) -> None:
        self._roles: dict[str, str] = {}

    def of(self, key: str) -> str | None:
        return self._roles.get(key)

    def learn(self, wire: Wire, body: bytes) -> None:
        if b"<AssumeRoleResult>" in body:
            key, _, _, arn = (match[1] if (match := pattern.search(body.decode())) else "" for pattern in SESSION)
            self._roles[key] = role_of(arn)
        elif wire.one("x-amz-target").startswith("AWSCognitoIdentityService."):
            asked, told = json.loads(wire.body), json.loads(body or b"{}")
            for role in asked.get("Roles", {}).values():
                self._roles[asked["IdentityPoolId"]] = role
            known = self._roles.get(asked.get("IdentityPoolId", asked.get("IdentityId", "")))
            if known and "IdentityId" in told:
                self._roles[told["IdentityId"]] = known
            if known and "Credentials" in told:
                self._roles[told["Credentials"]["AccessKeyId"]] = known


class Inside(socketserver.ThreadingTCPServer):
    """Hands requests on as they are to the emulator's port, and tells (role, call) of those that roles sign."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, emulator: int, tell: Callable[[str, Call], None]) -> None:
        self.emulator, self.tell = emulator, tell
        self._sessions = Sessions()
        super().__init__(("127.0.0.1", 0), Handler)

    def look(self, wire: Wire, body: bytes) -> None:
        self._sessions.learn(wire, body)
        scope = scope_of(wire)
        role = self._sessions.of(scope.key) if scope else None
        if scope and role and not OF_THE_DOOR.match(wire.target):
            call = call_of(Place("", scope.service, self.emulator, str), wire)
            if call is not None:
                self.tell(role, call)


class Handler(socketserver.BaseRequestHandler):
    server: Inside

    def handle(self) -> None:
        self.request.settimeout(TIMEOUT_S)
        stream = Stream(self.request)
        with contextlib.suppress(Gone, OSError, ValueError):
            while True:
                method, target, headers = head_of(stream.until(b"\r\n\r\n"))
                wire = Wire(method, target, headers, body_of(stream, headers))
                answer = ask(self.server.emulator, wire, TIMEOUT_S)
                self.server.look(wire, answer.body)
                send(self.request, method, answer)
