"""The composition root: makes the tools of one deployment. Imported by tasks.py alone."""

from __future__ import annotations

import getpass
import os
import signal
import sys
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestration.aws import (
    AccessKey,
    ArtifactBucket,
    BotoRuntimeControl,
    Clients,
    CognitoProvider,
    DecisionLog,
    Identity,
    StateBucket,
    identity,
    known_regions,
)
from orchestration.checks.case import Door
from orchestration.checks.request import Sender, bearer_request
from orchestration.checks.run import Subject
from orchestration.client import AgentClient, TokenSource
from orchestration.clock import Clock, SystemClock
from orchestration.commands.callers import Caller
from orchestration.commands.matrix import Choice
from orchestration.commands.project import Project
from orchestration.commands.proof import Foreign
from orchestration.commands.review import Wishes
from orchestration.consent import consent
from orchestration.console import Console
from orchestration.desks import Desks
from orchestration.embedded.cloud import LocalCloud
from orchestration.embedded.decisions import Decisions, oidc_map
from orchestration.errors import INTERRUPTED, PIPE_CLOSED, GateRefused, OrchestrationError, Unfit
from orchestration.http import aws_client, client_credentials, local_client
from orchestration.ledger import LedgerFile
from orchestration.runtime.doors import DoorMaker
from orchestration.runtime.launch import Launcher
from orchestration.runtime.toolkit import Toolkit
from orchestration.settings import (
    LOCAL_ACCOUNT,
    Deployment,
    Endpoints,
    Settings,
    Target,
    aws_endpoints,
    model_id,
    remote_state,
    select_deployment,
)
from orchestration.steps import Steps
from orchestration.subjects import Subjects
from orchestration.terminal import Terminal
from orchestration.terraform import MIRROR_VARIABLE, Environment, RemoteState, TerraformDriver, find_mirror
from orchestration.tokens import Desk, TokenBroker, Wish

__all__ = ["MISLEADING", "Caller", "Choice", "Foreign", "Wish", "Wishes", "build", "session"]

# With these set, an SDK would not go where `local.env` points it.
MISLEADING = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_ENDPOINT_URL_S3")

# What a runtime that is not ours may take for one call.
FOREIGN_REQUEST_S = 60.0


