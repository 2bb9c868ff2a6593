"""What was deployed, in one SQLite file. One transaction per change: a kill leaves the state before or after."""

import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
MAX_KEPT = 4096
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS runtime (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, arn TEXT NOT NULL, latest INTEGER NOT NULL,
  status TEXT NOT NULL, failure TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS version (
  runtime_id TEXT NOT NULL REFERENCES runtime(id) ON DELETE CASCADE, number INTEGER NOT NULL,
  spec TEXT NOT NULL, status TEXT NOT NULL, created_at TEXT NOT NULL, PRIMARY KEY (runtime_id, number));
CREATE TABLE IF NOT EXISTS endpoint (
  runtime_id TEXT NOT NULL REFERENCES runtime(id) ON DELETE CASCADE, name TEXT NOT NULL, id TEXT NOT NULL,
  live INTEGER, target INTEGER NOT NULL, description TEXT, status TEXT NOT NULL, failure TEXT,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, PRIMARY KEY (runtime_id, name));
CREATE TABLE IF NOT EXISTS tag (
  runtime_id TEXT NOT NULL REFERENCES runtime(id) ON DELETE CASCADE, arn TEXT NOT NULL, name TEXT NOT NULL,
  value TEXT NOT NULL, PRIMARY KEY (arn, name));
CREATE TABLE IF NOT EXISTS client_token (
  operation TEXT NOT NULL, token TEXT NOT NULL, digest TEXT NOT NULL, reply TEXT NOT NULL,
  runtime_id TEXT NOT NULL, PRIMARY KEY (operation, token));
CREATE TABLE IF NOT EXISTS resource_policy (
  arn TEXT PRIMARY KEY, runtime_id TEXT NOT NULL REFERENCES runtime(id) ON DELETE CASCADE, policy TEXT NOT NULL);
"""


def runtime_arn(region: str, account: str, runtime_id: str) -> str:
    return f"arn:aws:bedrock-agentcore:{region}:{account}:runtime/{runtime_id}"


@dataclass(frozen=True, slots=True)
class Runtime:
    id: str
    name: str
    arn: str
    latest: int
    status: str
    failure: str | None
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class Version:
    """One immutable version. spec is the request that made it, less name, tags and token."""

    runtime_id: str
    number: int
    spec: Mapping[str, Any]
    status: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A name callers use. live is the version that answers; None until one was ever healthy."""

    runtime_id: str
    name: str
    id: str
    live: int | None
    target: int
    description: str | None
    status: str
    failure: str | None
    created_at: str
    updated_at: str


@dataclass(frozen=True)
class Door:
    """What the data plane needs to know about one endpoint: the version behind it, with its authorizer."""

    runtime_id: str
    arn: str
    qualifier: str
    version: int
    spec: Mapping[str, Any]

    @cached_property
    def authorizer(self) -> Mapping[str, Any] | None:
        """The customJWTAuthorizer of this version, or None: then callers sign with SigV4."""
        configuration = self.spec.get("authorizerConfiguration")
        return None if configuration is None else configuration["customJWTAuthorizer"]


class Store:
    """Reads at any time; writes only inside `with store.change():`."""

    def __init__(self, path: Path) -> None:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA foreign_keys=ON")
        self._db.executescript(_SCHEMA)
        self._found: dict[tuple[object, ...], Any] = {}
        row = ("log_salt", secrets.token_hex(16))
        self._db.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", row)

    def close(self) -> None:
        self._db.close()

    def add_tables(self, schema: str) -> sqlite3.Connection:
        """Make tables of another room in this file, where an older file lacks them; they share its transactions."""
        self._db.executescript(schema)
        return self._db

    def drop_client_tokens(self, owner: str) -> None:
        self._db.execute("DELETE FROM client_token WHERE runtime_id = ?", (owner,))

    @contextmanager
    def change(self) -> Iterator[None]:
        """One transaction; what callers need is looked up anew after it."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        self._found.clear()

    def log_salt(self) -> bytes:
        """Key for hashing subjects in the log: the same person is recognisable there, but not by name."""
        value: str = self._db.execute("SELECT value FROM meta WHERE name = 'log_salt'").fetchone()[0]
        return bytes.fromhex(value)

    def runtime(self, runtime_id: str) -> Runtime | None:
        row = self._db.execute("SELECT * FROM runtime WHERE id = ?", (runtime_id,)).fetchone()
        return Runtime(*row) if row else None

    def runtime_named(self, name: str) -> Runtime | None:
        row = self._db.execute("SELECT * FROM runtime WHERE name = ?", (name,)).fetchone()
        return Runtime(*row) if row else None

    def runtimes(self) -> list[Runtime]:
        return [Runtime(*r) for r in self._db.execute("SELECT * FROM runtime ORDER BY created_at, id")]

    def versions(self, runtime_id: str) -> list[Version]:
        """Newest first."""
        query = "SELECT * FROM version WHERE runtime_id = ? ORDER BY number DESC"
        return [_version(r) for r in self._db.execute(query, (runtime_id,))]

    def version(self, runtime_id: str, number: int) -> Version | None:
        """Kept like doors."""
        return self._kept(self._find_version, runtime_id, number)

    def _find_version(self, runtime_id: str, number: int) -> Version | None:
        query = "SELECT * FROM version WHERE runtime_id = ? AND number = ?"
        row = self._db.execute(query, (runtime_id, number)).fetchone()
        return _version(row) if row else None

    def endpoints(self, runtime_id: str) -> list[Endpoint]:
        query = "SELECT * FROM endpoint WHERE runtime_id = ? ORDER BY created_at, name"
        return [Endpoint(*r) for r in self._db.execute(query, (runtime_id,))]

    def endpoint(self, runtime_id: str, name: str) -> Endpoint | None:
        query = "SELECT * FROM endpoint WHERE runtime_id = ? AND name = ?"
        row = self._db.execute(query, (runtime_id, name)).fetchone()
        return Endpoint(*row) if row else None

    def door(self, runtime_id: str, qualifier: str) -> Door | None:
        """The live version behind an endpoint. Kept until the next change."""
        return self._kept(self._find_door, runtime_id, qualifier)

    def _kept(self, find: Callable[..., T], *about: object) -> T:
        """What was found for these since the last change; within a change everything is looked up."""
        if self._db.in_transaction:
            return find(*about)
        key, found = (find, about), self._found
        if key not in found:
            if len(found) >= MAX_KEPT:
                found.clear()
            found[key] = find(*about)
        kept: T = found[key]
        return kept

    def _find_door(self, runtime_id: str, qualifier: str) -> Door | None:
        runtime, endpoint = self.runtime(runtime_id), self.endpoint(runtime_id, qualifier)
        if runtime is None or runtime.status == "DELETING" or endpoint is None or endpoint.live is None:
            return None
        version = self.version(runtime_id, endpoint.live)
        if version is None:
            return None
        return Door(runtime_id, runtime.arn, qualifier, version.number, version.spec)

    def tags(self, arn: str) -> dict[str, str]:
        return dict(self._db.execute("SELECT name, value FROM tag WHERE arn = ? ORDER BY name", (arn,)))

    def client_token(self, operation: str, token: str) -> tuple[str, dict[str, Any]] | None:
        """(digest of the request, reply) of an earlier call with this token."""
        query = "SELECT digest, reply FROM client_token WHERE operation = ? AND token = ?"
        row = self._db.execute(query, (operation, token)).fetchone()
        return (row[0], json.loads(row[1])) if row else None

    def resource_policy(self, arn: str) -> str | None:
        """Kept like doors."""
        return self._kept(self._find_policy, arn)

    def _find_policy(self, arn: str) -> str | None:
        row = self._db.execute("SELECT policy FROM resource_policy WHERE arn = ?", (arn,)).fetchone()
        return str(row[0]) if row else None

    # Writes, inside change() only.

    def put_runtime(self, r: Runtime) -> None:
        # Not INSERT OR REPLACE: that deletes first, and the cascade would take versions and endpoints along.
        self._db.execute(
            "INSERT INTO runtime VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "latest = excluded.latest, status = excluded.status, failure = excluded.failure, "
            "updated_at = excluded.updated_at",
            astuple(r),
        )

    def put_version(self, v: Version) -> None:
        values = (v.runtime_id, v.number, json.dumps(v.spec), v.status, v.created_at)
        self._db.execute("INSERT OR REPLACE INTO version VALUES (?, ?, ?, ?, ?)", values)

    def put_endpoint(self, e: Endpoint) -> None:
        marks = ", ".join("?" * 10)
        self._db.execute(f"INSERT OR REPLACE INTO endpoint VALUES ({marks})", astuple(e))  # noqa: S608  only marks

    def put_client_token(self, operation: str, token: str, digest: str, reply: object, runtime_id: str) -> None:
        values = (operation, token, digest, json.dumps(reply), runtime_id)
        self._db.execute("INSERT OR REPLACE INTO client_token VALUES (?, ?, ?, ?, ?)", values)

    def put_tags(self, runtime_id: str, arn: str, tags: Mapping[str, str]) -> None:
        rows = [(runtime_id, arn, k, v) for k, v in tags.items()]
        self._db.executemany("INSERT OR REPLACE INTO tag VALUES (?, ?, ?, ?)", rows)

    def drop_tags(self, arn: str, names: list[str] | None = None) -> None:
        if names is None:
            self._db.execute("DELETE FROM tag WHERE arn = ?", (arn,))
        else:
            self._db.executemany("DELETE FROM tag WHERE arn = ? AND name = ?", [(arn, n) for n in names])

    def put_resource_policy(self, runtime_id: str, arn: str, policy: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO resource_policy VALUES (?, ?, ?)", (arn, runtime_id, policy))

    def drop_resource_policy(self, arn: str) -> None:
        self._db.execute("DELETE FROM resource_policy WHERE arn = ?", (arn,))

    def drop_endpoint(self, runtime_id: str, name: str) -> None:
        self._db.execute("DELETE FROM endpoint WHERE runtime_id = ? AND name = ?", (runtime_id, name))

    def drop_version(self, runtime_id: str, number: int) -> None:
        self._db.execute("DELETE FROM version WHERE runtime_id = ? AND number = ?", (runtime_id, number))

    def drop_runtime(self, runtime_id: str) -> None:
        """Remove a runtime with all that hangs off it, replies to client tokens too: its name is free again."""
        self.drop_client_tokens(runtime_id)
        self._db.execute("DELETE FROM runtime WHERE id = ?", (runtime_id,))


def _version(row: tuple[Any, ...]) -> Version:
    return Version(row[0], row[1], json.loads(row[2]), row[3], row[4])
