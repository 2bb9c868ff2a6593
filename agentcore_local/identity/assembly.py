"""Puts the rooms of identity together: providers for the control plane, and a signed plane of its own for agents."""

from collections.abc import Callable
from dataclasses import dataclass

from agentcore_local.app import Operation, SignedPlane
from agentcore_local.fetch import AiohttpFetch, OidcMap
from agentcore_local.gateway.assembly import Shared
from agentcore_local.guard import Guard
from agentcore_local.identity.outbound import OutboundTokens
from agentcore_local.identity.providers import ProviderOperations, ProviderStore
from agentcore_local.identity.workload import WorkloadTokens

PREFIX = b"/identities/"
_WORKLOAD = ("GetWorkloadAccessToken", "GetWorkloadAccessTokenForJWT", "GetWorkloadAccessTokenForUserId")


@dataclass(frozen=True, slots=True)
class Identity:
    providers: ProviderOperations
    plane: SignedPlane


def build(shared: Shared, tokens: WorkloadTokens, oidc_map: OidcMap, clock: Callable[[], float]) -> Identity:
    """clock() is Unix seconds."""
    records = ProviderStore(shared.store)

    def secrets() -> object:
        return shared.clients("secretsmanager")

    fetch = AiohttpFetch(oidc_map)
    outbound = OutboundTokens(shared.store, records, tokens, shared.names, secrets, shared.http, fetch, oidc_map.target)
    providers = ProviderOperations(records, shared.names, secrets, outbound.check_discovery, clock)
    handlers: dict[str, Operation] = {"GetResourceOauth2Token": outbound.get_token}
    handlers |= dict.fromkeys(_WORKLOAD, outbound.refuse_workload)
    guard = Guard("identity", shared.journal, shared.new_id)
    plane = SignedPlane(guard, handlers, shared.permissions, outbound.wanted, "bedrock-agentcore")
    return Identity(providers, plane)
