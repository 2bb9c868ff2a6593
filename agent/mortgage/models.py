"""The model that the settings ask for."""

from __future__ import annotations

from strands.models.model import Model

from mortgage.scripted_model import ScriptedModel
from mortgage.settings import BadSetting, Settings

MAX_ANSWER_TOKENS = 1024


def build_model(settings: Settings) -> Model:
    """One model for the life of the process; it holds no conversation.

    Raises BadSetting when Bedrock is asked for and no region is known: the SDK would choose one silently.
    """
    if settings.provider == "scripted":
        return ScriptedModel()
    # Here and not above: only this branch may create an AWS session and client.
    import boto3
    from strands.models.bedrock import BedrockModel

    session = boto3.Session(region_name=settings.region)
    if not session.region_name:
        raise BadSetting("no AWS region for MODEL_PROVIDER bedrock; set AWS_REGION (or MODEL_REGION)")
    return BedrockModel(boto_session=session, model_id=settings.model_id, max_tokens=MAX_ANSWER_TOKENS)
