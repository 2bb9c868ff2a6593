"""AWS's names in one region, and where on this machine each of them is played."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from orchestration.ledger import Ports
from tests.aws.signatures import Wire

PLAYED = ("codebuild", "cognito-idp", "lambda", "logs", "monitoring", "secretsmanager", "sts", "tagging")


@dataclass(frozen=True, slots=True)
class Place:
    """One host. `service` is botocore's name; `inward` makes the target that is asked for there into one that is
    asked for here."""

    host: str
    service: str
    port: int
    inward: Callable[[str], str]
    bucket: str = ""


class Region:
    """The hosts of a region (botocore: endpoint rule sets; Cognito devguide: user pool domains)."""

    def __init__(self, name: str, ports: Ports) -> None:
        self.name = name
        self._ports = ports
        self._own = {f"{service}.{name}.amazonaws.com": service for service in PLAYED}
        self._own |= {f"api.ecr.{name}.amazonaws.com": "ecr", "iam.amazonaws.com": "iam"}
        dotted = re.escape(name)
        self._bucket = re.compile(rf"([a-z0-9-]+)\.s3\.{dotted}\.amazonaws\.com")
        self._gateway = re.compile(rf"([a-z0-9-]+)\.gateway\.bedrock-agentcore\.{dotted}\.amazonaws\.com")
        self._domain = re.compile(rf"[a-z0-9-]+\.auth\.{dotted}\.amazoncognito\.com")

    @property
    def data_plane(self) -> str:
        return f"bedrock-agentcore.{self.name}.amazonaws.com"

    def place(self, host: str) -> Place | None:
        """None for a host that AWS has not, or that is not played."""
        here = self._ports
        if host in self._own:
            return Place(host, self._own[host], here.aws, _same)
        if host == f"bedrock-agentcore-control.{self.name}.amazonaws.com":
            return Place(host, "bedrock-agentcore-control", here.control_plane, _same)
        if host == self.data_plane:
            return Place(host, "bedrock-agentcore", here.data_plane, _same)
        if found := self._gateway.fullmatch(host):
            prefix = f"/gateways/{found[1]}"
            return Place(host, "gateway", here.data_plane, lambda target: prefix + target)
        if self._domain.fullmatch(host):
            return Place(host, "hosted-domain", here.aws, _same)
        if host == f"s3.{self.name}.amazonaws.com":
            return Place(host, "s3", here.aws, _same)
        if found := self._bucket.fullmatch(host):
            bucket = found[1]
            return Place(host, "s3", here.aws, lambda target: _under(bucket, target), bucket)
        return None

    def outward(self, text: bytes) -> bytes:
        """What the planes say of themselves, in AWS's words."""
        text = re.sub(
            rb"http://127\.0\.0\.1:%d/gateways/([a-z0-9-]+)" % self._ports.data_plane,
            rb"https://\1.gateway.bedrock-agentcore.%s.amazonaws.com" % self.name.encode(),
            text,
        )
        return text.replace(b"http://127.0.0.1:%d" % self._ports.data_plane, b"https://" + self.data_plane.encode())

    def inward(self, text: bytes) -> bytes:
        """The opposite, for what an agent on this machine is told."""
        text = re.sub(
            rb"https://([a-z0-9-]+)\.gateway\.bedrock-agentcore\.%s\.amazonaws\.com" % re.escape(self.name).encode(),
            rb"http://127.0.0.1:%d/gateways/\1" % self._ports.data_plane,
            text,
        )
        return text.replace(b"https://" + self.data_plane.encode(), b"http://127.0.0.1:%d" % self._ports.data_plane)


def moved(wire: Wire, place: Place, body: bytes) -> Wire:
    """The request as it is handed to this machine; a host that was sent more than once stays so."""
    address = f"127.0.0.1:{place.port}"
    headers = [(n, address if n.lower() == "host" and v == place.host else v) for n, v in wire.headers]
    return replace(wire, target=place.inward(wire.target), headers=headers, body=body)


def _same(target: str) -> str:
    return target


def _under(bucket: str, target: str) -> str:
    """By path: the emulator's name is no domain of buckets."""
    path, mark, query = target.partition("?")
    return f"/{bucket}{'' if path == '/' else path}{mark}{query}"
