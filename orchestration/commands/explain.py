"""Explains answers of the door, and reads the record of its decisions."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from orchestration.checks.asked import Asked
from orchestration.checks.auth_log import Entry, entries, seconds
from orchestration.checks.decision import Decision
from orchestration.checks.draft import QUESTION, tool_request
from orchestration.checks.explain import Answer, Explanation, explain
from orchestration.checks.given import read_token
from orchestration.checks.masking import masked
from orchestration.checks.remedies import Place
from orchestration.checks.request import Request, bearer_request, refusal_text
from orchestration.checks.run import Exchange, Outcome
from orchestration.embedded.decisions import decision_lines
from orchestration.errors import BadInput, OrchestrationError
from orchestration.gateway import ObservedGateway
from orchestration.runtime.spec import ObservedRuntime
from orchestration.settings import QUALIFIER, Endpoints, Settings
from orchestration.steps import Steps
from orchestration.tokens import Client

Live = ObservedRuntime | ObservedGateway | None


@dataclass(frozen=True, slots=True)
class Explaining:
    """Say why calls are answered as they are."""

    steps: Steps

    def call(self, client: str | None, readline: Callable[[int], str] | None, *, gateway: bool = False) -> Explanation:
        """Call the runtime once, with the token that `readline` gives or that of a client, and explain the answer.

        `gateway`: call the gateway's tool instead; without a client with the agent's own token. Raises BadInput for
        another client, and for a line that is not one token.
        """
        if client is not None and client not in set(Client):
            names = ", ".join(Client)
            raise BadInput(f"--client is {client!r}", remedy=f"use one of {names}", code="bad_client")
        given = read_token(readline) if readline else None
        settings = self.steps.live_settings()
        canary, sender = secrets.token_hex(16), self.steps.tools.sender(settings, gateway=gateway)
        sent = given if given is not None else self._token(settings, client, gateway)
        if gateway:
            where = self.steps.gateway_url(settings)
            request = tool_request(where, sent, canary)
        else:
            where = self.steps.runtime_arn(settings)
            request = bearer_request(where, sent, {"prompt": QUESTION, "canary": canary})
        [explanation] = self._explained(settings.endpoints, [Exchange(where, request, sender.send(request))])
        return explanation

    def _token(self, settings: Settings, client: str | None, gateway: bool) -> str:
        broker, wanted = self.steps.tools.broker(settings), settings.outputs.gateway
        if gateway and client is None and wanted is not None:
            return broker.grant(wanted.client_id, wanted.scope)
        return broker.access(Client(client or Client.USER))

    def outcomes(self, outcomes: Sequence[Outcome]) -> Mapping[str, str]:
        """One line for each outcome that has an answer. What cannot be explained stops no smoke test."""
        answered = [(o.case.id, o.exchange) for o in outcomes if o.exchange is not None]
        try:
            explained = self._explained(self.steps.endpoints(), [exchange for _, exchange in answered])
        except OrchestrationError as e:
            self.steps.console.note(f"no explanations: {e.message}")
            return {}
        return {name: self._line(found) for (name, _), found in zip(answered, explained, strict=True)}

    def _line(self, found: Explanation) -> str:
        """A wrong verdict that no rule explains comes of a door that is not as it was meant to be."""
        if found.first is not None:
            return found.line
        drift, up = (self.steps.deployment.command(words) for words in ("invoke drift", "make up"))
        return f"{found.line}; fix: `{drift}` shows what is live and not as asked for, `{up}` puts it right"

    def log(self, since: str) -> list[Entry]:
        """The decisions of that last while, oldest first. Raises BadInput for another time than e.g. "10m"."""
        moment = self.steps.clock.now() - seconds(since)
        if self.steps.cloud is not None:
            return entries(decision_lines(self.steps.cloud.runtime_folder), moment)
        return entries(self.steps.tools.decision_log(self.steps.live_settings(), moment), moment)

    def _explained(self, endpoints: Endpoints, exchanges: Sequence[Exchange]) -> list[Explanation]:
        """By the authorizers as they are now, not as they were meant to be."""
        if not exchanges:
            return []
        control = self.steps.tools.control(endpoints)
        places = {exchange.runtime_arn for exchange in exchanges}
        live: dict[str, Live] = {arn: control.get(arn.rpartition("/")[2]) for arn in places if arn.startswith("arn:")}
        live |= {url: self.steps.live_gateway(endpoints) for url in places - live.keys()}
        asked = [_asked(exchange.request) for exchange in exchanges]
        calls = [(_authorizer(live[e.runtime_arn]), a.authorization) for e, a in zip(exchanges, asked, strict=True)]
        decisions = self.steps.tools.decisions(endpoints).decide(calls)
        return [
            self._explanation(*found, live[found[0].runtime_arn])
            for found in zip(exchanges, asked, decisions, strict=True)
        ]

    def _explanation(self, exchange: Exchange, asked: Asked, decision: Decision, live: Live) -> Explanation:
        chosen = self.steps.deployment
        url = str((_authorizer(live) or {}).get("discoveryUrl", ""))
        forwarded = live.spec.request_headers if isinstance(live, ObservedRuntime) else ()
        where = exchange.runtime_arn
        path = "" if where.startswith("arn:") else urlsplit(where).path
        place = Place(where, chosen.environment, url, chosen.command, (QUALIFIER,), forwarded, path)
        return explain(asked, decision, _answer(exchange), place)


def _authorizer(live: Live) -> Mapping[str, Any] | None:
    return live.spec.authorizer.get("customJWTAuthorizer") if live else None


def _asked(request: Request) -> Asked:
    return Asked(request.target, request.headers, len(request.body))


def _answer(exchange: Exchange) -> Answer:
    """Its words without any credential: a door or an agent may echo what it was sent."""
    reply, request = exchange.reply, exchange.request
    return Answer(reply.status, masked(reply.error_type, request), masked(refusal_text(reply), request))
