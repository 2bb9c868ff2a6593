"""OAuth2 credential providers: which client of which issuer an agent may get tokens of (botocore model).

The client's secret lives in Secrets Manager, as at the service; it is never answered, logged or written here.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import astuple, dataclass, replace
from typing import Any

from agentcore_local.control import Names, Params, Reply
from agentcore_local.paging import page
from agentcore_local.permissions import PREFIX, Wanted
from agentcore_local.store import Store
from agentcore_local.wire import Refused

VENDOR, JSON_KEY = "CustomOauth2", "client_secret"
MAX_PROVIDERS = 50  # AgentCore devguide: bedrock-agentcore-limits
_SCHEMA = """
CREATE TABLE IF NOT EXISTS oauth2_provider (
  name TEXT PRIMARY KEY, discovery_url TEXT NOT NULL, client_id TEXT NOT NULL, secret_arn TEXT NOT NULL,
  created_at REAL NOT NULL, updated_at REAL NOT NULL);
"""
_CONFIG = "oauth2ProviderConfigInput.customOauth2ProviderConfig"
_PLAYED = frozenset({"oauthDiscovery", "clientId", "clientSecret", "clientSecretSource", "clientAuthenticationMethod"})


def secret_name(provider: str) -> str:
    """As the service names it (bedrock-agentcore-starter-toolkit: execution role policy)."""
    return f"bedrock-agentcore-identity!default/oauth2/{provider}"


def provider_wanted(operation: str, params: Mapping[str, Any], names: Names) -> list[Wanted]:
    """The permissions that an operation on providers needs; those on the secret are the service's own matter here."""
    wanted = [Wanted(PREFIX + operation, names.token_vault)]
    if "name" in params:
        wanted.append(Wanted(PREFIX + operation, names.provider_arn(params["name"])))
    return wanted


@dataclass(frozen=True, slots=True)
class Provider:
    """Times in Unix seconds."""

    name: str
    discovery_url: str
    client_id: str
    secret_arn: str
    created_at: float
    updated_at: float


class ProviderStore:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._db = store.add_tables(_SCHEMA)

    def find(self, name: str) -> Provider | None:
        row = self._db.execute("SELECT * FROM oauth2_provider WHERE name = ?", (name,)).fetchone()
        return Provider(*row) if row else None

    def all(self) -> list[Provider]:
        return [Provider(*r) for r in self._db.execute("SELECT * FROM oauth2_provider ORDER BY name")]

    def put(self, provider: Provider) -> None:
        with self._store.change():
            self._db.execute("INSERT OR REPLACE INTO oauth2_provider VALUES (?, ?, ?, ?, ?, ?)", astuple(provider))

    def drop(self, name: str) -> None:
        with self._store.change():
            self._db.execute("DELETE FROM oauth2_provider WHERE name = ?", (name,))


