"""Where a run's credentials come from: a deployment of this project, or a runtime of somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from orchestration.checks.callers import Caller
from orchestration.checks.kit import AwsCredentials, Signing, Unavailable
from orchestration.checks.request import Request
from orchestration.outputs import ProbeOutputs
from orchestration.settings import Settings
from orchestration.tokens import Client, Person, TokenBroker

NO_POOL = "the callers come from another identity provider, whose tokens are not ours to fetch"
NO_PROBES = "this environment has no probes (probes_enabled = false)"
NO_CUSTOMERS = "Terraform's state knows no scope for acting for customers: run `invoke apply`"
NO_GATEWAY = "there is no gateway here (gateway_enabled = false), or Terraform's state is older than it"
NO_KEY = "needs the key that the provider signs with, which the local emulator alone gives away"

Sign = Callable[[Request, Signing], Request]
PublicKeys = Callable[[], list[Mapping[str, Any]]]


class Roles(Protocol):
    """The operator's credentials and those of roles."""

    def own(self) -> AwsCredentials: ...
    def of_role(self, role_arn: str, session_name: str) -> AwsCredentials: ...


@dataclass(frozen=True, slots=True)
class DeploymentSource:
    """kit.Source of what Terraform made."""

    settings: Settings
    broker: TokenBroker
    roles: Roles
    keys: PublicKeys
    pool_key: Callable[[str, str], bytes] | None
    """(pool id, "access" or "id") -> PEM; None on AWS."""
    signer: Sign

    def token(self, caller: Caller) -> str:
        if self.settings.outputs.cognito is None:
            raise Unavailable(NO_POOL)
        match caller:
            case Caller.PERSON:
                return self.broker.user().access
            case Caller.PERSON_ID:
                return self.broker.user().id
            case Caller.PERSON_REFRESH:
                return self.broker.user().refresh
            case Caller.MACHINE:
                return self.broker.machine()
            case Caller.ACTING_MACHINE:
                return self._acting_token()
            case Caller.AGENT | Caller.GATEWAY_OUTSIDER:
                return self._gateway_token(caller)
        return self._probe_token(caller, self._probes())

    def _acting_token(self) -> str:
        pool, scope = self.settings.cognito, self.settings.outputs.customers_scope
        if scope is None:
            raise Unavailable(NO_CUSTOMERS)
        return self.broker.grant(pool.machine_client_id, f"{pool.scope} {scope}")

    def _gateway_token(self, caller: Caller) -> str:
        gateway = self.settings.outputs.gateway
        if gateway is None:
            raise Unavailable(NO_GATEWAY)
        client = gateway.client_id if caller is Caller.AGENT else self._probes().gateway_outsider_client_id
        if client is None:
            raise Unavailable(NO_PROBES)
        return self.broker.grant(client, gateway.scope)

    def _probe_token(self, caller: Caller, probes: ProbeOutputs) -> str:
        pool = self.settings.cognito
        second = (probes.second_username, probes.second_password_secret_arn)
        match caller:
            case Caller.SECOND:
                return self.broker.person(Person(pool.user_pool_id, pool.user_client_id, *second)).access
            case Caller.OTHER_POOL:
                return self.broker.person(Person(probes.other_user_pool_id, probes.other_client_id, *second)).access
            case Caller.OUTSIDER:
                return self.broker.user(Client.OUTSIDER).access
            case Caller.OUTSIDER_ID:
                return self.broker.user(Client.OUTSIDER).id
            case Caller.OUTSIDER_MACHINE:
                return self.broker.grant(probes.outsider_machine_client_id, probes.scope)
        scopes = {
            Caller.SCOPED: probes.scope,
            Caller.SCOPED_BOTH: f"{probes.scope} {probes.scope_other}",
            Caller.SCOPED_LONGER: probes.scope_longer,
            Caller.SCOPED_OTHER: probes.scope_other,
        }
        return self.broker.grant(probes.machine_client_id, scopes[caller])

    def credentials(self, caller: Caller) -> AwsCredentials:
        if caller is Caller.OPERATOR:
            return self.roles.own()
        probes = self._probes()
        arns = {
            Caller.INVOKER: probes.invoker_role_arn,
            Caller.STRANGER: probes.stranger_role_arn,
            Caller.ELSEWHERE: probes.elsewhere_role_arn,
        }
        return self.roles.of_role(arns[caller], f"smoke-{caller.name.lower()}")

    def public_keys(self) -> list[Mapping[str, Any]]:
        return self.keys()

    def private_key(self, use: str) -> bytes:
        if self.pool_key is None or self.settings.outputs.cognito is None:
            raise Unavailable(NO_KEY)
        return self.pool_key(self.settings.cognito.user_pool_id, use)

    def sign(self, request: Request, signing: Signing) -> Request:
        return self.signer(request, signing)

    def _probes(self) -> ProbeOutputs:
        if self.settings.outputs.probes is None:
            raise Unavailable(NO_PROBES if self.settings.outputs.cognito else NO_POOL)
        return self.settings.outputs.probes


@dataclass(frozen=True, slots=True)
class GivenSource:
    """kit.Source for a runtime that this project did not make: one token at most."""

    given: str | None = field(repr=False)
    roles: Roles
    keys: PublicKeys
    signer: Sign

    def token(self, caller: Caller) -> str:
        if caller is not Caller.PERSON:
            raise Unavailable(f"needs a caller whom only this project's own deployments have: {caller.value}")
        if self.given is None:
            raise Unavailable("needs a good token: give one with --token-stdin")
        return self.given

    def credentials(self, caller: Caller) -> AwsCredentials:
        if caller is not Caller.OPERATOR:
            raise Unavailable(f"needs a role that only this project's own deployments have: {caller.value}")
        return self.roles.own()

    def public_keys(self) -> list[Mapping[str, Any]]:
        return self.keys()

    def private_key(self, use: str) -> bytes:
        raise Unavailable(NO_KEY)

    def sign(self, request: Request, signing: Signing) -> Request:
        return self.signer(request, signing)
