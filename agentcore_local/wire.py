"""What goes over the wire: names of headers, and every refusal as one row with its source and how sure it is.

`sure` reads: model (botocore's service model), documented (AWS developer guide), observed (seen by users,
not promised by AWS), assumed (our choice, see docs/fidelity.md).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

SESSION_ID = "x-amzn-bedrock-agentcore-runtime-session-id"
REQUEST_ID = "x-amzn-bedrock-agentcore-runtime-request-id"
USER_ID = "x-amzn-bedrock-agentcore-runtime-user-id"
CUSTOM_PREFIX = "x-amzn-bedrock-agentcore-runtime-custom-"
AWS_REQUEST_ID = "x-amzn-requestid"
ERROR_TYPE = "x-amzn-errortype"
HEALTH_PATH = b"/_agentcore_local/health"

Sure = Literal["model", "documented", "observed", "assumed"]


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of refusal. shape "rpc" is the JSON-RPC-like body that unauthenticated callers get."""

    status: int
    kind: str
    message: str
    source: str
    sure: Sure
    shape: Literal["aws", "rpc"] = "aws"


_MISMATCH = (
    "Authorization method mismatch. The agent is configured for a different authorization method than what "
    "was used in your request. Check the agent's authorization configuration and ensure your request uses "
    "the matching method (OAuth or SigV4)"
)
_SIGV4 = "AWS General Reference: common errors; words seen from AWS services, not promised"
_DENIED, _UNAUTHORIZED, _INVALID = "AccessDeniedException", "UnauthorizedException", "ValidationException"
_BAD_SIGNATURE = "InvalidSignatureException"
_OAUTH = "OAuth authorization failed: "
_CLAIM = "Claim '{name}' value mismatch with configuration."


def _oauth(text: str, sure: Sure = "assumed", source: str = "status of its kind of failure") -> Row:
    return Row(403, _DENIED, _OAUTH + text, source, sure)


def _claims(text: str, sure: Sure = "observed", source: str = "observed by users, not promised") -> Row:
    return Row(401, _UNAUTHORIZED, text, source, sure, "rpc")


