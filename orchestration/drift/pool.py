"""Who is in the caller pool beside those whom Terraform made."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

from orchestration.drift.differences import Drift, Level
from orchestration.outputs import TerraformOutputs


class Members(Protocol):
    """The app clients ({id: name}) and the first people of a pool."""

    def clients(self, pool_id: str) -> dict[str, str]: ...
    def users(self, pool_id: str) -> list[str]: ...


def pool_drifts(outputs: TerraformOutputs, clients: Mapping[str, str], users: Collection[str]) -> Iterator[Drift]:
    """A row for all app clients ({id: name}) and one for all people that Terraform did not make.

    A pool is there for people, who come and go beside Terraform: that they are there is worth a note.
    """
    cognito, probes = outputs.cognito, outputs.probes
    if cognito is None:
        return
    made = {*outputs.door.allowed_clients.values(), cognito.user_client_id, cognito.machine_client_id}
    if outputs.gateway is not None:
        made |= {outputs.gateway.client_id, *outputs.gateway.authorizer.allowed_clients.values()}
    people = {cognito.caller_username}
    if probes is not None:
        made |= {probes.outsider_client_id, probes.outsider_machine_client_id, probes.machine_client_id}
        if probes.gateway_outsider_client_id is not None:
            made.add(probes.gateway_outsider_client_id)
        people |= {probes.second_username}
    where = f"pool {cognito.user_pool_id}"
    if strangers := tuple(f"{name} ({id})" for id, name in sorted(clients.items()) if id not in made):
        yield Drift(where, "app clients", [], list(strangers), added=strangers)
    if others := tuple(sorted(set(users) - people)):
        yield Drift(where, "users", [], list(others), added=others, level=Level.NOTE)
