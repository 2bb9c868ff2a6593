"""What was deployed of gateways, in the same SQLite file and the same transactions as runtimes."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from typing import Any

from agentcore_local.store import Store

SEPARATOR = "___"  # between target and tool in the names that MCP clients see (AgentCore devguide: gateway-tool-naming)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS gateway (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, arn TEXT NOT NULL, revision INTEGER NOT NULL, spec TEXT NOT NULL,
  status TEXT NOT NULL, reason TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS gateway_target (
  id TEXT PRIMARY KEY, gateway_id TEXT NOT NULL REFERENCES gateway(id) ON DELETE CASCADE, name TEXT NOT NULL,
  spec TEXT NOT NULL, status TEXT NOT NULL, reason TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
  UNIQUE (gateway_id, name));
CREATE TABLE IF NOT EXISTS gateway_tag (
  gateway_id TEXT NOT NULL REFERENCES gateway(id) ON DELETE CASCADE, name TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (gateway_id, name));
"""


def is_gateway(arn: str) -> bool:
    return arn.split(":", 5)[-1].startswith("gateway/")


@dataclass(frozen=True, slots=True)
class Gateway:
    """spec is the last request, less name, tags and token; each change of it is a revision of its own."""

    id: str
    name: str
    arn: str
    revision: int
    spec: Mapping[str, Any]
    status: str
    reason: str | None
    created_at: str
    updated_at: str

    @property
    def authorizer(self) -> Mapping[str, Any] | None:
        """The customJWTAuthorizer, or None: then callers sign with SigV4."""
        if self.spec["authorizerType"] != "CUSTOM_JWT":
            return None
        authorizer: Mapping[str, Any] = self.spec["authorizerConfiguration"]["customJWTAuthorizer"]
        return authorizer


@dataclass(frozen=True, slots=True)
class Target:
    """A Lambda function behind a gateway, with the tools it is said to have."""

    id: str
    gateway_id: str
    name: str
    spec: Mapping[str, Any]
    status: str
    reason: str | None
    created_at: str
    updated_at: str

    @property
    def function_arn(self) -> str:
        arn: str = self.spec["targetConfiguration"]["mcp"]["lambda"]["lambdaArn"]
        return arn

    @property
    def tools(self) -> list[Mapping[str, Any]]:
        tools: list[Mapping[str, Any]] = self.spec["targetConfiguration"]["mcp"]["lambda"]["toolSchema"][
            "inlinePayload"
        ]
        return tools

    @property
    def request_headers(self) -> list[str]:
        """The caller's headers that the function is told of."""
        names: list[str] = (self.spec.get("metadataConfiguration") or {}).get("allowedRequestHeaders") or []
        return names


class GatewayStore:
    """Reads at any time; writes only inside `with records.change():`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._db = store.add_tables(_SCHEMA)

    @contextmanager
    def change(self) -> Iterator[None]:
        with self._store.change():
            yield

    def gateway(self, gateway_id: str) -> Gateway | None:
        row = self._db.execute("SELECT * FROM gateway WHERE id = ?", (gateway_id,)).fetchone()
        return _gateway(row) if row else None

    def gateways(self) -> list[Gateway]:
        return [_gateway(r) for r in self._db.execute("SELECT * FROM gateway ORDER BY created_at, id")]

    def target(self, gateway_id: str, target_id: str) -> Target | None:
        query = "SELECT * FROM gateway_target WHERE gateway_id = ? AND id = ?"
        row = self._db.execute(query, (gateway_id, target_id)).fetchone()
        return _target(row) if row else None

    def targets(self, gateway_id: str) -> list[Target]:
        query = "SELECT * FROM gateway_target WHERE gateway_id = ? ORDER BY created_at, id"
        return [_target(r) for r in self._db.execute(query, (gateway_id,))]

    def tags(self, gateway_id: str) -> dict[str, str]:
        query = "SELECT name, value FROM gateway_tag WHERE gateway_id = ? ORDER BY name"
        return dict(self._db.execute(query, (gateway_id,)))

    def put_gateway(self, g: Gateway) -> None:
        # Not INSERT OR REPLACE: that deletes first, and the cascade would take the targets along.
        self._db.execute(
            "INSERT INTO gateway VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "revision = excluded.revision, spec = excluded.spec, status = excluded.status, "
            "reason = excluded.reason, updated_at = excluded.updated_at",
            _row(g),
        )

    def put_target(self, t: Target) -> None:
        self._db.execute("INSERT OR REPLACE INTO gateway_target VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _row(t))

    def put_tags(self, gateway_id: str, tags: Mapping[str, str]) -> None:
        rows = [(gateway_id, k, v) for k, v in tags.items()]
        self._db.executemany("INSERT OR REPLACE INTO gateway_tag VALUES (?, ?, ?)", rows)

    def drop_tags(self, gateway_id: str, names: list[str]) -> None:
        rows = [(gateway_id, n) for n in names]
        self._db.executemany("DELETE FROM gateway_tag WHERE gateway_id = ? AND name = ?", rows)

    def drop_target(self, gateway_id: str, target_id: str) -> None:
        self._db.execute("DELETE FROM gateway_target WHERE gateway_id = ? AND id = ?", (gateway_id, target_id))

    def drop_gateway(self, gateway_id: str) -> None:
        """Remove a gateway with its tags, and the replies to its client tokens: its name is free again."""
        self._store.drop_client_tokens(gateway_id)
        self._db.execute("DELETE FROM gateway WHERE id = ?", (gateway_id,))


def _row(record: Gateway | Target) -> tuple[Any, ...]:
    return tuple(json.dumps(v) if isinstance(v, dict) else v for v in astuple(record))


def _gateway(row: tuple[Any, ...]) -> Gateway:
    return Gateway(row[0], row[1], row[2], row[3], json.loads(row[4]), *row[5:])


def _target(row: tuple[Any, ...]) -> Target:
    return Target(row[0], row[1], row[2], json.loads(row[3]), *row[4:])
