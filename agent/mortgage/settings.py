"""What the environment says: model provider and model, whose customer is who, traces, listening address."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

Provider = Literal["bedrock", "openai", "scripted"]
Traces = Literal["otlp", "console"]
PROVIDERS: tuple[Provider, ...] = ("bedrock", "openai", "scripted")
# A cross-region inference profile; named here so that an SDK upgrade cannot change the model silently.
DEFAULT_MODEL_ID = "global.anthropic.claude-sonnet-4-6"
# AgentCore Runtime calls HTTP agents on 8080 (AgentCore devguide: runtime-http-protocol-contract).
DEFAULT_PORT = 8080
MAX_PAUSE_MS = 60_000
GATEWAY_VARIABLES = ("GATEWAY_URL", "GATEWAY_CREDENTIAL_PROVIDER", "GATEWAY_SCOPE")
GATEWAY_URL = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?")
PROVIDER_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")  # botocore model: bedrock-agentcore GetResourceOauth2Token
SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,256}")  # RFC 6749, section 3.3: scope-token


class BadSetting(Exception):
    """The environment asks for something that cannot be; the message names the variable and the value."""


@dataclass(frozen=True, slots=True)
class Guardrail:
    id: str
    version: str


@dataclass(frozen=True, slots=True)
class OpenAI:
    """An endpoint of OpenAI's protocol; base_url None: OpenAI's own. At most one of the two keys is there."""

    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    api_key_secret_arn: str | None = None


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where credit scores come from, and how the agent gets its token for there."""

    url: str
    credential_provider: str
    scope: str


@dataclass(frozen=True, slots=True)
class Settings:
    """host None: the SDK chooses. region None: the AWS SDK's own chain chooses."""

    provider: Provider
    model_id: str
    region: str | None
    host: str | None
    port: int
    customers: Mapping[str, str] = field(default_factory=dict)
    """Subject of a token -> customer id."""
    guardrail: Guardrail | None = None
    openai: OpenAI = OpenAI()
    gateway: Gateway | None = None
    traces: Traces | None = None
    scripted_pause_s: float = 0.0


def read_settings(env: Mapping[str, str]) -> Settings:
    """Read settings from a mapping of environment variables; a blank value counts as absent.

    Raises BadSetting naming every fault at once.
    """
    faults: list[str] = []
    name = _value(env, "MODEL_PROVIDER") or "bedrock"
    provider = next((known for known in PROVIDERS if known == name), None)
    if provider is None:
        faults.append(f"MODEL_PROVIDER is {name!r}; use {', '.join(PROVIDERS[:-1])} or {PROVIDERS[-1]}")
    settings = Settings(
        provider=provider or "bedrock",
        model_id=_value(env, "MODEL_ID") or DEFAULT_MODEL_ID,
        region=_value(env, "MODEL_REGION") or _value(env, "AWS_REGION") or _value(env, "AWS_DEFAULT_REGION"),
        host=_value(env, "HOST"),
        port=_number(env, "PORT", DEFAULT_PORT, 1, 65535, faults),
        customers=_customers(env, faults),
        guardrail=_guardrail(env, faults),
        openai=_openai(env, provider, faults),
        gateway=_gateway(env, faults),
        traces=_traces(env, faults),
        scripted_pause_s=_number(env, "SCRIPTED_PAUSE_MS", 0, 0, MAX_PAUSE_MS, faults) / 1000,
    )
    if faults:
        raise BadSetting("; ".join(faults))
    return settings


def _customers(env: Mapping[str, str], faults: list[str]) -> Mapping[str, str]:
    """CUSTOMERS is {subject: customer id} as JSON. The value is not repeated: it says who is which customer."""
    try:
        mapping = json.loads(_value(env, "CUSTOMERS") or "{}")
    except (ValueError, RecursionError):
        mapping = None
    texts = isinstance(mapping, dict) and all(isinstance(value, str) and value for value in mapping.values())
    if not texts:
        faults.append('CUSTOMERS is no JSON object of texts; use {"<subject>": "<customer id>"}')
    return mapping if texts else {}


