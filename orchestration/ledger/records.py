"""What a deployment made outside Terraform, as values."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Ports:
    """Loopback ports of the local cloud, remembered so that endpoints stay the same."""

    aws: int
    control_plane: int
    data_plane: int


@dataclass(frozen=True, slots=True)
class RuntimeRecord:
    """The runtime that was launched."""

    name: str
    id: str
    arn: str
    artifact_version: str | None = None
    """Version of the package in the bucket that was launched; None where that is not known."""
    spec_digest: str | None = None
    """Of what was sent to make it; None where that is not known."""
    image: str | None = None
    """Of a container: its URI."""
    image_digest: str | None = None
    source_digest: str | None = None
    """Of the sources that the image was built from."""


@dataclass(frozen=True, slots=True)
class GatewayRecord:
    """The gateway that was made for the agent's tools."""

    name: str
    id: str
    arn: str
    url: str
    """Where its tools are called, by MCP."""
    target_id: str | None = None
    """The target behind it; None until that is made."""
    credential_provider: str | None = None
    """Name of the provider that holds the agent's client; None until that is made."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What one deployment made outside Terraform."""

    target: str
    environment: str
    region: str
    account: str | None = None
    """AWS account in which things were made; None until anything is."""
    ports: Ports | None = None
    runtime: RuntimeRecord | None = None
    state_bucket: str | None = None
    """Bucket that holds Terraform's state; None while it is a file beside this one."""
    doors: tuple[RuntimeRecord, ...] = ()
    """Further runtimes, which the smoke matrix made to have other doors."""
    gateway: GatewayRecord | None = None
    deployment: str | None = None
    """What Terraform was last applied for, "code" or "container"; None where that is not known."""

    def with_account(self, account: str | None) -> Ledger:
        return replace(self, account=account)

    def with_state_bucket(self, bucket: str | None) -> Ledger:
        return replace(self, state_bucket=bucket)

    def with_ports(self, ports: Ports) -> Ledger:
        return replace(self, ports=ports)

    def with_runtime(self, runtime: RuntimeRecord | None) -> Ledger:
        return replace(self, runtime=runtime)

    def with_gateway(self, gateway: GatewayRecord | None) -> Ledger:
        return replace(self, gateway=gateway)

    def with_deployment(self, deployment: str | None) -> Ledger:
        return replace(self, deployment=deployment)

    def door(self, name: str) -> RuntimeRecord | None:
        """The record of the door of that runtime name."""
        return next((door for door in self.doors if door.name == name), None)

    def with_door(self, made: RuntimeRecord) -> Ledger:
        return replace(self, doors=(*(door for door in self.doors if door.name != made.name), made))

    def without_door(self, name: str) -> Ledger:
        return replace(self, doors=tuple(door for door in self.doors if door.name != name))
