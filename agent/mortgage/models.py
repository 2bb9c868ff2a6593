"""The model that the settings ask for."""

from __future__ import annotations

from typing import Any, assert_never

from strands.models.model import Model

from mortgage.aws import aws_session
from mortgage.scripted_model import ScriptedModel
from mortgage.settings import Settings

MAX_ANSWER_TOKENS = 1024
OPENAI_TIMEOUT_S = 120.0


def build_model(settings: Settings) -> Model:
    """One model for the life of the process; it holds no conversation. Only the chosen provider is imported.

    Raises BadSetting when AWS is needed and no region is known.
    """
    match settings.provider:
        case "scripted":
            return ScriptedModel(settings.scripted_pause_s)
        case "openai":
            return _openai(settings)
        case "bedrock":
            return _bedrock(settings)
        case _:
            assert_never(settings.provider)


def _bedrock(settings: Settings) -> Model:
    from strands.models.bedrock import BedrockModel

    guardrail: dict[str, Any] = {}
    if settings.guardrail is not None:
        guardrail = {"guardrail_id": settings.guardrail.id, "guardrail_version": settings.guardrail.version}
    session = aws_session(settings, "MODEL_PROVIDER bedrock")
    return BedrockModel(boto_session=session, model_id=settings.model_id, max_tokens=MAX_ANSWER_TOKENS, **guardrail)


def _openai(settings: Settings) -> Model:
    """Any endpoint that speaks OpenAI's chat completions; without a key a placeholder, which such servers ignore."""
    from strands.models.openai import OpenAIModel

    key = settings.openai.api_key
    if settings.openai.api_key_secret_arn:
        secrets = aws_session(settings, "OPENAI_API_KEY_SECRET_ARN").client("secretsmanager")
        key = secrets.get_secret_value(SecretId=settings.openai.api_key_secret_arn)["SecretString"]
    client = {"api_key": key or "unused", "base_url": settings.openai.base_url, "timeout": OPENAI_TIMEOUT_S}
    return OpenAIModel(client_args=client, model_id=settings.model_id, params={"max_tokens": MAX_ANSWER_TOKENS})
