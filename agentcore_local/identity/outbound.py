"""GetResourceOauth2Token: an agent's way to a token of another party's, by its workload token and its role."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import yarl

from agentcore_local.control import Names, Params, Reply
from agentcore_local.grants import Principal
from agentcore_local.identity.providers import JSON_KEY, Provider, ProviderStore
from agentcore_local.identity.workload import WorkloadTokens
from agentcore_local.keys import FetchFailed
from agentcore_local.permissions import PREFIX, Wanted
from agentcore_local.store import Store
from agentcore_local.urls import BadUrl, require_fetchable
from agentcore_local.wire import Refused

TIMEOUT_S = 10.0
MAX_ANSWER = 256 * 1024
_ERROR = re.compile(r"[a-z_]{1,40}", re.ASCII)
_NOT_PLAYED = ("sessionUri", "resourceOauth2ReturnUrl", "customParameters", "customState", "resources", "audiences")


class OutboundTokens:
    """fetch(url) gives a document's bytes or raises FetchFailed; target(url) says where a URL leads on this machine."""

    def __init__(
        self,
        store: Store,
        providers: ProviderStore,
        tokens: WorkloadTokens,
        names: Names,
        secrets: Callable[[], Any],
        session: aiohttp.ClientSession,
        fetch: Callable[[str], Awaitable[bytes]],
        target: Callable[[str], str],
    ) -> None:
        self._store, self._providers, self._tokens, self._names = store, providers, tokens, names
        self._secrets, self._session, self._fetch, self._target = secrets, session, fetch, target

    def wanted(self, operation: str, params: Params) -> list[Wanted]:
        """Permissions of the caller (bedrock-agentcore-starter-toolkit: execution role policy)."""
        action = PREFIX + operation
        if operation != "GetResourceOauth2Token":
            arns = [self._names.workload_directory, self._names.workload_arn(params["workloadName"])]
            return [Wanted(action, arn) for arn in arns]
        name = params["resourceCredentialProviderName"]
        arns = [self._names.token_vault, self._names.provider_arn(name), self._names.workload_directory]
        if runtime_id := self._tokens.runtime(params["workloadIdentityToken"]):
            arns.append(self._names.workload_arn(runtime_id))
        wanted = [Wanted(action, arn) for arn in arns]
        if provider := self._providers.find(name):
            wanted.append(Wanted("secretsmanager:GetSecretValue", provider.secret_arn))
        return wanted

    async def get_token(self, params: Params, caller: Principal) -> Reply:
        """GetResourceOauth2Token. Raises Refused."""
        if params["oauth2Flow"] != "M2M":
            raise _invalid("oauth2Flow", "only M2M is played by agentcore_local")
        for name in _NOT_PLAYED:
            if params.get(name):
                raise _invalid(name, "is not played by agentcore_local")
        self._check_caller(params["workloadIdentityToken"], caller)
        name = params["resourceCredentialProviderName"]
        provider = self._providers.find(name)
        if provider is None:
            raise Refused("not_found", detail=f"Credential provider '{name}' was not found")
        return {"accessToken": await self._exchange(provider, " ".join(params["scopes"]))}

    async def refuse_workload(self, params: Params, caller: Principal) -> Reply:
        """GetWorkloadAccessToken and its kin: every workload here is a runtime's or a gateway's (observed words)."""
        message = "WorkloadIdentity is linked to a service and cannot retrieve an access token by the caller"
        raise Refused("validation", detail=message, fields=[("workloadName", message)])

    def _check_caller(self, token: str, caller: Principal) -> None:
        """A token that was handed to one runtime is worth nothing to others, nor to whoever read it in a log."""
        runtime_id = self._tokens.runtime(token)
        if runtime_id is None:
            raise Refused("bad_workload_token")
        roles = {v.spec["roleArn"] for v in self._store.versions(runtime_id)}
        if caller.kind != "AssumedRole" or caller.entity not in roles:
            raise Refused("bad_workload_token", log_reason="workload_token_of_another")

    async def _exchange(self, provider: Provider, scopes: str) -> str:
        secret = await self._secret(provider)
        url = await self._token_endpoint(provider.discovery_url)
        form = {"grant_type": "client_credentials"} | ({"scope": scopes} if scopes else {})
        options: dict[str, Any] = {
            "auth": aiohttp.BasicAuth(provider.client_id, secret, encoding="utf-8"),
            "headers": {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            "timeout": aiohttp.ClientTimeout(total=TIMEOUT_S),
            "allow_redirects": False,
        }
        try:
            async with self._session.post(yarl.URL(url, encoded=True), data=form, **options) as reply:
                status, answered = reply.status, _document(await reply.content.read(MAX_ANSWER))
        except (aiohttp.ClientError, OSError, TimeoutError) as e:
            raise _no_token(provider, f"the token endpoint cannot be reached ({type(e).__name__})") from None
        token = answered.get("access_token")
        if status == 200 and isinstance(token, str) and token:
            return token
        error = answered.get("error")
        known = error if isinstance(error, str) and _ERROR.fullmatch(error) else "no error code"
        raise _no_token(provider, f"the token endpoint answered {status}, {known}")

    async def _secret(self, provider: Provider) -> str:
        def read() -> str:
            content = self._secrets().get_secret_value(SecretId=provider.secret_arn)["SecretString"]
            return str(json.loads(content)[JSON_KEY])

        try:
            return await asyncio.to_thread(read)
        except Exception:  # botocore raises many kinds; what is in the secret stays out of the message
            raise _no_token(provider, "its client secret cannot be read") from None

    async def _token_endpoint(self, discovery_url: str) -> str:
        try:
            endpoint = _document(await self._fetch(discovery_url)).get("token_endpoint")
            if not isinstance(endpoint, str):
                raise FetchFailed("the discovery document names no token endpoint")
            target = self._target(endpoint)
            require_fetchable(target, local=True)
            return target
        except (FetchFailed, BadUrl) as e:
            raise Refused("validation", detail=f"The token endpoint cannot be known: {e}") from e

    async def check_discovery(self, discovery_url: str) -> None:
        """Refuse a provider whose token endpoint cannot be known (400)."""
        try:
            require_fetchable(discovery_url, local=True)
        except BadUrl as e:
            raise _invalid("discoveryUrl", str(e)) from e
        await self._token_endpoint(discovery_url)


def _document(raw: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _no_token(provider: Provider, why: str) -> Refused:
    return Refused("validation", detail=f"No token from credential provider '{provider.name}': {why}")


def _invalid(name: str, message: str) -> Refused:
    return Refused("validation", detail=f"{name}: {message}", fields=[(name, message)])
