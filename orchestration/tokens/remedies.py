"""What to change in Terraform so that an app client allows a flow."""

from __future__ import annotations

import json

from orchestration.errors import TokenRefused
from orchestration.settings import PRODUCTION, Settings
from orchestration.tokens.flows import AppClient, Flow


def flow_off(settings: Settings, client: AppClient, flow: Flow) -> TokenRefused:
    """The refusal of a flow that the client does not allow, with the line to add."""
    allowed = ", ".join(f for f in Flow if f in client.flows) or "none"
    return TokenRefused(
        f"app client {client.client_id} does not allow the flow {flow} (it allows: {allowed})",
        remedy=_line(settings, client, flow),
        code="flow_off",
    )


def _line(settings: Settings, client: AppClient, flow: Flow) -> str:
    environment = settings.deployment.environment
    if settings.outputs.cognito is None:
        return "use --flow code, or set OIDC_CLIENT_SECRET and use --flow machine"
    other = client.preferred
    if flow is Flow.MACHINE or Flow.MACHINE in client.flows:
        return f"invoke login --client {'machine' if flow is Flow.MACHINE else 'user'}"
    if flow is Flow.PASSWORD and environment in PRODUCTION and other:
        return f"{environment} keeps passwords out of requests: invoke login --flow {other}"
    flows = json.dumps(sorted({str(f) for f in client.flows} | {str(flow), "refresh"}))
    names = {id: name for name, id in settings.outputs.door.allowed_clients.items()}
    name = names.get(client.client_id)
    if name in (None, "user"):
        line = f"user_auth_flows = {flows}"
    else:
        line = f'{name} = {{ kind = "person", auth_flows = {flows} }} in app_clients'
    return f"set {line} in terraform/environments/{environment}.tfvars, then `invoke apply`"