ROWS: Mapping[str, Row] = {
    # The request itself, on either plane.
    "duplicate_authorization": Row(400, _INVALID, "Only one Authorization header is allowed", "ours", "assumed"),
    "two_credentials": Row(400, _INVALID, "Use one way of authorization, not two", "ours", "assumed"),
    "headers_too_large": Row(431, _INVALID, "Request header fields are too large", "RFC 6585", "assumed"),
    "bad_request": Row(400, _INVALID, "{detail}", "RFC 9112", "assumed"),
    "body_too_large": Row(413, _INVALID, "Request body is larger than {limit} bytes", "RFC 9110", "assumed"),
    "body_timeout": Row(408, _INVALID, "The request body did not arrive in time", "RFC 9110", "assumed"),
    "unknown_operation": Row(404, "UnknownOperationException", "", "observed: an unencoded ARN", "observed"),
    "validation": Row(400, _INVALID, "{detail}", "botocore model: ValidationException", "model"),
    "internal": Row(500, "InternalServerException", "Internal error", "botocore model", "model"),
    # Callers that sign (SigV4).
    "missing_authentication": Row(
        403, "MissingAuthenticationTokenException", "Missing Authentication Token", _SIGV4, "observed"
    ),
    "incomplete_signature": Row(403, "IncompleteSignatureException", "{detail}", _SIGV4, "observed"),
    "unknown_access_key": Row(
        403,
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
        _SIGV4,
        "observed",
    ),
    "bad_signature_v4": Row(
        403,
        _BAD_SIGNATURE,
        "The request signature we calculated does not match the signature you provided. Check your AWS "
        "Secret Access Key and signing method. Consult the service documentation for details.",
        _SIGV4,
        "observed",
    ),
    "wrong_scope": Row(403, _BAD_SIGNATURE, "Credential should be scoped to {detail}.", _SIGV4, "observed"),
    "clock_skew": Row(403, _BAD_SIGNATURE, "{detail}", _SIGV4, "observed"),
    "expired_session": Row(
        403,
        "ExpiredTokenException",
        "The security token included in the request is expired",
        _SIGV4,
        "observed",
    ),
    "unproved_caller": Row(403, _DENIED, "The caller could not be verified", "ours: cannot know means no", "assumed"),
    "not_authorized": Row(
        403,
        _DENIED,
        "User: {caller} is not authorized to perform: {action} on resource: {resource} {why}",
        "IAM User Guide: access denied error messages; observed in agentcore-cli 607",
        "observed",
    ),
    "policy_refuses": Row(
        403,
        _DENIED,
        "Not authorized to perform: {action} because no resource-based policy allows the {action} action",
        "AgentCore devguide: resource-based-policies; words after IAM's",
        "assumed",
    ),
    "presigned_refused": Row(403, _DENIED, "Presigned requests are not accepted by agentcore_local", "ours", "assumed"),
    # The two kinds of door.
    "method_mismatch": Row(403, _DENIED, _MISMATCH, "observed in agentcore-cli 714 and 1647", "observed"),
    "iam_no_credentials": Row(
        403,
        _DENIED,
        "Missing Authentication Token",
        "AgentCore devguide: runtime-http-protocol-contract names ACCESS_DENIED; body observed",
        "observed",
    ),
    # Bearer tokens, by the authorizer's reason.
    "missing_token": _claims(
        "Missing Authentication Token", source="AgentCore devguide: runtime-oauth (header); body observed"
    ),
    "malformed_token": _oauth("Failed to parse token", "observed", "observed by users, not promised"),
    "wrong_scheme": _claims("Missing Authentication Token", "assumed", "RFC 6750 section 3"),
    "unsupported_header": _oauth("Failed to parse token"),
    "malformed_time": _claims("Token has expired", "assumed", "status of its kind of failure"),
    "oversized_token": _oauth("Failed to parse token"),
    "bad_algorithm": _oauth("Invalid token"),
    "unknown_key": _oauth("Invalid token"),
    "bad_signature": _oauth("Invalid token"),
    "keys_unavailable": _oauth("Unable to verify token"),
    "no_policy": _oauth("Unable to verify token"),
    "issuer_mismatch": _claims(_CLAIM.format(name="iss")),
    "missing_expiry": _claims("Token has expired", "assumed"),
    "expired": _claims("Token has expired"),
    "expiring": _claims("Ineffectual token, will expire within the next minute"),
    "not_yet_valid": _claims(_CLAIM.format(name="nbf"), "assumed"),
    "issued_in_future": _claims(_CLAIM.format(name="iat"), "assumed"),
    "client_mismatch": _claims(_CLAIM.format(name="client_id")),
    "audience_mismatch": _claims(_CLAIM.format(name="aud")),
    "scope_mismatch": _claims(_CLAIM.format(name="scope"), "assumed"),
    "claim_mismatch": _claims("Authorization denied", "assumed", "part of the text observed"),
    "token_refused": _oauth("Invalid token"),  # any reason this table has not heard of
    # A gateway's door: the authorizer's reason goes to the log alone.
    "gateway_no_token": _claims("Missing Bearer token", source="observed in vscode 311305"),
    "gateway_bad_token": _claims("Invalid Bearer token", "assumed", "AgentCore devguide: gateway-inbound-auth (401)"),
    "gateway_scope": Row(
        403,
        _DENIED,
        "Insufficient scope",
        "AgentCore devguide: gateway-inbound-auth (status, error); words ours",
        "documented",
        "rpc",
    ),
    "no_gateway": Row(404, "ResourceNotFoundException", "Gateway not found", "status of its kind", "assumed"),
    "method_not_allowed": Row(
        405, "MethodNotAllowed", "Method Not Allowed", "MCP specification: streamable HTTP", "documented"
    ),
    # Outbound tokens of agents.
    "bad_workload_token": Row(
        401, _UNAUTHORIZED, "The workload access token is not valid", "botocore model: UnauthorizedException", "model"
    ),
    # Data plane, past the door.
    "no_endpoint": Row(
        404,
        "ResourceNotFoundException",
        "No endpoint or agent found with qualifier '{qualifier}' for agent '{agent}'",
        "observed by users, not promised",
        "observed",
    ),
    "not_mmdsv2": Row(
        400,
        _INVALID,
        "This runtime is not MMDSv2-enabled",
        "AgentCore devguide: runtime-troubleshooting",
        "documented",
    ),
    "agent_error": Row(
        424,
        "RuntimeClientError",
        "Received error ({code}) from runtime. Please check your CloudWatch logs for more information.",
        "AgentCore devguide: runtime-troubleshooting, runtime-http-protocol-contract",
        "documented",
    ),
    "agent_start": Row(
        424,
        "RuntimeClientError",
        "An error occurred when starting the runtime. Please check your CloudWatch logs for more information.",
        "observed by users, not promised",
        "observed",
    ),
    "agent_timeout": Row(
        504,
        "InternalServerException",
        "The runtime did not answer in time",
        "devguide: 504 possible",
        "assumed",
    ),
    "agent_refused_upgrade": Row(
        424,
        "RuntimeClientError",
        "Received error ({code}) from runtime. Please check your CloudWatch logs for more information.",
        "as for a call, AgentCore devguide: runtime-troubleshooting",
        "assumed",
    ),
    "session_busy": Row(
        409,
        "RetryableConflictException",
        "Session operation in progress, please retry",
        "AgentCore devguide: runtime-troubleshooting",
        "documented",
    ),
    "session_quota": Row(
        402,
        "ServiceQuotaExceededException",
        "Active sessions must not exceed {limit}",
        "AgentCore devguide: bedrock-agentcore-limits (number)",
        "assumed",
    ),
    "no_session": Row(
        404,
        "ResourceNotFoundException",
        "Session '{session}' was not found; it may have ended already",
        "botocore model; the starter toolkit expects this code for an ended session",
        "observed",
    ),
    "session_over": Row(
        424,
        "RuntimeClientError",
        "The session ended before the runtime answered",
        "status of its kind of failure",
        "assumed",
    ),
    "not_a2a": Row(400, _INVALID, "The agent card exists for the A2A protocol only", "ours", "assumed"),
    "no_websocket": Row(400, _INVALID, "Protocol {protocol} has no WebSocket", "ours", "assumed"),
    "no_commands": Row(400, _INVALID, "InvokeAgentRuntimeCommand is not played by agentcore_local", "ours", "assumed"),
    "upgrade_required": Row(426, _INVALID, "This path is for WebSocket connections", "RFC 9110", "assumed"),
    "not_acceptable": Row(
        406,
        "NotAcceptable",
        "Not Acceptable: Client must accept both application/json and text/event-stream",
        "AgentCore devguide: runtime-mcp-protocol-contract (code and status)",
        "documented",
    ),
    # Control plane.
    "not_found": Row(404, "ResourceNotFoundException", "{detail}", "botocore model", "model"),
    "conflict": Row(409, "ConflictException", "{detail}", "botocore model", "model"),
    "quota": Row(402, "ServiceQuotaExceededException", "{detail}", "botocore model", "model"),
}


