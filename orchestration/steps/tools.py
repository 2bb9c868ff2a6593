"""What the steps are given: tools that need an endpoint, made once that is known."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from orchestration.aws import Identity, LogGroups, RemainsSearch
from orchestration.checks.agent_log import LogSource
from orchestration.checks.case import Door
from orchestration.checks.request import Sender
from orchestration.checks.run import Subject
from orchestration.client import AgentClient, TokenSource
from orchestration.drift import Members
from orchestration.embedded.decisions import Decisions
from orchestration.gateway import (
    FunctionControl,
    GatewayAsked,
    GatewayControl,
    GatewayMaker,
)
from orchestration.http import ProviderProbe
from orchestration.runtime.doors import DoorMaker
from orchestration.runtime.launch import Launcher
from orchestration.runtime.lifecycle import RuntimeControl
from orchestration.settings import Endpoints, Settings, Shipping
from orchestration.terraform import (
    RemoteState,
    StateStore,
    TerraformDriver,
)
from orchestration.tokens import Desk, TokenBroker


class Inspector(Protocol):
    """aws.Inspector, as far as the target is AWS."""

    def identity(self) -> Identity: ...
    def require_model(self, model_id: str) -> str: ...
    def agents(self) -> tuple[int, int]: ...
    def roles(self) -> tuple[int, int]: ...
    def boundary(self, role_arn: str) -> str | None: ...


class Tools(Protocol):
    """What needs an endpoint, made once that is known."""

    def terraform(self, endpoints: Endpoints, shipping: Shipping | None = None) -> TerraformDriver:
        """For the deployment as it is asked for, or as if `shipping` were."""

    def shipping(self) -> Shipping:
        """As DEPLOYMENT says, else as recorded, else code."""

    def apart(self, endpoints: Endpoints) -> TerraformDriver:
        """As `terraform`, for destroying: by sources that need no value and nothing of the project's own."""

    def keep_apart(self) -> None:
        """Write the sources of `apart` down, beside the state."""

    def remains(self, endpoints: Endpoints) -> RemainsSearch: ...
    def log_groups(self, endpoints: Endpoints) -> LogGroups: ...
    def check_terraform(self, work_dir: Path | None = None) -> str:
        """Its version. Raises Unfit when the binary is missing or too old, BadInput for a wished mirror that is none.

        `work_dir`: where to run it, if not in the deployment's folder.
        """

    def remote(self, bucket: str | None = None) -> RemoteState | None:
        """Where the state is or would be in that bucket; by default in the one that ledger or STATE_BUCKET names."""

    def driver(self, endpoints: Endpoints, place: RemoteState | None) -> TerraformDriver:
        """As `terraform`, with the state in that place whatever is recorded."""

    def state_store(self, endpoints: Endpoints, bucket: str) -> StateStore: ...
    def control(self, endpoints: Endpoints) -> RuntimeControl: ...
    def pool_members(self, endpoints: Endpoints) -> Members: ...
    def packing(self, endpoints: Endpoints) -> AbstractContextManager[None]:
        """Packs the agent's dependencies for `launcher` beside what is done inside."""

    def launcher(self, settings: Settings) -> Launcher: ...
    def gateways(self, endpoints: Endpoints) -> GatewayControl: ...
    def functions(self, endpoints: Endpoints) -> FunctionControl: ...
    def gateway_maker(self, settings: Settings) -> GatewayMaker: ...
    def gateway_asked(self, settings: Settings) -> GatewayAsked | None:
        """The gateway that Terraform's outputs ask for; None where they ask for none."""

    def broker(self, settings: Settings) -> TokenBroker: ...
    def sender(self, settings: Settings, *, gateway: bool = False) -> Sender:
        """Of the runtimes' data plane, or of the gateway where there is one."""

    def desk(self, settings: Settings, *, browser: bool = True) -> Desk: ...
    def agent(self, settings: Settings, runtime_arn: str, tokens: TokenSource) -> AgentClient: ...
    def subject(self, settings: Settings, doors: Mapping[Door, str]) -> Subject: ...
    def foreign_subject(
        self, endpoints: Endpoints, runtime_arn: str, discovery_url: str, client_id: str, token: str | None
    ) -> Subject: ...
    def door_maker(self, settings: Settings) -> DoorMaker: ...
    def decisions(self, endpoints: Endpoints) -> Decisions: ...
    def function_log(self, settings: Settings, since: float) -> list[str]:
        """What the function behind the gateway wrote since that moment (Unix seconds)."""

    def decision_log(self, settings: Settings, since: float) -> list[str]:
        """Lines of the deployment's log group on AWS since that moment (Unix seconds)."""

    def agent_log(self, endpoints: Endpoints, runtimes: Mapping[str, str], since: float) -> LogSource:
        """On AWS what the agents of those runtimes ({door: runtime id}) wrote since that moment (Unix seconds)."""

    def inspector(self, endpoints: Endpoints) -> Inspector: ...
    def provider(self, endpoints: Endpoints, discovery_url: str) -> ProviderProbe: ...
    def account(self) -> str:
        """The account that the credentials belong to. Raises Unfit without credentials."""

    def confirm_switch(self, text: str) -> None:
        """Say it and ask on AWS; nothing to do locally. Raises BadInput when the answer is no."""

    def confirm_spending(self) -> None:
        """Show who pays on AWS and ask; nothing to do locally. Raises BadInput when the answer is no."""
