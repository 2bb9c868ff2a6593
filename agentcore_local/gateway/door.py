"""A gateway's door: the runtime's decision in a gateway's words, which MCP clients act on (RFC 9728, RFC 6750)."""

from collections.abc import Callable
from typing import Any

from agentcore_local.edge import Body, Head, spool
from agentcore_local.gate import Gate, advertised, credential
from agentcore_local.gateway.records import Gateway
from agentcore_local.permissions import PREFIX, Permissions, Wanted
from agentcore_local.remembered import Admitted
from agentcore_local.wire import Refused

METADATA = ".well-known/oauth-protected-resource"


class GatewayDoor:
    """url(gateway_id) is the gateway's /mcp."""

    def __init__(self, gate: Gate, permissions: Permissions, url: Callable[[str], str]) -> None:
        self._gate, self._permissions, self._url = gate, permissions, url

    async def admit(self, head: Head, gateway: Gateway, body: Body) -> Admitted:
        """Let a caller pass or raise Refused. Only a signed body is read for it."""
        kind = credential(head)
        if gateway.authorizer is None:
            return await self._signed(head, gateway, body)
        if kind != "bearer":
            raise self._refusal(
                gateway, "gateway_no_token", "missing_token" if kind == "none" else f"not_bearer:{kind}"
            )
        try:
            return await self._gate.judge(head, gateway.authorizer, (f"gateway:{gateway.id}", gateway.revision))
        except Refused as e:
            # With another fault beside it, a wider scope would not help the caller.
            slug = "gateway_scope" if e.log_reason == "scope_mismatch" else "gateway_bad_token"
            refusal = self._refusal(gateway, slug, e.log_reason)
            refusal.client, refusal.subject = e.client, e.subject
            raise refusal from e

    def metadata(self, gateway: Gateway) -> dict[str, Any]:
        """The protected-resource metadata document. Raises Refused for a gateway without bearer tokens."""
        if gateway.authorizer is None:
            raise Refused("no_gateway")
        return self._gate.metadata(
            self._url(gateway.id), gateway.authorizer, (f"gateway:{gateway.id}", gateway.revision)
        )

    async def _signed(self, head: Head, gateway: Gateway, body: Body) -> Admitted:
        kind = credential(head)
        if kind == "presigned":
            raise Refused("presigned_refused")
        if kind != "sigv4":
            raise Refused("iam_no_credentials" if kind in ("none", "other") else "method_mismatch")
        claim = self._permissions.claim(head)
        spooled = await spool(body)
        try:
            wanted = [Wanted(f"{PREFIX}InvokeGateway", gateway.arn)]
            caller = await self._permissions.require(head, claim, spooled.sha256, lambda: wanted)
        except BaseException:
            spooled.file.close()
            raise
        return Admitted("sigv4", "root" if caller.root else caller.arn, spooled)

    def _refusal(self, gateway: Gateway, slug: str, reason: str) -> Refused:
        metadata = f"{self._url(gateway.id).removesuffix('/mcp')}/{METADATA}"
        words = [f'resource_metadata="{metadata}"']
        if scopes := advertised(gateway.authorizer or {}):
            words.append(f'scope="{" ".join(scopes)}"')
        if error := {"gateway_bad_token": "invalid_token", "gateway_scope": "insufficient_scope"}.get(slug):
            words.append(f'error="{error}"')
        return Refused(slug, log_reason=reason, headers=[("www-authenticate", f"Bearer {', '.join(words)}")])
