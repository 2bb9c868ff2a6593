"""Which request headers reach the agent: a short fixed list, what the runtime allow-lists, and our own."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agentcore_local.edge import Head
from agentcore_local.wire import CUSTOM_PREFIX, Refused

MAX_ALLOWED_VALUE = 4096  # AgentCore devguide: runtime-header-allowlist

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)

# Always delivered, with the longest value the service model allows (botocore model: InvokeAgentRuntime).
FIXED: Mapping[str, int] = {
    "content-type": 256,
    "accept": 256,
    "mcp-session-id": 1024,
    "mcp-protocol-version": 1024,
    "mcp-method": 1024,
    "mcp-name": 1024,
    "x-amzn-trace-id": 128,
    "traceparent": 128,
    "tracestate": 512,
    "baggage": 8192,
}
MEMBERS = {"content-type": "contentType", "x-amzn-trace-id": "traceId", "traceparent": "traceParent"}

# AgentCore devguide: runtime-header-allowlist (the restricted headers).
RESTRICTED = frozenset(
    """proxy-authorization www-authenticate
    accept accept-charset accept-encoding accept-language content-type content-length content-encoding
    content-language content-location content-range
    cache-control etag expires if-match if-modified-since if-none-match if-range if-unmodified-since last-modified
    pragma vary
    connection keep-alive proxy-connection upgrade host user-agent referer from
    range accept-ranges transfer-encoding te trailer server date location retry-after set-cookie cookie
    content-security-policy content-security-policy-report-only strict-transport-security x-content-type-options
    x-frame-options x-xss-protection referrer-policy permissions-policy cross-origin-embedder-policy
    cross-origin-opener-policy cross-origin-resource-policy
    access-control-allow-origin access-control-allow-methods access-control-allow-headers
    access-control-allow-credentials access-control-expose-headers access-control-max-age
    access-control-request-method access-control-request-headers origin
    accept-ch accept-ch-lifetime dpr width viewport-width downlink ect rtt save-data
    clear-site-data feature-policy expect-ct public-key-pins public-key-pins-report-only
    via forwarded x-forwarded-for x-forwarded-host x-forwarded-proto x-real-ip x-requested-with x-csrf-token
    true-client-ip x-client-ip x-cluster-client-ip x-originating-ip x-source-ip x-original-url x-original-host
    x-rewrite-url cf-ray cf-connecting-ip x-amz-cf-id x-cache x-served-by link
    sec-websocket-key sec-websocket-accept sec-websocket-version sec-websocket-protocol
    sec-websocket-extensions""".split()
)
# The platform's own messages to the agent. A caller must not be able to write them, so they cannot be listed.
PLATFORM = frozenset({"workloadaccesstoken", "oauth2callbackurl"})


def allowlist_faults(names: Sequence[str], has_jwt: bool) -> Iterator[tuple[str, str]]:
    """What is wrong with a requestHeaderAllowlist: (name, message)."""
    at = "requestHeaderConfiguration.requestHeaderAllowlist"
    lowered = [n.lower() for n in names]
    if len(set(lowered)) != len(lowered):
        yield at, "Header names must be unique, whatever their case"
    for name in lowered:
        reserved = name.startswith(("x-amz-", "x-amzn-")) and not name.startswith(CUSTOM_PREFIX)
        if name in RESTRICTED or name in PLATFORM or name in FIXED or reserved:
            yield at, f"Header '{name}' is restricted and cannot be forwarded"
        if name == "authorization" and not has_jwt:
            yield at, "Header 'authorization' needs a customJWTAuthorizer"


def for_agent(head: Head, spec: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The caller's headers that the agent may see. Raises Refused when one is repeated or too long."""
    limits: Mapping[str, int] = FIXED
    if configuration := spec.get("requestHeaderConfiguration"):
        allowed = configuration.get("requestHeaderAllowlist", [])
        limits = {**FIXED, **{n.lower(): MAX_ALLOWED_VALUE for n in allowed}}
    out, by_name = [], head.by_name
    for name, limit in limits.items():
        values = by_name.get(name)
        if values is None:
            continue
        value = (",".join(values) if name in ("tracestate", "baggage") else head.one(name)) or ""
        if not value:
            continue
        if len(value) > limit:
            member = MEMBERS.get(name, name)
            message = f"Member must have length less than or equal to {limit}"
            detail = f"1 validation error detected: Value at '{member}' failed to satisfy constraint: {message}"
            raise Refused("validation", detail=detail, fields=[(member, message)])
        out.append((name, value))
    return out


def traced(head: Head, request_id: str) -> Head:
    """The request as part of a trace: the caller's own, or one that begins here under the request's id."""
    if not head.every("traceparent"):
        number = request_id.replace("-", "")
        head.add("traceparent", f"00-{number}-{number[16:]}-01")
    return head


def trace_id(head: Head) -> str | None:
    """The trace that a call belongs to (W3C Trace Context: traceparent), for the log. None for anything else."""
    sent = head.every("traceparent")
    match = _TRACEPARENT.fullmatch(sent[0]) if sent else None
    return match["trace"] if match and match["trace"].strip("0") else None
