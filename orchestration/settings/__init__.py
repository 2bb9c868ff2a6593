"""What the user chose, and what follows from it. Pure."""

from orchestration.settings.build import (
    AGENT_ENTRYPOINT,
    CODE_RUNTIME,
    LOCAL_ACCOUNT,
    QUALIFIER,
    Settings,
    Waits,
    authorizer_of,
    build_settings,
    claim_rule,
)
from orchestration.settings.deployment import (
    DEFAULT_REGION,
    PRODUCTION,
    Deployment,
    Endpoints,
    Target,
    aws_endpoints,
    check_values,
    port,
    remote_state,
    select_deployment,
    state_bucket,
)
from orchestration.settings.model import DEFAULT_MODEL_ID, bedrock_models, model_id

__all__ = [
    "AGENT_ENTRYPOINT",
    "CODE_RUNTIME",
    "DEFAULT_MODEL_ID",
    "DEFAULT_REGION",
    "LOCAL_ACCOUNT",
    "PRODUCTION",
    "QUALIFIER",
    "Deployment",
    "Endpoints",
    "Settings",
    "Target",
    "Waits",
    "authorizer_of",
    "aws_endpoints",
    "bedrock_models",
    "build_settings",
    "check_values",
    "claim_rule",
    "model_id",
    "port",
    "remote_state",
    "select_deployment",
    "state_bucket",
]
