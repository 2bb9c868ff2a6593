"""steps.Tools for one target: the adapters, made once their endpoints are known."""

from __future__ import annotations

import getpass
import os
import shutil
import sys
import webbrowser
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestration.aws import (
    AccessKey,
    AgentLogs,
    ArtifactBucket,
    BotoFunctions,
    BotoGatewayControl,
    BotoRuntimeControl,
    Clients,
    CloudWatchAgentLog,
    CognitoProvider,
    DecisionLog,
    Identity,
    ImageRepository,
    Inspector,
    LogGroups,
    PoolMembers,
    RemainsSearch,
    StateBucket,
    identity,
)
from orchestration.checks.case import Door
from orchestration.checks.request import Sender, bearer_request
from orchestration.checks.run import Subject
from orchestration.client import AgentClient, TokenSource
from orchestration.clock import Clock
from orchestration.consent import consent
from orchestration.console import Console
from orchestration.desks import OIDC_SECRET, Desks
from orchestration.embedded.cloud import LocalCloud
from orchestration.embedded.decisions import PROXIES, Decisions, oidc_map
from orchestration.errors import GateRefused
from orchestration.gateway import FunctionKeeper, GatewayAsked, GatewayMaker, asked_of, load_tools
from orchestration.http import ProviderProbe, aws_client, client_credentials, local_client, place_of
from orchestration.ledger import LedgerFile
from orchestration.runtime.doors import DoorMaker
from orchestration.runtime.function_package import package, write_package
from orchestration.runtime.launch import Launcher
from orchestration.runtime.toolkit import ENGINES, Builds, Toolkit
from orchestration.settings import (
    LOCAL_ACCOUNT,
    QUALIFIER,
    Deployment,
    Endpoints,
    Settings,
    Shipping,
    aws_endpoints,
    bedrock_models,
    own_tags,
    remote_state,
)
from orchestration.subjects import Subjects
from orchestration.terminal import Terminal
from orchestration.terraform import (
    MIRROR_VARIABLE,
    USER_AGENT,
    Environment,
    RemoteState,
    TerraformDriver,
    find_mirror,
    keep_apart,
    kept_apart,
)
from orchestration.tokens import Desk, TokenBroker

# What a runtime that is not ours may take for one call.
FOREIGN_REQUEST_S = 60.0
# What an agent wrote that did not come up, and little else.
LOGS = "invoke logs --since 10m"
# With an index that is slow to answer.
PACKING_S = 300.0
# Whoever only looks whether something answers does not wait longer.
PROBE_S = 3.0


