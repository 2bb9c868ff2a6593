"""What the evidence folder is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Door:
    """One runtime that was called. `authorizer` is authorizerConfiguration as read back; None: IAM callers."""

    name: str
    runtime_arn: str
    runtime_version: str | None
    authorizer: Mapping[str, Any] | None
    as_asked: bool | None = None
    """Whether the authorizer is the one that was asked for; None: nobody compared."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What ran. A digest is SHA-256 in hex; None: there was nothing to take it from."""

    region: str
    tools: Mapping[str, str]
    """{"terraform": "1.11.4", "provider hashicorp/aws": "6.2.0", "python": "3.11.7"}"""
    packages: Mapping[str, str]
    commit: str | None
    uncommitted_changes: bool | None
    pending_changes: bool | None
    """Whether Terraform would change something of what it owns; the runtimes are not among it."""
    digests: Mapping[str, str | None]
    """{"agent artifact": hex, "terraform plan": hex, "terraform outputs": hex}"""


@dataclass(frozen=True, slots=True)
class EvidenceInputs:
    """Everything that `write` needs. The same inputs make the same bytes.

    taken_at: Unix seconds. smoke: the document of `smoke-test --json`. requests: {"case", "method", "url", "headers":
    [[name, value]], "body_bytes"}, as sent; they are redacted before anything is written. secrets: {name: value} that
    must not be found in the folder; their values are only looked for.
    """

    taken_at: float
    smoke: Mapping[str, Any]
    doors: Sequence[Door]
    provenance: Provenance
    requests: Sequence[Mapping[str, Any]] = field(repr=False, default=())
    secrets: Mapping[str, str] = field(repr=False, default_factory=dict)

    @property
    def taken(self) -> str:
        """taken_at as "2026-01-31T12:00:00Z"."""
        return datetime.fromtimestamp(self.taken_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
