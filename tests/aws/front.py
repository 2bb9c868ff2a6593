"""AWS's front, played: who calls, may they, what was it; then the call goes on to the emulator or to agentcore_local.

Downstream the deployer's calls are root's: the emulator knows neither the conditions nor all resources that policies
name, so what they allow was decided here.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ministack.core.iam_actions import access_denied_response

from tests.aws.hosts import Place, Region, moved
from tests.aws.needs import Account, Need
from tests.aws.operations import Call, call_of
from tests.aws.policies import Policies
from tests.aws.signatures import Key, Scope, Wire, fault, scope_of, signed_anew
from tests.aws.streams import Answer, ask

TIMEOUT_S = 120.0
SESSION = [re.compile(f"<{name}>(.*?)</{name}>") for name in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Arn")]
# Signing names that differ from the host's (botocore models: signingName).
DOORS = ("bedrock-agentcore", "gateway")
SIGNED_AS = {"bedrock-agentcore-control": "bedrock-agentcore"}


@dataclass(frozen=True, slots=True)
class Seen:
    """One call: by whom ("nobody" unsigned), what it needed and the Sids that allow each of it."""

    by: str
    call: Call
    needs: tuple[Need, ...]
    allowed_by: tuple[tuple[str, ...], ...]
    status: int


@dataclass
class Front:
    """`policies` maps the ARN of a role to what it may; roles that are not in it are judged downstream."""

    region: Region
    account: Account
    root: Key
    policies: Mapping[str, Policies]
    tell: Callable[[Seen], None]
    played: Callable[[Call], Answer | None] = lambda call: None
    """Answers in the emulator's place, after the call was allowed."""
    keys: dict[str, Key] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def handle(self, place: Place, wire: Wire) -> Answer:
        """Answer for a host."""
        scope = scope_of(wire)
        call = call_of(place, wire)
        if scope is None:
            answer = ask(place.port, moved(wire, place, wire.body), TIMEOUT_S)
            if call is not None:
                by = "bearer of a token" if wire.one("authorization") else "nobody"
                self.tell(Seen(by, call, (), (), answer.status))
            return self._outward(answer)
        if place.service in DOORS:
            return self._through_the_door(place, wire, scope)
        key = self.keys.get(scope.key)
        why = "the key is not known" if key is None else self._amiss(place, wire, scope, key)
        if why or key is None or call is None:
            self.faults.append(
                f"{wire.method} https://{place.host}{wire.target[:120]}: {why or 'no operation of an API'}"
            )
            return _refused(place.service, "", why or "no operation of an API")
        return self._as_known(place, wire, scope, key, call)

    def _as_known(self, place: Place, wire: Wire, scope: Scope, key: Key, call: Call) -> Answer:
        role = role_of(key.arn)
        mine = self.policies.get(role)
        needs = tuple(self.account.needs(call))
        allowed_by = tuple(tuple(mine.allowing(need)) if mine else () for need in needs)
        if mine and (lacking := mine.lacking(needs)):
            self.tell(Seen(role, call, needs, allowed_by, 403))
            first = lacking[0]
            text = f"User: {key.arn} is not authorized to perform: {first.action} on resource: {first.resource}"
            return _refused(place.service, first.action, f"{text} because no identity-based policy allows it")
        signer = self.root if mine and call.service != "sts" else key
        body = self.region.inward(wire.body) if place.service == "bedrock-agentcore-control" else wire.body
        answer = self.played(call) or ask(place.port, signed_anew(moved(wire, place, body), scope, signer), TIMEOUT_S)
        self._learn(call, answer)
        self.tell(Seen(role, call, needs, allowed_by, answer.status))
        return self._outward(answer) if place.service.startswith("bedrock-agentcore") else answer

    def _through_the_door(self, place: Place, wire: Wire, scope: Scope) -> Answer:
        """The door judges for itself; a bad signature stays bad under the other name."""
        onward = moved(wire, place, wire.body)
        key = self.keys.get(scope.key)
        if key:
            bad = fault(wire, scope, key) is not None
            onward = signed_anew(onward, scope, replace(key, secret=f"not {key.secret}") if bad else key)
        answer = ask(place.port, onward, TIMEOUT_S)
        if call := call_of(place, wire):
            self.tell(Seen(role_of(key.arn) if key else "nobody", call, (), (), answer.status))
        return self._outward(answer)

    def _amiss(self, place: Place, wire: Wire, scope: Scope, key: Key) -> str | None:
        region = "us-east-1" if place.service == "iam" else self.region.name
        if (scope.region, scope.service) != (region, SIGNED_AS.get(place.service, place.service)):
            return f"signed for {scope.service} in {scope.region}"
        if wire.every("host") != [place.host]:
            return f"Host is {wire.every('host')}"
        return fault(wire, scope, key)

    def _learn(self, call: Call, answer: Answer) -> None:
        if answer.status >= 300:
            return
        if call.operation == "AssumeRole":
            text = answer.body.decode()
            found = (pattern.search(text) for pattern in SESSION)
            id, secret, token, arn = (match[1] if match else "" for match in found)
            with self.lock:
                self.keys[id] = Key(id, secret, token, arn)
        document: Any = {}
        with contextlib.suppress(ValueError):
            document = json.loads(answer.body or b"{}")
        with self.lock:
            self.account.learn(call, document)

    def _outward(self, answer: Answer) -> Answer:
        headers = [(n, self.region.outward(v.encode("latin-1")).decode("latin-1")) for n, v in answer.headers]
        return replace(answer, headers=headers, body=self.region.outward(answer.body))


def role_of(arn: str) -> str:
    """The role whose session that is; a user stays a user."""
    head, mark, rest = arn.partition(":assumed-role/")
    return f"{head.replace(':sts:', ':iam:')}:role/{rest.partition('/')[0]}" if mark else arn


def _refused(service: str, action: str, why: str) -> Answer:
    name = "iam" if service == "iam" else service
    status, headers, body = access_denied_response(name, action, "", "rehearsal", message=why)
    return Answer(status, list(headers.items()), body)
