"""Statuses and words that an end may have: today's and the service's earlier wording, each with its source."""

from __future__ import annotations

from orchestration.checks.case import Family

ADMITTED = Family(frozenset({200}))
# AgentCore devguide: runtime-oauth (401 with WWW-Authenticate); wording observed by users.
NO_TOKEN = Family(frozenset({401, 403}), "missing authentication token|unauthorized|failed to parse token")
# Observed by users: 403 "OAuth authorization failed: Failed to parse token".
UNREADABLE = Family(frozenset({401, 403}), "failed to parse token|missing authentication token|unauthorized")
# Observed by users: 403 with "OAuth authorization failed: ..."; the wording for signatures is not known.
UNVERIFIED = Family(frozenset({401, 403}), "oauth authorization failed|failed to parse token|signature|unauthorized")
# Observed by users: 401 naming the claim since 2026, 403 in 2025; "Authorization denied" for custom claims.
CLAIM = Family(frozenset({401, 403}), "claim.{0,60}mismatch|authorization denied")
# Another issuer's token names another issuer's key: which of both is told first is not documented.
CLAIM_OR_KEY = Family(CLAIM.statuses, f"{CLAIM.words}|{UNVERIFIED.words}")
TIME = Family(frozenset({401, 403}), "expired|expire within|claim.{0,60}mismatch|unauthorized")
# Today's words and those of 2025 (agentcore-cli #714; AWS sample prototype-to-production, inbound auth notebook).
WRONG_METHOD = Family(frozenset({403}), "authorization method mismatch|different authorization token type")
# AgentCore devguide: runtime-http-protocol-contract (ACCESS_DENIED); body observed by users.
NOT_SIGNED = Family(frozenset({403}), "missing authentication token|access ?denied")
# AWS General Reference: common errors.
BAD_SIGNATURE = Family(
    frozenset({403}), "signature|security token included in the request|missing authentication token|expired"
)
# IAM User Guide: access denied error messages.
NOT_AUTHORIZED = Family(frozenset({403}), "not authorized to perform: bedrock-agentcore:InvokeAgentRuntime")
# Observed by users: one text for whatever cannot be found.
NOWHERE = Family(
    frozenset({403, 404}), "no endpoint or agent found|unknownoperation|not ?found|validation|access ?denied"
)
# A name that is neither an ARN nor an id with its account: 404 or 400 (observed by users for either).
MISNAMED = Family(NOWHERE.statuses | {400}, NOWHERE.words)
# botocore model: ValidationException.
INVALID = Family(frozenset({400}), "validation|constraint|only one|must be")
# Two readers of one request can differ on these (RFC 9112, 11.2): any client error will do, an answer will not.
AMBIGUOUS = Family(frozenset({400, 401, 403, 404}))
# RFC 6585 and RFC 9110; front ends differ in which they choose.
TOO_LARGE = Family(frozenset({400, 401, 403, 413, 414, 431, 494}))
# AgentCore devguide: gateway-inbound-auth (401 with WWW-Authenticate). "Missing Bearer token" was observed by users; of
# a token that does not do no more is told.
GATEWAY_REFUSED = Family(frozenset({401}), "bearer token|unauthorized")
# The same page: 403 with error="insufficient_scope".
GATEWAY_SCOPE = Family(frozenset({403}), "insufficient.scope")
# AgentCore devguide: runtime-troubleshooting. The agent itself said no.
BY_THE_AGENT = Family(frozenset({424}), r"received error \(403\)")
