"""Enforces who may pass: one of two kinds of door, never both. Whatever cannot be decided is refused."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal, Protocol
from urllib.parse import quote

from agentcore_local.authorizer import Allow, Deny, InvalidPolicy, Policy, authorize_token, parse_policy
from agentcore_local.bearer import SignedToken, read_bearer
from agentcore_local.claims import holds_during
from agentcore_local.edge import Body, Head, spool
from agentcore_local.jwks import IssuerKeys
from agentcore_local.keys import KeysUnavailable
from agentcore_local.permissions import Asked, Permissions
from agentcore_local.remembered import Admitted, Remembered, Verdict, digest
from agentcore_local.store import Door
from agentcore_local.wire import Refused

Credential = Literal["none", "bearer", "sigv4", "presigned", "other"]
_PRESIGNED = re.compile(rb"(?:^|&)x-amz-(?:signature|algorithm|credential)=", re.IGNORECASE)
_MAX_POLICIES = 4096


class KeySource(Protocol):
    """What is used of keys.KeyStore."""

    async def get(self, discovery_url: str, kid: str | None) -> IssuerKeys: ...
    async def check(self, discovery_url: str) -> None: ...


def credential(head: Head) -> Credential:
    """What kind of credential a request carries. Raises Refused when it carries two."""
    presigned = _PRESIGNED.search(head.query) is not None
    header = head.one("authorization")
    if header is None or not header.strip():
        return "presigned" if presigned else "none"
    if presigned:
        raise Refused("two_credentials")
    return kind_of(header)


def kind_of(header: str | None) -> Credential:
    """What an Authorization header holds by its first word."""
    if header is not None and header.startswith("Bearer "):
        return "bearer"  # what follows it is long, and need not be looked through
    if header is None or not header.strip():
        return "none"
    scheme = header.split(None, 1)[0].lower()
    if scheme == "bearer":
        return "bearer"
    return "sigv4" if scheme == "aws4-hmac-sha256" else "other"


class Gate:
    """Decides one data-plane request. clock() is Unix seconds; base_url is where callers reach this plane."""

    def __init__(self, permissions: Permissions, keys: KeySource, clock: Callable[[], float], base_url: str) -> None:
        self._permissions, self._keys, self._clock, self._base_url = permissions, keys, clock, base_url
        self._policies: dict[tuple[str, int], Policy] = {}
        self._remembered = Remembered()

    async def admit(
        self, head: Head, door: Door | None, absent: Callable[[], Refused], body: Body, asked: Asked
    ) -> Admitted:
        """Let a caller pass or raise Refused. `absent()` is raised for a door that is not there, but only to
        callers who showed a credential; the others get the answer of an IAM door."""
        kind = credential(head)
        if door is not None and door.authorizer is not None:
            if kind in ("sigv4", "presigned"):
                raise Refused("method_mismatch", log_reason="sigv4_on_jwt_door")
            try:
                admitted = await self.judge(head, door.authorizer, (door.runtime_id, door.version))
            except Refused as e:
                if e.row.status == 401:
                    e.headers = (("www-authenticate", self._challenge(door)),)
                raise
            self._permissions.require_anyone(head, asked)
            return admitted
        if kind in ("none", "other"):
            raise Refused("iam_no_credentials")
        if kind == "presigned":
            raise Refused("presigned_refused")
        if kind == "bearer":
            raise absent() if door is None else Refused("method_mismatch", log_reason="bearer_on_iam_door")
        claim = self._permissions.claim(head)
        spooled = await spool(body)
        try:
            caller = await self._permissions.require(head, claim, spooled.sha256, lambda: asked.wanted(head))
            if door is None:
                raise absent()
        except BaseException:
            spooled.file.close()
            raise
        return Admitted("sigv4", "root" if caller.root else caller.arn, spooled)

    async def check_authorizer(self, configuration: Mapping[str, Any]) -> None:
        """Refuse to deploy an authorizer that breaks a rule or whose keys cannot be had (400)."""
        at = "authorizerConfiguration.customJWTAuthorizer"
        try:
            policy = parse_policy(configuration)
            await self._keys.check(policy.discovery_url)
        except InvalidPolicy as e:
            fields = [(f"{at}.{name}", message) for name, message in e.fields]
            raise Refused("validation", detail=str(e), fields=fields) from e
        except KeysUnavailable as e:
            message = f"The discovery URL cannot be used: {e}"
            raise Refused("validation", detail=message, fields=[(f"{at}.discoveryUrl", message)]) from e

    def resource_metadata(self, door: Door) -> dict[str, Any]:
        """The protected-resource metadata document (RFC 9728; members as observed by users)."""
        resource = f"{self._invocations(door)}?qualifier={door.qualifier}"
        return self.metadata(resource, door.authorizer or {}, (door.runtime_id, door.version))

    def metadata(self, resource: str, configuration: Mapping[str, Any], key: tuple[str, int]) -> dict[str, Any]:
        """The same for any resource behind a bearer door."""
        issuer = self.policy(configuration, key).discovery_url.removesuffix("/.well-known/openid-configuration")
        document: dict[str, Any] = {"authorization_servers": [issuer], "resource": resource}
        if scopes := advertised(configuration):
            document["scopes_supported"] = scopes
        return document

    async def judge(self, head: Head, configuration: Mapping[str, Any], key: tuple[str, int]) -> Admitted:
        """Decide by the bearer token. key names the configuration, which stays the same under it. Raises Refused."""
        header, policy = head.one("authorization") or "", self.policy(configuration, key)
        credential = digest(header)
        if known := self._remembered.find(credential, key, policy):
            keys = await self._known_keys(policy, known.kid)
            if keys is known.keys and int(self._clock()) in known.during:
                return known.admitted
        token = read_bearer(header)
        keys = None if isinstance(token, Deny) else await self._known_keys(policy, token.kid)
        verdict = authorize_token(token, policy, keys, int(self._clock()))
        if isinstance(verdict, Allow):
            admitted = Admitted("jwt", _text(verdict.claims, "sub"), client=_text(verdict.claims, "client_id"))
            if keys is not None and isinstance(token, SignedToken):
                during = holds_during(verdict.claims)
                self._remembered.keep(credential, key, Verdict(policy, keys, token.kid, during, admitted))
            return admitted
        raise _refusal(verdict)

    async def _known_keys(self, policy: Policy, kid: str) -> IssuerKeys | None:
        try:
            return await self._keys.get(policy.discovery_url, kid)
        except KeysUnavailable:
            return None

    def policy(self, configuration: Mapping[str, Any], key: tuple[str, int]) -> Policy:
        """The parsed authorizer, kept under its key. Raises Refused."""
        policy = self._policies.get(key)
        if policy is None:
            if len(self._policies) >= _MAX_POLICIES:
                self._policies.clear()
            try:
                policy = self._policies[key] = parse_policy(configuration)
            except InvalidPolicy:
                raise Refused("no_policy") from None
        return policy

    def _challenge(self, door: Door) -> str:
        metadata = f"{self._invocations(door)}/.well-known/oauth-protected-resource"
        challenge = f'Bearer resource_metadata="{metadata}?qualifier={door.qualifier}"'
        scopes = advertised(door.authorizer or {})
        return f'{challenge}, scope="{" ".join(scopes)}"' if scopes else challenge

    def _invocations(self, door: Door) -> str:
        return f"{self._base_url}/runtimes/{_quoted(door.arn)}/invocations"


@lru_cache(maxsize=256)
def _quoted(arn: str) -> str:
    return quote(arn, safe="")


def _refusal(verdict: Deny) -> Refused:
    """In a frame of its own: an exception that its own frame names would keep all of them until it is collected."""
    also = "".join(f",{r.value}" for r in verdict.also)
    refused = Refused(verdict.reason.value, log_reason=verdict.reason.value + also)
    refused.client, refused.subject = _text(verdict.claims, "client_id"), _text(verdict.claims, "sub")
    return refused


def _text(claims: Mapping[str, Any] | None, name: str) -> str | None:
    value = (claims or {}).get(name)
    return value if isinstance(value, str) else None


def advertised(configuration: Mapping[str, Any]) -> list[str]:
    """Allowed scopes under the names they are advertised by (botocore model: advertisedScopeMapping)."""
    mapping = configuration.get("advertisedScopeMapping") or {}
    return [mapping.get(s, s) for s in configuration.get("allowedScopes") or []]