class Refused(Exception):
    """A request ends here. slug names the row; log_reason says more in the log than on the wire."""

    def __init__(
        self,
        slug: str,
        *,
        log_reason: str | None = None,
        reason: str = "FieldValidationFailed",
        fields: Sequence[tuple[str, str]] = (),
        headers: Sequence[tuple[str, str]] = (),
        **words: object,
    ) -> None:
        self.slug = slug if slug in ROWS else "token_refused"
        self.row = ROWS[self.slug]
        self.log_reason = log_reason or slug
        self.message = self.row.message.format(**words)
        self.reason, self.fields, self.headers = reason, tuple(fields), tuple(headers)
        self.client: str | None = None  # who was refused, where the issuer's signature says so; for the log
        self.subject: str | None = None
        super().__init__(self.message)

    def body(self) -> bytes:
        """The JSON document for this refusal (botocore's error shapes, or the JSON-RPC-like one)."""
        if self.row.shape == "rpc":
            code = -32001 if self.row.status == 401 else -32002
            return encode({"jsonrpc": "2.0", "error": {"code": code, "message": self.message}})
        document: dict[str, Any] = {"message": self.message}
        if self.row.kind == "ValidationException":
            document["reason"] = self.reason
            if self.fields:
                document["fieldList"] = [{"name": n, "message": m} for n, m in self.fields]
        return encode(document)


def encode(document: object) -> bytes:
    """Compact JSON. Non-ASCII and control characters leave escaped, whatever the caller sent."""
    return _COMPACT.encode(document).encode("ascii")


_COMPACT = json.JSONEncoder(separators=(",", ":"))  # json.dumps makes one for each call
