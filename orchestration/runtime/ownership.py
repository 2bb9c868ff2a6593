"""Whether something that is called like ours is provably ours: only that may be changed or deleted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# terraform/providers.tf, default_tags.
PROJECT, ENVIRONMENT, MANAGED_BY = "Project", "Environment", "ManagedBy"


@dataclass(frozen=True, slots=True)
class Claim:
    """What tells things of one environment from everybody else's in the same account."""

    project: str
    environment: str
    roles: frozenset[str] = frozenset()
    """ARNs of the roles that Terraform made for it. One that was brought may serve others too."""
    clients: frozenset[str] = frozenset()
    """Ids of the app clients that Terraform made for it."""

    def denied(self, tags: Mapping[str, str] | None) -> bool:
        """True if a tag names another project or environment: one is enough."""
        wanted = {PROJECT: self.project, ENVIRONMENT: self.environment}
        return any((tags or {}).get(key, value) != value for key, value in wanted.items())

    def tagged(self, tags: Mapping[str, str] | None) -> bool:
        """True if both tags name us."""
        return tags is not None and (tags.get(PROJECT), tags.get(ENVIRONMENT)) == (self.project, self.environment)

    def proof(self, *, recorded: bool, tags: Mapping[str, str] | None, role: str = "", client: str = "") -> str | None:
        """What proves it: "ledger", "tags", "role" or "client". None for what may be somebody else's.

        `recorded`: the ledger holds the very id that is live. An interrupt may come before the record and the tags,
        but never before the role that a runtime or gateway runs as, or the client that a provider signs in as.
        """
        if self.denied(tags):
            return None
        if recorded:
            return "ledger"
        if self.tagged(tags):
            return "tags"
        if role in self.roles:
            return "role"
        return "client" if client in self.clients else None
