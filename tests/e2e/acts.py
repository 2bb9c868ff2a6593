"""What the tests do and look for, as an operator at the same machine could."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import boto3

from tests.e2e.conftest import Clone, Done


def one_error(done: Done) -> str:
    """The error line. There is exactly one, and no traceback."""
    assert "Traceback" not in done.err
    (line,) = [line for line in done.err.splitlines() if line.startswith("error [")]
    assert "remedy: " in done.err
    return line


def local_environment(clone: Clone, environment: str = "dev") -> dict[str, str]:
    """What `local.env` prints, asked once as long as ports and key stay the same."""
    cloud = clone.path / ".state" / f"local-{environment}"
    ports = json.loads((cloud / "ledger.json").read_text())["ports"]
    return _asked(clone, environment, json.dumps(ports), (cloud / "cloud/root-key.json").read_text())


@cache
def _asked(clone: Clone, environment: str, ports: str, key: str) -> dict[str, str]:
    lines = clone.invoke("local.env", ENVIRONMENT=environment).out.splitlines()
    return {k: v.strip("'") for k, _, v in (line.removeprefix("export ").partition("=") for line in lines)}


def ledger(clone: Clone) -> Any:
    return json.loads((clone.path / ".state/local-dev/ledger.json").read_text())


def client(env: dict[str, str], service: str = "bedrock-agentcore-control") -> Any:
    """A client of boto3 as the variables of `local.env` make it."""
    control = env["AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL"]
    return boto3.client(
        service,
        endpoint_url=control if service == "bedrock-agentcore-control" else env["AWS_ENDPOINT_URL"],
        region_name=env["AWS_REGION"],
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
    )


def allow_client(clone: Clone, client_id: str) -> None:
    """What an operator with too much haste would do: one client more."""
    alter_door(clone, ledger(clone)["runtime"]["id"], lambda rules: rules["allowedClients"].append(client_id))


def alter_door(clone: Clone, runtime_id: str, alter: Callable[[dict[str, Any]], Any]) -> None:
    """Change the authorizer of a live runtime; every other setting is sent again as it is."""
    control = client(local_environment(clone))
    live = control.get_agent_runtime(agentRuntimeId=runtime_id)
    alter(live["authorizerConfiguration"]["customJWTAuthorizer"])
    kept = ["agentRuntimeId", "agentRuntimeArtifact", "roleArn", "networkConfiguration", "protocolConfiguration"]
    kept += ["environmentVariables", "authorizerConfiguration", "requestHeaderConfiguration"]
    control.update_agent_runtime(**{name: live[name] for name in kept})
    deadline = time.monotonic() + 60
    while control.get_agent_runtime(agentRuntimeId=runtime_id)["status"] == "UPDATING":
        assert time.monotonic() < deadline, "the update does not end"
        time.sleep(0.1)


def alter_gateway(clone: Clone, alter: Callable[[dict[str, Any]], Any]) -> None:
    """Change the authorizer of the live gateway; every other setting is sent again as it is."""
    control, id = client(local_environment(clone)), ledger(clone)["gateway"]["id"]
    live = control.get_gateway(gatewayIdentifier=id)
    alter(live["authorizerConfiguration"]["customJWTAuthorizer"])
    kept = ["name", "roleArn", "protocolType", "authorizerType", "authorizerConfiguration"]
    control.update_gateway(gatewayIdentifier=id, **{name: live[name] for name in kept})
    deadline = time.monotonic() + 60
    while control.get_gateway(gatewayIdentifier=id)["status"] == "UPDATING":
        assert time.monotonic() < deadline, "the update does not end"
        time.sleep(0.1)


def go_round_the_gateway(clone: Clone) -> set[str]:
    """All that opens the function or spoils the gateway without a change of its door; the fields that drift names.

    The function answers as before: what it runs is its own code with something added.
    """
    env, made = local_environment(clone), ledger(clone)["gateway"]
    functions, control, id = client(env, "lambda"), client(env), made["id"]
    target = control.get_gateway_target(gatewayIdentifier=id, targetId=made["target_id"])
    arn = target["targetConfiguration"]["mcp"]["lambda"]["lambdaArn"]
    package = io.BytesIO((clone.path / "terraform" / ".package" / "credit_check.zip").read_bytes())
    with zipfile.ZipFile(package, "a") as more:
        more.writestr("credit_check/more.py", "")
    functions.update_function_code(FunctionName=arn, ZipFile=package.getvalue())
    functions.add_permission(FunctionName=arn, StatementId="open", Action="lambda:InvokeFunction", Principal="*")
    functions.create_function_url_config(FunctionName=arn, AuthType="NONE")
    kept = {name: target[name] for name in ("targetConfiguration", "credentialProviderConfigurations")}
    control.create_gateway_target(gatewayIdentifier=id, name="another", **kept)
    name = made["credential_provider"]
    provider = control.get_oauth2_credential_provider(name=name)["oauth2ProviderConfigOutput"]
    given = {**provider["customOauth2ProviderConfig"], "clientSecret": "another-secret"}
    control.update_oauth2_credential_provider(
        name=name,
        credentialProviderVendor="CustomOauth2",
        oauth2ProviderConfigInput={
            "customOauth2ProviderConfig": {k: given[k] for k in ("oauthDiscovery", "clientId", "clientSecret")}
        },
    )
    return {"code_sha256", "permissions.open", f"urls.{arn}", "target", "secret"}


def holds(content: bytes, secret: str) -> bool:
    """True if the text is there as it is or as JSON writes it; Terraform escapes &, < and > too."""
    escaped = json.dumps(secret)[1:-1]
    for character in "&<>":
        escaped = escaped.replace(character, f"\\u{ord(character):04x}")
    return secret.encode() in content or escaped.encode() in content


def files_with(folder: Path, secret: str) -> set[str]:
    """Files below folder that hold the text, but for the emulator's own protected state."""
    emulator = folder / "cloud" / "ministack"
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and emulator not in path.parents and holds(path.read_bytes(), secret)
    }


def secrets_of(env: dict[str, str]) -> tuple[list[str], list[str]]:
    """(every string in Secrets Manager, the secret of every app client of every pool)."""
    store, pools = client(env, "secretsmanager"), client(env, "cognito-idp")
    strings = [
        store.get_secret_value(SecretId=item["ARN"])["SecretString"] for item in store.list_secrets()["SecretList"]
    ]
    of_clients = []
    for pool in pools.list_user_pools(MaxResults=60)["UserPools"]:
        for item in pools.list_user_pool_clients(UserPoolId=pool["Id"], MaxResults=60)["UserPoolClients"]:
            which = {"UserPoolId": pool["Id"], "ClientId": item["ClientId"]}
            secret = pools.describe_user_pool_client(**which)["UserPoolClient"].get("ClientSecret")
            of_clients += [secret] if secret else []
    return strings, of_clients
