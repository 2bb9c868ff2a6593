"""What the service model cannot say about a runtime: rules between members, and what is not played locally."""

from collections.abc import Iterator, Mapping
from typing import Any

from agentcore_local.headers import allowlist_faults
from agentcore_local.protocols import CONTRACTS, protocol_of
from agentcore_local.wire import Refused

MAX_VARIABLES_BYTES = 4096  # AgentCore devguide: runtime-how-it-works (environment variables, 4 KB in all)
LIFECYCLE = {"idleRuntimeSessionTimeout": 900, "maxLifetime": 28800}  # devguide: bedrock-agentcore-limits
_NOT_LOCAL = "is not played by agentcore_local"


def check_spec(params: Mapping[str, Any]) -> None:
    """Raise a ValidationException naming every member that breaks a rule."""
    if faults := list(_faults(params)):
        text = "; ".join(message for _, message in faults)
        raise Refused("validation", detail=text, fields=faults)


def _faults(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _artifact_faults(params["agentRuntimeArtifact"])
    yield from _variable_faults(params.get("environmentVariables") or {})
    has_jwt = params.get("authorizerConfiguration") is not None
    allowlist = (params.get("requestHeaderConfiguration") or {}).get("requestHeaderAllowlist") or []
    yield from allowlist_faults(allowlist, has_jwt)
    if (protocol := protocol_of(params)) not in CONTRACTS:
        yield "protocolConfiguration.serverProtocol", f"Protocol {protocol} {_NOT_LOCAL}"
    for name in ("filesystemConfigurations", "capacityProviderConfiguration"):
        if params.get(name):
            yield name, f"{name} {_NOT_LOCAL}"
    lifecycle = LIFECYCLE | (params.get("lifecycleConfiguration") or {})
    if lifecycle["idleRuntimeSessionTimeout"] > lifecycle["maxLifetime"]:
        yield "lifecycleConfiguration", "idleRuntimeSessionTimeout must not exceed maxLifetime"


def _artifact_faults(artifact: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    code = artifact.get("codeConfiguration")
    if code is None:
        return  # an image that cannot be played becomes the version's failure
    if not code["runtime"].startswith("PYTHON_"):
        yield "agentRuntimeArtifact.codeConfiguration.runtime", f"{code['runtime']} {_NOT_LOCAL}"
    if not code["entryPoint"][-1].endswith(".py"):
        name = "agentRuntimeArtifact.codeConfiguration.entryPoint"
        yield name, "The last element of entryPoint must be a .py file"


def _variable_faults(variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    at = "environmentVariables"  # values are secret: they never appear in a message
    for name, value in variables.items():
        if "=" in name or _has_control(name):
            yield at, "Environment variable name contains invalid characters"
        if _has_control(value):
            yield at, "Environment variable value contains invalid control characters (0x00-0x1F, 0x7F)"
    if sum(len(k.encode()) + len(v.encode()) for k, v in variables.items()) > MAX_VARIABLES_BYTES:
        yield at, f"Environment variables must not exceed {MAX_VARIABLES_BYTES} bytes in all"


def _has_control(text: str) -> bool:
    return any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) <= 0xDFFF for c in text)
