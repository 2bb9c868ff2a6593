"""The local cloud of one environment: two daemons, three ports, one root key."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import string
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.aws import AccessKey
from orchestration.clock import Clock
from orchestration.embedded.changes import CHANGES_PATH, Seen
from orchestration.embedded.daemon import (
    LOOPBACK,
    Daemon,
    base_environment,
    end_strays,
    free_port,
    holds,
    in_folders,
    is_free,
    owner_of,
)
from orchestration.embedded.decisions import oidc_map
from orchestration.embedded.saving import Saving
from orchestration.errors import BadInput, Unfit
from orchestration.http import fetched, healthy
from orchestration.ledger import Ports
from orchestration.settings import LOCAL_ACCOUNT, Deployment, Endpoints, port

SERVICES = (
    "iam,sts,s3,ecr,codebuild,cognito-idp,cognito-identity,secretsmanager,logs,lambda,sqs,tagging,bedrock-agentcore"
)
EMULATOR_HEALTH = "/_ministack/health"
RUNTIME_HEALTH = "/_agentcore_local/health"
HEALTH_S = 2.0
PORT_VARIABLES = {
    "aws": "LOCAL_AWS_PORT",
    "control_plane": "LOCAL_CONTROL_PORT",
    "data_plane": "LOCAL_DATA_PORT",
}


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """One line of `local.status`."""

    name: str
    running: bool
    healthy: bool
    pid: int | None
    port: int
    log: Path
    moved: bool = False
    """It runs on from where its folder was: it may answer, but cannot load what it has not loaded yet."""

    def defect(self) -> str:
        """What is wrong with one that is not healthy."""
        if not self.running:
            return "it is not running"
        what = ", which was moved with its folder, works in part" if self.moved else " does not answer"
        return f"pid {self.pid}{what}"


class LocalCloud:
    """Starts, checks and stops the emulator and agentcore_local of one deployment."""

    def __init__(
        self, deployment: Deployment, env: Mapping[str, str], clock: Clock, note: Callable[[str], None]
    ) -> None:
        self._deployment = deployment
        self._env = env
        self._clock = clock
        self._note = note
        self._folder = deployment.state_dir / "cloud"
        self.emulator = Daemon("ministack", self._folder)
        self.runtime = Daemon("agentcore_local", self._folder)
        self.saving = Saving(self.emulator, self._folder / "ministack")
        self.run = secrets.token_hex(16)
        """Names this command in what Terraform sends to the emulator."""

    def start(self, remembered: Ports | None) -> Ports:
        """Bring both daemons up on the remembered ports where these are free. Safe to call when they run."""
        self.check_ports(remembered)  # before anything is made, and before anything is stopped
        wishes = self._wishes()
        key = self.root_key(create=True)
        if remembered and self._running(remembered):
            if all(wish in (None, getattr(remembered, name)) for name, wish in wishes.items()):
                return remembered
        self.stop()
        ports = self._choose_ports(remembered, wishes)
        self._start_emulator(ports, key)
        self._start_runtime(ports, key)
        return ports

    def checkpoint(self, ports: Ports) -> None:
        """Make the emulator write its state. Raises Unfit when it does not."""
        self.saving.save(f"http://{LOOPBACK}:{ports.aws}")

    def changes(self, ports: Ports) -> Seen | None:
        """What may have changed in the emulator since its start; None where it does not say."""
        text = fetched(f"http://{LOOPBACK}:{ports.aws}{CHANGES_PATH}", HEALTH_S)
        try:
            return Seen.of(json.loads(text), self.run) if text is not None else None
        except (ValueError, KeyError, TypeError):
            return None

    def stop(self) -> bool:
        """Stop both; True if something was running."""
        stopped = self.runtime.stop()
        stopped |= self.emulator.stop()
        return self.stop_strays() or stopped

    def stop_strays(self) -> bool:
        """End daemons of this deployment that no pid file names, as when the state folder was deleted."""
        return end_strays(self._folder, (self.emulator.name, self.runtime.name))

    def processes(self) -> list[tuple[int, str]]:
        """(pid, command line) of what still works in the cloud's folder: daemons, agents, functions."""
        inside = in_folders(lambda place: self._folder in (place, *place.parents), ("python", self.emulator.name))
        return [(process.pid, " ".join(process.info["cmdline"] or [])) for _, process in inside]

    def require_running(self, ports: Ports | None, *, asked: bool = True) -> Ports:
        """The ports, if all is well. Raises Unfit naming the daemon that is not there and the remedy. As `status`."""
        remedy = self._deployment.command("make up")
        if ports is None:
            raise Unfit(
                f"there is no local cloud for environment {self._deployment.environment!r} yet",
                remedy=remedy,
                code="local_cloud_absent",
            )
        for status in self.status(ports, asked=asked):
            if not status.healthy:
                raise Unfit(
                    f"{status.name} is down: {status.defect()} on {LOOPBACK}:{status.port}",
                    remedy=remedy,
                    code="local_cloud_down",
                )
        return ports

    def status(self, ports: Ports, *, asked: bool = True) -> list[DaemonStatus]:
        """Both daemons, healthy if all their planes answer, or if not `asked`, hold their ports."""
        base = f"http://{LOOPBACK}:"
        planes = [ports.data_plane, ports.control_plane]
        emulator = [f"{base}{ports.aws}{EMULATOR_HEALTH}"]
        runtime = [f"{base}{number}{RUNTIME_HEALTH}" for number in planes]
        return [
            self._status(self.emulator, [ports.aws], emulator if asked else []),
            self._status(self.runtime, planes, runtime if asked else []),
        ]

    def endpoints(self, ports: Ports) -> Endpoints:
        """The token endpoint is the emulator's: Cognito's hosted domains do not exist locally."""
        base = f"http://{LOOPBACK}:"
        return Endpoints(
            aws=f"{base}{ports.aws}",
            control_plane=f"{base}{ports.control_plane}",
            data_plane=f"{base}{ports.data_plane}",
            token_url=f"{base}{ports.aws}/oauth2/token",
        )

    def root_key(self, *, create: bool = False) -> AccessKey:
        """The emulator's root key, random per environment, in a file with mode 0600."""
        path = self._folder / "root-key.json"
        if create and not path.exists():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            letters = string.ascii_uppercase + string.digits
            # AWS's own prefix, so that no tool mistakes its form; never 12 digits, which the emulator lets in unsigned.
            key_id = "AKIA" + "".join(secrets.choice(letters) for _ in range(16))
            # Whole or not at all, also on a full disk: half a key would stop every later command.
            new = path.with_suffix(".new")
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w") as f:
                json.dump({"id": key_id, "secret": secrets.token_urlsafe(30)}, f)
            new.replace(path)
        try:
            stored: dict[str, Any] = json.loads(path.read_text())
            return AccessKey(id=str(stored["id"]), secret=str(stored["secret"]))
        except (OSError, ValueError, KeyError, TypeError):
            raise Unfit(
                f"{path} cannot be read",
                remedy=self._deployment.command("make down"),
                code="corrupt_root_key",
            ) from None

    def signing_key(self, pool_id: str, use: str) -> bytes:
        """PEM of the key with which the emulator signs a pool's "access" or "id" tokens: for forging in checks."""
        path = self._folder / "ministack" / "state" / "cognito-pool-keys" / f"{pool_id}-{use}.pem"
        try:
            return path.read_bytes()
        except OSError as e:
            raise Unfit(
                f"the emulator's key {path.name} cannot be read: {type(e).__name__}",
                remedy=self._deployment.command("make up"),
                code="no_pool_key",
            ) from None

    def agent_logs(self, runtime_ids: Sequence[str]) -> list[Path]:
        """What the agents of these runtimes write, one file a version."""
        agents = self._folder / "agentcore_local" / "agents"
        return [path for runtime_id in runtime_ids for path in sorted((agents / runtime_id).glob("*/agent.log"))]

    @property
    def runtime_folder(self) -> Path:
        """What agentcore_local keeps: state, agents, the record of its decisions."""
        return self._folder / "agentcore_local"

    def erase(self) -> None:
        """Remove everything that the daemons kept."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _running(self, ports: Ports | None) -> bool:
        """True if both are healthy and run the code, the packages and the key of now."""
        daemons = (self.emulator, self.runtime)
        return (
            ports is not None
            and all(status.healthy for status in self.status(ports))
            and all(daemon.recorded_version() == self._version() for daemon in daemons)
        )

    def _version(self) -> str:
        """Digest of what a running daemon depends on; one that differs is started anew."""
        # Moved with its folder, a daemon would go on writing to where that was.
        total = hashlib.sha256(f"{SERVICES}\0{self.root_key().secret}\0{self._folder}".encode())
        root = self._deployment.root
        sources = [*self._package.rglob("*.py"), *(root / "orchestration/embedded").glob("*.py")]
        for path in [root / "requirements.lock", *sorted(sources)]:
            total.update(path.read_bytes() if path.exists() else b"")
        return total.hexdigest()

    @property
    def _package(self) -> Path:
        return self._deployment.root / "agentcore_local"

    def _status(self, daemon: Daemon, numbers: list[int], urls: list[str]) -> DaemonStatus:
        process = daemon.process()
        moved = process is not None and daemon.moved()
        answers = process is not None and holds(process.pid, numbers) and all(healthy(url) for url in urls)
        return DaemonStatus(
            daemon.name,
            process is not None,
            answers and not moved,
            process.pid if process else None,
            numbers[0],
            daemon.log_path,
            moved,
        )

    def _wishes(self) -> dict[str, int | None]:
        """The ports that the user fixed. Raises BadInput for one that is none, or is wished twice."""
        wishes = {name: port(self._env, variable) for name, variable in PORT_VARIABLES.items()}
        for number in filter(None, wishes.values()):
            names = [PORT_VARIABLES[name] for name, wish in wishes.items() if wish == number]
            if len(names) > 1:
                raise BadInput(
                    f"{' and '.join(names)} are both {number}", remedy="give each its own port", code="bad_port"
                )
        return wishes

    def check_ports(self, remembered: Ports | None) -> None:
        """Look before anything is stopped: a wrong wish must not cost a healthy cloud. Raises BadInput, Unfit."""
        own = {remembered.aws, remembered.control_plane, remembered.data_plane} if remembered else set()
        for name, wish in self._wishes().items():
            if wish is not None and wish not in own and not is_free(wish):
                raise self._taken(PORT_VARIABLES[name], wish)

    def _taken(self, variable: str, number: int) -> Unfit:
        return Unfit(
            f"{variable} is {number}, a port that {owner_of(number)} holds",
            remedy=f"choose another port, or unset {variable}",
            code="port_taken",
        )

    def _choose_ports(self, remembered: Ports | None, wishes: Mapping[str, int | None]) -> Ports:
        chosen: dict[str, int] = {}
        wished = [wish for wish in wishes.values() if wish is not None]
        for name, variable in PORT_VARIABLES.items():
            wish = wishes[name]
            old = getattr(remembered, name) if remembered else None
            if wish is not None and not is_free(wish):
                raise self._taken(variable, wish)
            if wish is None and old is not None and not is_free(old):
                self._note(f"port {old} is now held by {owner_of(old)}; choosing another for {name}")
                old = None
            number = wish or old or free_port()
            while wish is None and number in (*chosen.values(), *wished):
                number = free_port()
            chosen[name] = number
        return Ports(**chosen)

    def _start_emulator(self, ports: Ports, key: AccessKey) -> None:
        state = self._folder / "ministack"
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        env = base_environment(self._env) | {
            "GATEWAY_PORT": str(ports.aws),
            "BIND_HOST": LOOPBACK,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "SERVICES": SERVICES,
            # A process of its own on this machine: a container would need Docker.
            "LAMBDA_EXECUTOR": "local",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(state / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(state / "s3"),
            "AUTH": "true",
            "LOG_LEVEL": "WARNING",
            "MINISTACK_REGION": self._deployment.region,
            "MINISTACK_ACCOUNT_ID": LOCAL_ACCOUNT,
            "AWS_ACCESS_KEY_ID": key.id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
            "TMPDIR": str(state),
            "PYTHONPATH": str(self._deployment.root),
        }
        url = f"http://{LOOPBACK}:{ports.aws}{EMULATOR_HEALTH}"
        self._note(f"starting ministack on {LOOPBACK}:{ports.aws}")
        program = [sys.executable, "-m", "orchestration.embedded.ministack_server"]
        self.emulator.start(program, env, [ports.aws], lambda: healthy(url), self._clock, self._version())

    def _start_runtime(self, ports: Ports, key: AccessKey) -> None:
        emulator = f"http://{LOOPBACK}:{ports.aws}"
        argv = [sys.executable, "-m", "agentcore_local"]
        argv += ["--state-dir", str(self.runtime_folder)]
        argv += ["--control-port", str(ports.control_plane), "--data-port", str(ports.data_plane)]
        argv += ["--region", self._deployment.region, "--account-id", LOCAL_ACCOUNT]
        argv += ["--aws-endpoint-url", emulator, *oidc_map(self._deployment.region, emulator)]
        env = base_environment(self._env) | {
            "AWS_ACCESS_KEY_ID": key.id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONPATH": str(self._deployment.root),
        }
        planes = [ports.control_plane, ports.data_plane]
        urls = [f"http://{LOOPBACK}:{number}{RUNTIME_HEALTH}" for number in planes]
        self._note(f"starting agentcore_local on {LOOPBACK}:{ports.control_plane} and :{ports.data_plane}")
        self.runtime.start(argv, env, planes, lambda: all(healthy(url) for url in urls), self._clock, self._version())