def _guardrail(env: Mapping[str, str], faults: list[str]) -> Guardrail | None:
    guardrail_id, version = _value(env, "GUARDRAIL_ID"), _value(env, "GUARDRAIL_VERSION")
    if guardrail_id and version:
        return Guardrail(guardrail_id, version)
    if guardrail_id or version:
        # Half of it would leave the model without a guardrail that somebody believes to be there.
        faults.append("GUARDRAIL_ID and GUARDRAIL_VERSION belong together; set both or neither")
    return None


def _openai(env: Mapping[str, str], provider: Provider | None, faults: list[str]) -> OpenAI:
    url = _value(env, "OPENAI_BASE_URL")
    key, arn = _value(env, "OPENAI_API_KEY"), _value(env, "OPENAI_API_KEY_SECRET_ARN")
    if provider != "openai":
        return OpenAI()
    if url is not None and not (urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname):
        faults.append(f"OPENAI_BASE_URL is {url!r}; use a URL such as http://127.0.0.1:11434/v1")
    if key and arn:
        faults.append("OPENAI_API_KEY and OPENAI_API_KEY_SECRET_ARN are both set; use one")
    if not (url or key or arn):
        faults.append("MODEL_PROVIDER is 'openai'; set OPENAI_BASE_URL, OPENAI_API_KEY or OPENAI_API_KEY_SECRET_ARN")
    if _value(env, "MODEL_ID") is None:
        faults.append("MODEL_PROVIDER is 'openai'; set MODEL_ID to a model of that endpoint")
    return OpenAI(url, key, arn)


def _gateway(env: Mapping[str, str], faults: list[str]) -> Gateway | None:
    values = {name: _value(env, name) for name in GATEWAY_VARIABLES}
    url, provider, scope = values.values()
    if not (url and provider and scope):
        if any(values.values()):
            # With a part of it, scores would come from elsewhere than somebody believes.
            missing = ", ".join(name for name, value in values.items() if value is None)
            faults.append(f"{missing} is not set; set {', '.join(GATEWAY_VARIABLES)}, or none of them")
        return None
    if any(mark in url for mark in "@?#"):
        # Not repeated: this is where people put secrets.
        faults.append("GATEWAY_URL holds a user, a query or a fragment; use the gateway's address alone")
    elif not (GATEWAY_URL.fullmatch(url) and (url.startswith("https:") or is_loopback(url))):
        faults.append(f"GATEWAY_URL is {url!r}; use an https URL, or http on a loopback address")
    if not PROVIDER_NAME.fullmatch(provider):
        faults.append(f"GATEWAY_CREDENTIAL_PROVIDER is {provider!r}; use 1 to 128 letters, digits, - and _")
    if not SCOPE.fullmatch(scope):
        faults.append(f"GATEWAY_SCOPE is {scope!r}; use one scope, such as gateway/invoke")
    return Gateway(url, provider, scope)


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine, where no proxy has a say. A host's name is not looked up."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _traces(env: Mapping[str, str], faults: list[str]) -> Traces | None:
    """Traces are made only where the standard variables ask for them (OpenTelemetry: SDK environment variables)."""
    exporter = _value(env, "OTEL_TRACES_EXPORTER")
    endpoint = _value(env, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or _value(env, "OTEL_EXPORTER_OTLP_ENDPOINT")
    if (_value(env, "OTEL_SDK_DISABLED") or "").lower() == "true" or exporter == "none":
        return None
    if exporter == "console":
        return "console"
    if exporter not in (None, "otlp"):
        faults.append(f"OTEL_TRACES_EXPORTER is {exporter!r}; use otlp, console or none")
    return "otlp" if exporter or endpoint else None


def _number(env: Mapping[str, str], name: str, default: int, least: int, most: int, faults: list[str]) -> int:
    text = _value(env, name) or str(default)
    if text.isascii() and text.isdigit() and len(text) <= 5 and least <= int(text) <= most:
        return int(text)
    faults.append(f"{name} is {text!r}; use a number from {least} to {most}")
    return default


def _value(env: Mapping[str, str], name: str) -> str | None:
    return env.get(name, "").strip() or None
