"""What the smoke matrix runs against: a deployment of this project with its doors, or a runtime of somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from orchestration.aws import AgentLogs, Clients, RoleCredentials, sign
from orchestration.checks.canary import LogCanaries
from orchestration.checks.case import Door
from orchestration.checks.doors import excluded
from orchestration.checks.kit import Kit, Signing
from orchestration.checks.request import Request
from orchestration.checks.run import Subject
from orchestration.checks.source import DeploymentSource, GivenSource
from orchestration.clock import Clock
from orchestration.embedded.cloud import LocalCloud
from orchestration.embedded.decisions import decision_lines
from orchestration.embedded.rotated import rotated_lines
from orchestration.http import DataPlane, Issuer, issuer_of, place_of, proxy_for
from orchestration.settings import QUALIFIER, Endpoints, Settings
from orchestration.tokens import Once, TokenBroker

# Lines of a log group are there within seconds of being written, without a promise.
AWS_PATIENCE_S, AWS_POLL_S, AWS_SETTLE_S = 60.0, 2.0, 5.0
# Locally a line goes through a pipe.
LOCAL_SETTLE_S = 0.1


@dataclass(frozen=True, slots=True)
class Subjects:
    """`http` is the client for the target, `cloud` None on AWS."""

    clients: Clients
    http: Any
    endpoints: Endpoints
    cloud: LocalCloud | None
    clock: Clock
    timeout_s: float

    def sender(self, gateway_url: str | None = None) -> DataPlane:
        """Of the runtimes' data plane; of a gateway's host where its URL is given: on AWS each has its own."""
        url = urlsplit(gateway_url or self.endpoints.data_plane)
        base_url = f"{url.scheme}://{url.netloc}"
        proxy = None if self.cloud else proxy_for(base_url)
        return DataPlane(self.http, base_url, self.timeout_s, proxy=proxy)

    def own(self, settings: Settings, broker: TokenBroker, doors: Mapping[Door, str]) -> Subject:
        """A deployment of this project."""
        url = settings.outputs.door.discovery_url
        issuer = self._issuer(url)
        source = DeploymentSource(
            settings,
            broker,
            RoleCredentials(self.clients),
            lambda: issuer().keys,
            self.cloud.signing_key if self.cloud else None,
            self._sign,
        )
        clients = settings.outputs.door.allowed_clients
        first = clients.get("user") or next(iter(clients.values()), "")
        return Subject(
            doors,
            Kit(
                source,
                url.removesuffix("/.well-known/openid-configuration"),
                first,
                self.clients.region,
                self.clock.now,
            ),
            self.sender(),
            self._canaries([arn for door, arn in doors.items() if door is not Door.GATEWAY], settings),
            self.cloud is not None,
            excluded(settings),
            gateway_sender=self.sender(doors[Door.GATEWAY]) if Door.GATEWAY in doors else None,
        )

    def foreign(self, runtime_arn: str, discovery_url: str, client_id: str, token: str | None) -> Subject:
        """A runtime that this project did not make: nobody can say what reached its agent."""
        issuer = self._issuer(discovery_url)
        source = GivenSource(token, RoleCredentials(self.clients), lambda: issuer().keys, self._sign)
        kit = Kit(source, issuer().name, client_id, self.clients.region, self.clock.now)
        return Subject({Door.MAIN: runtime_arn}, kit, self.sender(), None, self.cloud is not None, {}, foreign=True)

    def _sign(self, request: Request, signing: Signing) -> Request:
        return sign(request, self.endpoints.data_plane, signing)

    def _issuer(self, discovery_url: str) -> Callable[[], Issuer]:
        once, place = Once(), place_of(self.clients.region, self.endpoints.aws)
        return lambda: once.get("issuer", lambda: issuer_of(self.http, discovery_url, place))

    def _canaries(self, arns: list[str], settings: Settings) -> LogCanaries:
        ids = [arn.rpartition("/")[2] for arn in arns]
        if self.cloud:
            cloud = self.cloud
            return LogCanaries(
                lambda: _lines(cloud, ids), self.clock, patience_s=2.0, poll_s=0.1, settle_s=LOCAL_SETTLE_S
            )
        logs, since = AgentLogs(self.clients, QUALIFIER), self.clock.now()
        gateway = settings.outputs.gateway

        def lines() -> list[str]:
            return logs.lines(ids, since) + (logs.function_events(gateway.function_arn, since) if gateway else [])

        return LogCanaries(lines, self.clock, AWS_PATIENCE_S, AWS_POLL_S, settle_s=AWS_SETTLE_S)


def _lines(cloud: LocalCloud, ids: list[str]) -> Iterator[str]:
    """What the agents noted, and what the gateway did of the calls that it handed to the function: the emulator hands
    the function no message's id to note."""
    yield from (line for line in decision_lines(cloud.runtime_folder) if '"function_request"' in line)
    for path in cloud.agent_logs(ids):
        yield from rotated_lines(path)