@dataclass(frozen=True, slots=True)
class TargetTools:
    """steps.Tools for one target. `key` is the emulator's root key, asked for when it exists; None on AWS."""

    deployment: Deployment
    env: Mapping[str, str]
    console: Console
    clock: Clock
    cloud: LocalCloud | None
    yes: bool

    def check_terraform(self, work_dir: Path | None = None) -> str:
        place = Environment(self._binary, self.deployment.root, work_dir or self.deployment.state_dir, self.env)
        version = TerraformDriver(place).check_binary()
        if MIRROR_VARIABLE in self.env:
            find_mirror(self.env)
        return version

    def terraform(self, endpoints: Endpoints, shipping: Shipping | None = None) -> TerraformDriver:
        place = self._own_place(endpoints)
        write_package(self.deployment.root)
        return TerraformDriver(self._environment(endpoints, place, shipping), note=self.console.note)

    def apart(self, endpoints: Endpoints) -> TerraformDriver:
        chosen, place = self.deployment, self._own_place(endpoints)
        where = self._environment(endpoints, place)
        sources = kept_apart(where.work_dir, where.source_dir, region=chosen.region, path_style=self.cloud is not None)
        where = replace(where, source_dir=sources, tfvars={}, var_files=(), apart=True)
        return TerraformDriver(where, note=self.console.note)

    def keep_apart(self) -> None:
        chosen = self.deployment
        sources = chosen.root / "terraform"
        keep_apart(chosen.state_dir, sources, region=chosen.region, path_style=self.cloud is not None)

    def _own_place(self, endpoints: Endpoints) -> RemoteState | None:
        """Raises GateRefused where STATE_BUCKET alone would pass over the state that is here, or is no bucket of ours.

        Terraform itself would read and write a state in anybody's bucket.
        """
        place = self.remote()
        if place is not None and self._recorded_bucket() is None:
            local = self.driver(endpoints, None).local_state()
            if local is not None and local.resources:
                raise GateRefused(
                    f"STATE_BUCKET is {place.bucket!r}, but {self.deployment.state_dir.name} has its state here",
                    remedy=f"move it: {self.deployment.command('invoke state.bootstrap')}, or unset STATE_BUCKET",
                    code="state_is_local",
                )
        if place is not None:
            self.state_store(endpoints, place.bucket).check()
        return place

    def remote(self, bucket: str | None = None) -> RemoteState | None:
        return remote_state(self.deployment, self._recorded_bucket() or bucket, self.env)

    def state_store(self, endpoints: Endpoints, bucket: str) -> StateBucket:
        return StateBucket(self._clients(endpoints), bucket, self.account())

    def _recorded_bucket(self) -> str | None:
        ledger = LedgerFile(self.deployment.ledger_path).load()
        return ledger.state_bucket if ledger else None

    def driver(self, endpoints: Endpoints, place: RemoteState | None) -> TerraformDriver:
        return TerraformDriver(self._environment(endpoints, place), note=self.console.note)

    def _environment(
        self, endpoints: Endpoints, place: RemoteState | None, shipping: Shipping | None = None
    ) -> Environment:
        return Environment(
            binary=self._binary,
            source_dir=self.deployment.root / "terraform",
            work_dir=self.deployment.state_dir,
            variables=self._variables(endpoints),
            # OpenTofu has a registry of its own, whose entries the committed lock file does not hold.
            lock_readonly=not Path(self._binary).name.startswith("tofu"),
            tfvars=self._tfvars(shipping or self.shipping()),
            var_files=tuple(path for path in [self.deployment.tfvars_path] if path.is_file()),
            remote=place,
            watch=self._look_at_the_cloud if self.cloud else None,
        )

    def _look_at_the_cloud(self) -> None:
        """Raises Unfit while the local cloud is down."""
        if self.cloud and (ledger := LedgerFile(self.deployment.ledger_path).load()):
            self.cloud.require_running(ledger.ports)

    def shipping(self) -> Shipping:
        chosen = self.deployment
        ledger = LedgerFile(chosen.ledger_path).load() if chosen.shipping is None else None
        return chosen.shipping or Shipping((ledger.deployment if ledger else None) or Shipping.CODE)

    def _tfvars(self, shipping: Shipping) -> dict[str, Any]:
        """Which accounts are allowed is not ours to say: that would wave every account through."""
        chosen = self.deployment
        ours: dict[str, Any] = {"environment": chosen.environment, "region": chosen.region}
        ours["deployment"] = shipping.value
        ours |= {"model_ids": bedrock_models(self.env), "s3_use_path_style": self.cloud is not None}
        if self.cloud is not None:
            # Expiry of old packages is one resource that the provider watches for a minute; nothing ages locally.
            ours["artifact_noncurrent_days"] = None
            # The emulator forgets this setting, and the provider then takes its own apply for failed.
            ours["refresh_token_rotation"] = False
            # The emulator knows no saved queries, and forgets most of what an alarm is made of.
            ours["auth_alarms_enabled"] = False
        return ours

    def remains(self, endpoints: Endpoints) -> RemainsSearch:
        return RemainsSearch(self._clients(endpoints), local=self.cloud is not None)

    def log_groups(self, endpoints: Endpoints) -> LogGroups:
        return LogGroups(self._clients(endpoints))

    def control(self, endpoints: Endpoints) -> BotoRuntimeControl:
        return BotoRuntimeControl(self._clients(endpoints))

    def pool_members(self, endpoints: Endpoints) -> PoolMembers:
        return PoolMembers(self._clients(endpoints))

    def broker(self, settings: Settings) -> TokenBroker:
        client = self._http(settings.waits.request_s)
        provider = CognitoProvider(self._clients(settings.endpoints))
        return TokenBroker(settings, provider, lambda *args: client_credentials(client, *args))

    def sender(self, settings: Settings, *, gateway: bool = False) -> Sender:
        url = settings.gateway_url if gateway else None
        return self._subjects(settings.endpoints, settings.waits.call_s).sender(url)

    def desk(self, settings: Settings, *, browser: bool = True) -> Desk:
        return self._desks(settings, browser).desk(settings)

    def agent(self, settings: Settings, runtime_arn: str, tokens: TokenSource) -> AgentClient:
        return self._desks(settings, False, settings.waits.call_s).agent(settings, runtime_arn, tokens)

    def _desks(self, settings: Settings, browser: bool, wait_s: float | None = None) -> Desks:
        screen = sys.platform in ("darwin", "win32") or any(
            self.env.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
        )
        terminal = Terminal(
            say=self.console.say,
            read_secret=getpass.getpass if sys.stdin.isatty() else None,
            browse=webbrowser.open if browser and screen else None,
        )
        http = self._http(wait_s or settings.waits.request_s)
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
            tags=own_tags(settings.outputs.project, self.deployment.environment),
        )

    def toolkit(self, endpoints: Endpoints, timeout_s: float) -> Toolkit:
        return Toolkit(
            variables=self._variables(endpoints)
            | {
                # The toolkit reads these when it is imported (starter toolkit 0.3.14, utils/endpoints).
                "BEDROCK_AGENTCORE_CP_ENDPOINT": endpoints.control_plane,
                "BEDROCK_AGENTCORE_DP_ENDPOINT": endpoints.data_plane,
            },
            log_dir=self.deployment.state_dir,
            logs=self.deployment.command(LOGS),
            region=self.deployment.region,
            timeout_s=timeout_s,
            builds=Builds(
                published=self.cloud is None,
                here=self.env.get("LOCAL_BUILD") == "1",
                engine=next((name for name in ENGINES if shutil.which(name, path=self.env.get("PATH"))), ""),
            ),
            poll_s=min(self._poll_s, 1.0),
        )

    def packing(self, endpoints: Endpoints) -> AbstractContextManager[None]:
        chosen = self.deployment
        return self.toolkit(endpoints, PACKING_S).packing(chosen.root / "agent", chosen.state_dir / "build")

    def launcher(self, settings: Settings) -> Launcher:
        return Launcher(
            settings=settings,
            agent_dir=self.deployment.root / "agent",
            control=self.control(settings.endpoints),
            deployer=self.toolkit(settings.endpoints, settings.waits.launch_s),
            answers=self._asker(settings),
            artifact_version=ArtifactBucket(self._clients(settings.endpoints)).version,
            image_digest=ImageRepository(self._clients(settings.endpoints)).digest,
            clock=self.clock,
            note=self.console.note,
            poll_s=self._poll_s,
        )

    def gateways(self, endpoints: Endpoints) -> BotoGatewayControl:
        return BotoGatewayControl(self._clients(endpoints))

    def gateway_asked(self, settings: Settings) -> GatewayAsked | None:
        return asked_of(settings, load_tools(self.deployment.root)) if settings.outputs.gateway else None

    def functions(self, endpoints: Endpoints) -> BotoFunctions:
        return BotoFunctions(self._clients(endpoints))

    def gateway_maker(self, settings: Settings) -> GatewayMaker:
        provider, root = CognitoProvider(self._clients(settings.endpoints)), self.deployment.root
        return GatewayMaker(
            control=self.gateways(settings.endpoints),
            functions=FunctionKeeper(self.functions(settings.endpoints), lambda: package(root), self.console.note),
            secret=lambda client_id: provider.client_secret(settings.cognito.user_pool_id, client_id),
            clock=self.clock,
            note=self.console.note,
            timeout_s=settings.waits.launch_s,
            poll_s=self._poll_s,
        )

    def decisions(self, endpoints: Endpoints) -> Decisions:
        flags = oidc_map(self.deployment.region, endpoints.aws) if endpoints.aws else [PROXIES]
        return Decisions(self.deployment.root, flags, self.env)

    def function_log(self, settings: Settings, since: float) -> list[str]:
        gateway = settings.outputs.gateway
        logs = AgentLogs(self._clients(settings.endpoints), QUALIFIER)
        return logs.function_events(gateway.function_arn, since) if gateway else []

    def decision_log(self, settings: Settings, since: float) -> list[str]:
        outputs = settings.outputs
        return DecisionLog(self._clients(settings.endpoints)).lines(outputs.project, outputs.environment, since)

    def agent_log(self, endpoints: Endpoints, runtimes: Mapping[str, str], since: float) -> CloudWatchAgentLog:
        return CloudWatchAgentLog(self._clients(endpoints), QUALIFIER, runtimes, since, self.clock)

    def inspector(self, endpoints: Endpoints) -> Inspector:
        return Inspector(self._clients(endpoints))

    def provider(self, endpoints: Endpoints, discovery_url: str) -> ProviderProbe:
        place = place_of(self.deployment.region, endpoints.aws)
        return ProviderProbe(self._http(PROBE_S), discovery_url, place)

    def account(self) -> str:
        return LOCAL_ACCOUNT if self.cloud else self._identity().account

    def confirm_switch(self, text: str) -> None:
        if self.cloud is None:
            ask = sys.stdin.readline if sys.stdin.isatty() else None
            consent(text, self.env, yes=self.yes, say=self.console.say, ask=ask)

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
        return 0.1 if self.cloud else 3.0

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
        """The environment of Terraform and the toolkit, to whom the secret of a caller's client is of no use.

        Locally nothing of the user's AWS settings is handed on, so no real key reaches the emulator. On AWS every
        endpoint override is dropped, so no stray variable redirects a real apply.
        """
        given = {k: v for k, v in self.env.items() if k != OIDC_SECRET}
        common = {"AWS_REGION": self.deployment.region, "AWS_DEFAULT_REGION": self.deployment.region}
        if self.cloud is None:
            overrides = ("AWS_ENDPOINT_URL", "BEDROCK_AGENTCORE_CP_ENDPOINT", "BEDROCK_AGENTCORE_DP_ENDPOINT")
            kept = {k: v for k, v in given.items() if not k.startswith(overrides)}
            # Endpoints in ~/.aws/config are overrides too.
            return kept | common | {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
        key = self.cloud.root_key()
        return (
            {k: v for k, v in given.items() if not k.startswith("AWS_")}
            | common
            | {
                "AWS_ACCESS_KEY_ID": key.id,
                "AWS_SECRET_ACCESS_KEY": key.secret,
                "AWS_ENDPOINT_URL": str(endpoints.aws),
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_MAX_ATTEMPTS": "3",
                # By which the emulator knows the changes of this command from others'.
                USER_AGENT: f"{given.get(USER_AGENT, '')} run/{self.cloud.run}".strip(),
                # Go reads the first one first, Python the second.
                "NO_PROXY": "127.0.0.1",
                "no_proxy": "127.0.0.1",
            }
        )
