"""Whether something that is called like ours is provably ours: only that may be changed or deleted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestration.settings import owned


@dataclass(frozen=True, slots=True)
class Claim:
    """What tells things of one environment from everybody else's in the same account."""

    project: str
    environment: str
    roles: frozenset[str] = frozenset()
    """ARNs of the roles that Terraform made for it. One that was brought may serve others too."""
    clients: frozenset[str] = frozenset()
    """Ids of the app clients that Terraform made for it."""

    def says(self, tags: Mapping[str, str] | None) -> bool | None:
        """As settings.owned: True for ours, False for somebody else's, None without word."""
        return owned(tags, self.project, self.environment)

    def proof(self, *, recorded: bool, tags: Mapping[str, str] | None, role: str = "", client: str = "") -> str | None:
        """What proves it: "ledger", "tags", "role" or "client". None for what may be somebody else's.

        `recorded`: the ledger holds the very id that is live. An interrupt may come before the record and the tags,
        but never before the role that a runtime or gateway runs as, or the client that a provider signs in as.
        """
        said = self.says(tags)
        if said is False:
            return None
        if recorded:
            return "ledger"
        if said:
            return "tags"
        if role in self.roles:
            return "role"
        return "client" if client in self.clients else None