class ProviderOperations:
    """secrets() is boto3's Secrets Manager client, signed with the root key; check(discovery URL) raises Refused."""

    def __init__(
        self,
        records: ProviderStore,
        names: Names,
        secrets: Callable[[], Any],
        check: Callable[[str], Awaitable[None]],
        clock: Callable[[], float],
    ) -> None:
        self._records, self._names, self._secrets = records, names, secrets
        self._check, self._clock = check, clock
        self._lock = asyncio.Lock()

    async def create(self, params: Params) -> Reply:
        async with self._lock:
            name = params["name"]
            if self._records.find(name):
                raise Refused("conflict", detail="A credential provider with the specified name already exists")
            if len(self._records.all()) >= MAX_PROVIDERS:
                raise Refused("quota", detail=f"Credential providers must not exceed {MAX_PROVIDERS}")
            url, client, secret = await self._read(params)
            secret_arn = await self._vaulted(lambda vault: _keep(vault, secret_name(name), secret))
            now = self._clock()
            provider = Provider(name, url, client, secret_arn, now, now)
            self._records.put(provider)
            reply = self._whole(provider)
            # Not members of this operation's answer (botocore model).
            return {
                k: v
                for k, v in reply.items()
                if k not in ("credentialProviderVendor", "createdTime", "lastUpdatedTime")
            }

    async def update(self, params: Params) -> Reply:
        async with self._lock:
            provider = self._find(params["name"])
            url, client, secret = await self._read(params)
            arn = await self._vaulted(lambda vault: _keep(vault, secret_name(provider.name), secret))
            provider = replace(provider, discovery_url=url, client_id=client, secret_arn=arn, updated_at=self._clock())
            self._records.put(provider)
            return self._whole(provider)

    async def get(self, params: Params) -> Reply:
        return self._whole(self._find(params["name"]))

    async def delete(self, params: Params) -> Reply:
        async with self._lock:
            provider = self._find(params["name"])
            await self._vaulted(lambda vault: _forget(vault, secret_name(provider.name)))
            self._records.drop(provider.name)
            return {}

    async def list(self, params: Params) -> Reply:
        kept = ("name", "credentialProviderVendor", "credentialProviderArn", "createdTime", "lastUpdatedTime")
        items = [{k: v for k, v in self._whole(p).items() if k in kept} for p in self._records.all()]
        return page("credentialProviders", items, params)

    def _find(self, name: str) -> Provider:
        provider = self._records.find(name)
        if provider is None:
            raise Refused("not_found", detail=f"Credential provider '{name[:128]}' was not found")
        return provider

    async def _read(self, params: Params) -> tuple[str, str, str]:
        """Discovery URL, client id and secret. Raises Refused for what is not played."""
        given = params["oauth2ProviderConfigInput"].get("customOauth2ProviderConfig")
        if params["credentialProviderVendor"] != VENDOR or given is None:
            raise _invalid("credentialProviderVendor", f"only {VENDOR} is played by agentcore_local")
        url = given["oauthDiscovery"].get("discoveryUrl")
        if unknown := sorted(given.keys() - _PLAYED):
            raise _invalid(f"{_CONFIG}.{unknown[0]}", "is not played by agentcore_local")
        if url is None:
            raise _invalid(f"{_CONFIG}.oauthDiscovery", "only discoveryUrl is played by agentcore_local")
        if given.get("clientSecretSource", "MANAGED") != "MANAGED":
            raise _invalid(f"{_CONFIG}.clientSecretSource", "only MANAGED is played by agentcore_local")
        if given.get("clientAuthenticationMethod", "CLIENT_SECRET_BASIC") != "CLIENT_SECRET_BASIC":
            raise _invalid(f"{_CONFIG}.clientAuthenticationMethod", "only CLIENT_SECRET_BASIC is played")
        for name in ("clientId", "clientSecret"):
            if not given.get(name):
                raise _invalid(f"{_CONFIG}.{name}", "Member must not be null")
        await self._check(url)
        return url, given["clientId"], given["clientSecret"]

    async def _vaulted(self, work: Callable[[Any], str]) -> str:
        try:
            return await asyncio.to_thread(lambda: work(self._secrets()))
        except Exception:  # its text could quote the request, which holds the secret
            raise Refused("internal", log_reason="secrets_manager") from None

    def _whole(self, provider: Provider) -> Reply:
        discovery = {"discoveryUrl": provider.discovery_url}
        output = {"customOauth2ProviderConfig": {"oauthDiscovery": discovery, "clientId": provider.client_id}}
        # The model alone writes `acps` here; policies name the provider under bedrock-agentcore.
        arn = self._names.provider_arn(provider.name).replace("bedrock-agentcore", "acps", 1)
        return {
            "name": provider.name,
            "credentialProviderArn": arn,
            "credentialProviderVendor": VENDOR,
            "clientSecretArn": {"secretArn": provider.secret_arn},
            "clientSecretJsonKey": JSON_KEY,
            "clientSecretSource": "MANAGED",
            "oauth2ProviderConfigOutput": output,
            "createdTime": provider.created_at,
            "lastUpdatedTime": provider.updated_at,
        }


def _keep(vault: Any, name: str, secret: str) -> str:
    """Write the secret, over one that a killed process left behind too."""
    content = json.dumps({JSON_KEY: secret})
    try:
        return str(vault.create_secret(Name=name, SecretString=content)["ARN"])
    except vault.exceptions.ResourceExistsException:
        return str(vault.put_secret_value(SecretId=name, SecretString=content)["ARN"])


def _forget(vault: Any, name: str) -> str:
    try:
        return str(vault.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)["ARN"])
    except vault.exceptions.ResourceNotFoundException:
        return ""


def _invalid(name: str, message: str) -> Refused:
    return Refused("validation", detail=f"{name}: {message}", fields=[(name, message)])