@dataclass(frozen=True, slots=True)
class TargetTools:
    """steps.Tools for one target. `key` is the emulator's root key, asked for when it exists; None on AWS."""

    deployment: Deployment
    env: Mapping[str, str]
    console: Console
    clock: Clock
    cloud: LocalCloud | None
    yes: bool

    def check_terraform(self) -> None:
        place = Environment(self._binary, self.deployment.root, self.deployment.state_dir, self.env)
        TerraformDriver(place).check_binary()
        if MIRROR_VARIABLE in self.env:
            find_mirror(self.env)

    def terraform(self, endpoints: Endpoints) -> TerraformDriver:
        """Raises GateRefused where STATE_BUCKET alone would pass over the state that is here."""
        place = self.remote()
        if place is not None and self._recorded_bucket() is None:
            local = self.driver(endpoints, None).local_state()
            if local is not None and local.resources:
                raise GateRefused(
                    f"STATE_BUCKET is {place.bucket!r}, but {self.deployment.state_dir.name} has its state here",
                    remedy=f"move it: {self.deployment.command('invoke state.bootstrap')}, or unset STATE_BUCKET",
                    code="state_is_local",
                )
        return self.driver(endpoints, place)

    def remote(self, bucket: str | None = None) -> RemoteState | None:
        return remote_state(self.deployment, self._recorded_bucket() or bucket, self.env)

    def state_store(self, endpoints: Endpoints, bucket: str) -> StateBucket:
        return StateBucket(self._clients(endpoints), bucket, self.account())

    def _recorded_bucket(self) -> str | None:
        ledger = LedgerFile(self.deployment.ledger_path).load()
        return ledger.state_bucket if ledger else None

    def driver(self, endpoints: Endpoints, place: RemoteState | None) -> TerraformDriver:
        where = Environment(
            binary=self._binary,
            source_dir=self.deployment.root / "terraform",
            work_dir=self.deployment.state_dir,
            variables=self._variables(endpoints),
            # OpenTofu has a registry of its own, whose entries the committed lock file does not hold.
            lock_readonly=not Path(self._binary).name.startswith("tofu"),
            tfvars=self._tfvars(),
            var_files=tuple(path for path in [self.deployment.tfvars_path] if path.is_file()),
            remote=place,
        )
        return TerraformDriver(where, note=self.console.note)

    def _tfvars(self) -> dict[str, Any]:
        """Which accounts are allowed is not ours to say: that would wave every account through."""
        chosen = self.deployment
        ours: dict[str, Any] = {"environment": chosen.environment, "region": chosen.region}
        ours |= {"model_ids": [model_id(self.env)], "s3_use_path_style": self.cloud is not None}
        if self.cloud is not None:
            # Expiry of old packages is one resource that the provider watches for a minute; nothing ages locally.
            ours["artifact_noncurrent_days"] = None
            # The emulator forgets this setting, and the provider then takes its own apply for failed.
            ours["refresh_token_rotation"] = False
            # The emulator knows no saved queries, and forgets most of what an alarm is made of.
            ours["auth_alarms_enabled"] = False
        return ours

    def control(self, endpoints: Endpoints) -> BotoRuntimeControl:
        return BotoRuntimeControl(self._clients(endpoints))

    def broker(self, settings: Settings) -> TokenBroker:
        client = self._http(settings.waits.request_s)
        provider = CognitoProvider(self._clients(settings.endpoints))
        return TokenBroker(settings, provider, lambda *args: client_credentials(client, *args))

    def sender(self, settings: Settings) -> Sender:
        return self._subjects(settings.endpoints, settings.waits.request_s).sender()

    def desk(self, settings: Settings, *, browser: bool = True) -> Desk:
        return self._desks(settings, browser).desk(settings)

    def agent(self, settings: Settings, runtime_arn: str, tokens: TokenSource) -> AgentClient:
        return self._desks(settings, False).agent(settings, runtime_arn, tokens)

    def _desks(self, settings: Settings, browser: bool) -> Desks:
        screen = sys.platform in ("darwin", "win32") or any(
            self.env.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
        )
        terminal = Terminal(
            say=self.console.say,
            read_secret=getpass.getpass if sys.stdin.isatty() else None,
            browse=webbrowser.open if browser and screen else None,
        )
        http = self._http(settings.waits.request_s)
        return Desks(self._clients(settings.endpoints), http, self.clock, terminal, self.env)

    def subject(self, settings: Settings, doors: Mapping[Door, str]) -> Subject:
        subjects = self._subjects(settings.endpoints, settings.waits.request_s)
        return subjects.own(settings, self.broker(settings), doors)

    def foreign_subject(
        self, endpoints: Endpoints, runtime_arn: str, discovery_url: str, client_id: str, token: str | None
    ) -> Subject:
        return self._subjects(endpoints, FOREIGN_REQUEST_S).foreign(runtime_arn, discovery_url, client_id, token)

    def door_maker(self, settings: Settings) -> DoorMaker:
        status_of = self._asker(settings)
        return DoorMaker(
            control=self.control(settings.endpoints),
            known=lambda arn: status_of(arn) != 404,
            clock=self.clock,
            note=self.console.note,
            timeout_s=settings.waits.launch_s,
            poll_s=self._poll_s,
        )

    def launcher(self, settings: Settings) -> Launcher:
        toolkit = Toolkit(
            variables=self._variables(settings.endpoints)
            | {
                # The toolkit reads these when it is imported (starter toolkit 0.3.14, utils/endpoints).
                "BEDROCK_AGENTCORE_CP_ENDPOINT": settings.endpoints.control_plane,
                "BEDROCK_AGENTCORE_DP_ENDPOINT": settings.endpoints.data_plane,
            },
            log_dir=self.deployment.state_dir,
            agent_log=str(self.deployment.state_dir / "cloud" / "agentcore_local" / "agents")
            if self.cloud
            else "the runtime's log group in CloudWatch",
            region=self.deployment.region,
            timeout_s=settings.waits.launch_s,
        )
        return Launcher(
            settings=settings,
            agent_dir=self.deployment.root / "agent",
            control=self.control(settings.endpoints),
            deployer=toolkit,
            answers=self._asker(settings),
            artifact_version=ArtifactBucket(self._clients(settings.endpoints)).version,
            clock=self.clock,
            note=self.console.note,
            poll_s=self._poll_s,
        )

    def decisions(self, endpoints: Endpoints) -> Decisions:
        flags = oidc_map(self.deployment.region, endpoints.aws) if endpoints.aws else []
        return Decisions(self.deployment.root, flags, self.env)

    def decision_log(self, settings: Settings, since: float) -> list[str]:
        outputs = settings.outputs
        return DecisionLog(self._clients(settings.endpoints)).lines(outputs.project, outputs.environment, since)

    def account(self) -> str:
        return LOCAL_ACCOUNT if self.cloud else self._identity().account

    def confirm_spending(self) -> None:
        if self.cloud is None:
            who = self._identity()
            ask = sys.stdin.readline if sys.stdin.isatty() else None
            text = f"AWS account {who.account}, region {who.region}, as {who.arn}"
            consent(text, self.env, yes=self.yes, say=self.console.say, ask=ask)

    def _identity(self) -> Identity:
        return identity(self._clients(aws_endpoints(self.deployment.region)))

    @property
    def _binary(self) -> str:
        """A name for PATH, or a path made absolute: Terraform runs in another folder than the user."""
        wish = self.env.get("TERRAFORM") or "terraform"
        return str(Path(wish).absolute()) if os.sep in wish else wish

    @property
    def _poll_s(self) -> float:
        return 0.2 if self.cloud else 3.0

    def _asker(self, settings: Settings) -> Callable[[str], int]:
        """Calls a runtime by its ARN: whoever calls, an endpoint that is not known yet is answered with 404."""
        broker, sender = self.broker(settings), self.sender(settings)

        def status_of(runtime_arn: str) -> int:
            token = broker.machine() if settings.outputs.cognito else "nobody"
            return sender.send(bearer_request(runtime_arn, token, {})).status

        return status_of

    def _subjects(self, endpoints: Endpoints, timeout_s: float) -> Subjects:
        client = self._http(timeout_s)
        return Subjects(self._clients(endpoints), client, endpoints, self.cloud, self.clock, timeout_s)

    def _http(self, timeout_s: float) -> Any:
        return (local_client if self.cloud else aws_client)(timeout_s)

    def _key(self) -> AccessKey | None:
        return self.cloud.root_key() if self.cloud else None

    def _clients(self, endpoints: Endpoints) -> Clients:
        return Clients(self.deployment.region, endpoints, self._key())

    def _variables(self, endpoints: Endpoints) -> dict[str, str]:
        """The environment of Terraform and the toolkit.

        Locally nothing of the user's AWS settings is handed on, so no real key reaches the emulator. On AWS every
        endpoint override is dropped, so no stray variable redirects a real apply.
        """
        common = {"AWS_REGION": self.deployment.region, "AWS_DEFAULT_REGION": self.deployment.region}
        if self.cloud is None:
            overrides = ("AWS_ENDPOINT_URL", "BEDROCK_AGENTCORE_CP_ENDPOINT", "BEDROCK_AGENTCORE_DP_ENDPOINT")
            kept = {k: v for k, v in self.env.items() if not k.startswith(overrides)}
            # Endpoints in ~/.aws/config are overrides too.
            return kept | common | {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
        key = self.cloud.root_key()
        return (
            {k: v for k, v in self.env.items() if not k.startswith("AWS_")}
            | common
            | {
                "AWS_ACCESS_KEY_ID": key.id,
                "AWS_SECRET_ACCESS_KEY": key.secret,
                "AWS_ENDPOINT_URL": str(endpoints.aws),
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_MAX_ATTEMPTS": "3",
                "NO_PROXY": "127.0.0.1",
            }
        )


def build(
    *, target: str | None = None, environment: str | None = None, yes: bool = False, quiet: bool = False
) -> Project:
    """A project for the chosen deployment, from flags and the process's environment. Raises BadInput."""
    os.umask(0o077)
    env = dict(os.environ)
    root = Path(__file__).resolve().parent.parent
    clock = SystemClock()
    console = Console(clock, quiet=quiet)
    deployment = select_deployment(env, root=root, known_regions=known_regions, target=target, environment=environment)
    if not (env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION")):
        deployment = replace(deployment, region=_remembered_region(deployment))
    local = deployment.target is Target.LOCAL
    cloud = LocalCloud(deployment, env, clock, console.note) if local else None
    steps = Steps(
        deployment=deployment,
        env=env,
        tools=TargetTools(deployment, env, console, clock, cloud, yes),
        console=console,
        clock=clock,
        cloud=cloud,
        fixed_endpoints=None if local else aws_endpoints(deployment.region),
    )
    return Project(steps)


def _remembered_region(deployment: Deployment) -> str:
    """The region in which the deployment was made; its own where nothing was. A corrupt ledger is told later."""
    try:
        ledger = LedgerFile(deployment.ledger_path).load()
    except (OrchestrationError, OSError):
        return deployment.region
    return ledger.region if ledger else deployment.region


@contextmanager
def session(target: str = "", environment: str = "", *, yes: bool = False, quiet: bool = False) -> Iterator[Project]:
    """A project for one command, and the one place where an error becomes text and an exit code.

    SIGTERM and a closed terminal are treated like Ctrl-C, so that they clean up too.
    """

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt("told to end")

    previous = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield build(target=target, environment=environment, yes=yes, quiet=quiet)
    except BrokenPipeError:
        _drop_output()  # the reader left, as in `invoke outputs | head -1`
        sys.exit(PIPE_CLOSED)
    except OrchestrationError as e:
        Console(SystemClock()).error(e)
        sys.exit(e.exit_code)
    except KeyboardInterrupt:
        Console(SystemClock()).say(
            "interrupted; nothing is lost: the same command goes on, `make down` removes what was made"
        )
        sys.exit(INTERRUPTED)
    except OSError as e:
        Console(SystemClock()).error(Unfit(str(e), remedy="look at that file or folder", code="os_error"))
        _drop_output()
        sys.exit(Unfit.exit_code)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _drop_output() -> None:
    """What Python still flushes at its end must not fail a second time."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
