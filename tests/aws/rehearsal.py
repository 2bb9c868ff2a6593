"""`make up TARGET=aws` on this machine: the commands as on AWS, AWS itself played by the local cloud behind an edge."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from agentcore_local.control import Names
from orchestration.aws import AccessKey
from orchestration.clock import SystemClock
from orchestration.embedded.cloud import LocalCloud
from orchestration.embedded.decisions import decision_lines
from orchestration.ledger import Ports
from orchestration.settings import Deployment, Target
from tests.aws.certificates import Authority
from tests.aws.edge import Edge, Listener
from tests.aws.front import Front, Seen
from tests.aws.hosts import Region
from tests.aws.inside import Inside
from tests.aws.needs import Account, Need
from tests.aws.operations import Call
from tests.aws.played import Played
from tests.aws.policies import Policies
from tests.aws.recording import (
    ACCOUNT,
    DEPLOYER,
    ENVIRONMENT,
    PROJECT,
    REGION,
    ROOT,
    Recorded,
    Recording,
    merged,
    plain,
)
from tests.aws.setting import TFVARS, copy_sources, environment_of, make_principals, package_indices
from tests.aws.signatures import Key

COMMANDS = {
    "up": ["up"],
    "smoke-test": ["smoke-test"],
    "drift": ["drift"],
    "ask": ["ask", "what is the credit score for me? my customer id is 1234"],
    "down": ["down"],
}
DEADLINE_S = 400


@dataclass
class Rehearsal:
    """A clone in which commands run as for AWS. `seen` are the calls so far."""

    root: Path
    environment: Mapping[str, str]
    front: Front
    edge: Edge
    cloud: LocalCloud
    seen: list[Seen] = field(default_factory=list)

    def invoke(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(ROOT / ".venv/bin/invoke"), *words)

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv,
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )

    def allow(self, policies: Policies) -> None:
        """From now on the deployer may do that much."""
        self.front.policies = {DEPLOYER: policies}


@contextmanager
def rehearsing(folder: Path, policies: Policies) -> Iterator[Rehearsal]:
    """`policies` are what the deployer may. Everything is gone afterwards but the folder."""
    root = folder / "clone"
    copy_sources(root)
    (root / "terraform/environments/dev.tfvars").write_text(TFVARS)
    (root / ".state").mkdir(mode=0o700)
    deployment = Deployment(Target.LOCAL, "cloud", REGION, root)
    seen: list[Seen] = []
    account = Account(REGION, ACCOUNT)
    cloud = Watched(deployment, lambda role, call: seen.append(Seen(role, call, tuple(account.needs(call)), (), 0)))
    ports = cloud.start(None)
    try:
        user = make_principals(cloud.root_key(), ports)
        region, authority = Region(REGION, ports), Authority()
        front = Front(
            region=region,
            account=account,
            root=Key(cloud.root_key().id, cloud.root_key().secret, None, f"arn:aws:iam::{ACCOUNT}:root"),
            policies={DEPLOYER: policies},
            tell=seen.append,
            played=Played(cloud, time.time).answer,
            keys={user.id: user},
        )
        edge = Edge(authority, region.place, front.handle, beside=package_indices())
        with Listener(edge) as listener:
            threading.Thread(target=listener.serve_forever, daemon=True).start()
            environment = environment_of(folder, listener.url, authority.pem, user)
            yield Rehearsal(root, environment, front, edge, cloud, seen)
            listener.shutdown()
    finally:
        cloud.stop()


class Watched(LocalCloud):
    """A local cloud whose runtime speaks to the emulator through somebody who listens."""

    def __init__(self, deployment: Deployment, tell: Callable[[str, Call], None]) -> None:
        super().__init__(deployment, dict(os.environ), SystemClock(), lambda line: None)
        self._tell = tell

    def _start_runtime(self, ports: Ports, key: AccessKey) -> None:
        inside = Inside(ports.aws, self._tell)
        threading.Thread(target=inside.serve_forever, daemon=True).start()
        super()._start_runtime(replace(ports, aws=inside.server_address[1]), key)


def recorded(seen: Iterable[Seen]) -> set[Recorded]:
    """Calls as they are kept; one without a need of its own too."""
    found = set()
    for one in seen:
        kind = one.by.rpartition("/")[2] if one.by.startswith("arn:") else one.by
        for need in one.needs or (Need("", ""),):
            keys = tuple(sorted((name, value) for name, value in need.keys.items() if value is not None))
            call = (kind, one.call.service, one.call.operation, need.action, plain(need.resource))
            found.add(Recorded(*call, keys))
    return found


def identities() -> set[Recorded]:
    """What an agent needs that asks AgentCore Identity for its token. It asks agentcore_local itself, whose record
    tells of it (bedrock-agentcore-starter-toolkit: execution role policy)."""
    names, name = Names(REGION, ACCOUNT, str), f"{PROJECT}-{ENVIRONMENT}"
    runtime = f"{PROJECT}_{ENVIRONMENT}-0000000000"
    secret = f"bedrock-agentcore-identity!default/oauth2/{name}-gateway-000000"
    needs = {
        "bedrock-agentcore:GetResourceOauth2Token": [
            names.token_vault,
            names.provider_arn(f"{name}-gateway"),
            names.workload_directory,
            names.workload_arn(runtime),
        ],
        "secretsmanager:GetSecretValue": [f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{secret}"],
    }
    return {
        Recorded(f"{name}-runtime", "bedrock-agentcore", "GetResourceOauth2Token", action, resource)
        for action, resources in needs.items()
        for resource in resources
    }


def asked_of_identity(cloud: LocalCloud) -> int:
    return sum('"op": "GetResourceOauth2Token"' in line for line in decision_lines(cloud.runtime_folder))


def record(
    folder: Path, policies: Policies, between: Mapping[str, Callable[[Rehearsal], None]] = MappingProxyType({})
) -> Recording:
    """Run every command once as the deployer, and keep what it called; between[command] runs after that command.

    Raises AssertionError for a command that fails.
    """
    by_command: dict[str, set[Recorded]] = {}
    with rehearsing(folder, policies) as rehearsal:
        for name, words in COMMANDS.items():
            before, known = len(rehearsal.seen), asked_of_identity(rehearsal.cloud)
            done = rehearsal.invoke(*words)
            said = f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
            assert done.returncode == 0, f"{name} ended with {done.returncode}:\n{said}"
            by_command[name] = recorded(rehearsal.seen[before:])
            # Later commands may find agents that hold a token still.
            if name == "up" and asked_of_identity(rehearsal.cloud) > known:
                by_command[name] |= identities()
            if name in between:
                between[name](rehearsal)
        assert rehearsal.front.faults == []
        assert rehearsal.edge.nowhere == set()
        roles = {
            one.call.params["RoleName"]: json.loads(one.call.params["PolicyDocument"])
            for one in rehearsal.seen
            if one.call.operation == "PutRolePolicy"
        }
    return Recording(merged(by_command), roles, tuple(COMMANDS))
