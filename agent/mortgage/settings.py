"""What the environment says: model provider, model, region, listening address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

PROVIDERS = ("bedrock", "scripted")
# A cross-region inference profile; named here so that an SDK upgrade cannot change the model silently.
DEFAULT_MODEL_ID = "global.anthropic.claude-sonnet-4-6"
# AgentCore Runtime calls HTTP agents on 8080 (AgentCore devguide: runtime-http-protocol-contract).
DEFAULT_PORT = 8080


class BadSetting(Exception):
    """The environment asks for something that cannot be; the message names the variable and the value."""


@dataclass(frozen=True, slots=True)
class Settings:
    """host None: the SDK chooses. region None: the AWS SDK's own chain chooses."""

    provider: Literal["bedrock", "scripted"]
    model_id: str
    region: str | None
    host: str | None
    port: int


def read_settings(env: Mapping[str, str]) -> Settings:
    """Read settings from a mapping of environment variables; a blank value counts as absent.

    Raises BadSetting naming every fault at once.
    """
    faults: list[str] = []
    name = _value(env, "MODEL_PROVIDER") or "bedrock"
    if name not in PROVIDERS:
        faults.append(f"MODEL_PROVIDER is {name!r}; use {' or '.join(PROVIDERS)}")
    port = _value(env, "PORT") or str(DEFAULT_PORT)
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 1 <= int(port) <= 65535):
        faults.append(f"PORT is {port!r}; use a number from 1 to 65535")
    if faults:
        raise BadSetting("; ".join(faults))
    return Settings(
        provider="scripted" if name == "scripted" else "bedrock",
        model_id=_value(env, "MODEL_ID") or DEFAULT_MODEL_ID,
        region=_value(env, "MODEL_REGION") or _value(env, "AWS_REGION") or _value(env, "AWS_DEFAULT_REGION"),
        host=_value(env, "HOST"),
        port=int(port),
    )


def _value(env: Mapping[str, str], name: str) -> str | None:
    return env.get(name, "").strip() or None
