"""Which model the agent talks to, and the variables by which it finds it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from orchestration.errors import BadInput

# An inference profile that is offered in every commercial region.
DEFAULT_MODEL_ID = "global.anthropic.claude-sonnet-4-6"
# Terraform's own rule for model_ids.
BEDROCK_MODEL = re.compile(r"[a-z][a-z0-9-]*(\.[a-zA-Z0-9][a-zA-Z0-9:_-]*)+")
OTHER_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}")
# A key itself is not handed on: whoever may read the runtime's record could read it there.
HANDED_ON: Mapping[str, tuple[str, ...]] = {
    "scripted": (),
    "bedrock": ("GUARDRAIL_ID", "GUARDRAIL_VERSION"),
    "openai": ("OPENAI_BASE_URL", "OPENAI_API_KEY_SECRET_ARN"),
}


def model_provider(env: Mapping[str, str], default: str = "bedrock") -> str:
    return env.get("MODEL_PROVIDER") or default


def model_id(env: Mapping[str, str]) -> str:
    """The agent's model. One of Bedrock is the only one that Terraform lets the execution role invoke."""
    return env.get("MODEL_ID") or DEFAULT_MODEL_ID


def bedrock_models(env: Mapping[str, str]) -> list[str]:
    """Terraform's model_ids: none where the model is somewhere else."""
    return [] if model_provider(env) == "openai" else [model_id(env)]


def model_variables(env: Mapping[str, str], provider: str) -> dict[str, str]:
    """What the agent is told beside provider and model. Of an unknown provider, which check_model refuses, nothing."""
    return {name: env[name] for name in HANDED_ON.get(provider, ()) if env.get(name)}


def check_model(env: Mapping[str, str]) -> None:
    """Refuse what the agent would refuse at its start, at the end of a long command. Raises BadInput."""
    provider, model = model_provider(env), model_id(env)
    if provider not in HANDED_ON:
        raise BadInput(f"MODEL_PROVIDER is {provider!r}", remedy="use MODEL_PROVIDER=scripted, bedrock or openai")
    if provider == "openai":
        _check_openai(env, model)
    elif not BEDROCK_MODEL.fullmatch(model):
        raise BadInput(f"MODEL_ID is {model!r}", remedy=f"use a Bedrock id such as {DEFAULT_MODEL_ID}")
    guardrail = [name for name in HANDED_ON["bedrock"] if env.get(name)]
    if len(guardrail) == 1:
        raise BadInput(
            f"{guardrail[0]} is {env[guardrail[0]]!r} without its other half",
            remedy="set GUARDRAIL_ID and GUARDRAIL_VERSION, or neither",
        )


def _check_openai(env: Mapping[str, str], model: str) -> None:
    if not env.get("MODEL_ID") or not OTHER_MODEL.fullmatch(model):
        raise BadInput(
            f"MODEL_ID is {env.get('MODEL_ID', '')!r} with MODEL_PROVIDER=openai",
            remedy="set MODEL_ID to a model of that endpoint",
        )
    if not model_variables(env, "openai"):
        raise BadInput(
            "MODEL_PROVIDER is 'openai' and nothing says where it is",
            remedy="set OPENAI_BASE_URL, or OPENAI_API_KEY_SECRET_ARN to the secret that holds the key",
        )
