"""Who is in a user pool, as `drift` needs it."""

from __future__ import annotations

from orchestration.aws.session import Clients, translated

# Enough to see that there are others; a pool may hold millions.
MOST_USERS = 60


class PoolMembers:
    """Lists app clients and people of a pool."""

    def __init__(self, clients: Clients) -> None:
        self._cognito = clients.make("cognito-idp")

    def clients(self, pool_id: str) -> dict[str, str]:
        """{id: name} of every app client."""
        with translated("cognito-idp:ListUserPoolClients"):
            pages = self._cognito.get_paginator("list_user_pool_clients").paginate(UserPoolId=pool_id)
            return {item["ClientId"]: item["ClientName"] for page in pages for item in page["UserPoolClients"]}

    def users(self, pool_id: str) -> list[str]:
        """Names of the first people of the pool, MOST_USERS at most. Nothing else of them is kept."""
        with translated("cognito-idp:ListUsers"):
            answer = self._cognito.list_users(UserPoolId=pool_id, Limit=MOST_USERS)
        return [user["Username"] for user in answer["Users"]]
