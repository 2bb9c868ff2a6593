"""The execution role: judged before it is deployed, and all that an agent can be on AWS."""

import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.agents import MAIN
from tests.contract.cast import Cast, allow, document
from tests.contract.cloud import ACCOUNT, TRUST, Emulator, Local, eventually, send
from tests.contract.deployed import BUCKET, Deployed

Create = Callable[..., Deployed]
# The agent calls AWS as any program does: whatever boto3 finds by itself.
WORKING = MAIN.replace(
    '        if "stream" in asked:',
    """        if "aws" in asked:
            import boto3
            from botocore.exceptions import BotoCoreError, ClientError
            try:
                client = boto3.client(asked["aws"])
                result = getattr(client, asked["call"])(**asked.get("with", {}))
                result.pop("ResponseMetadata")
            except (BotoCoreError, ClientError) as e:
                result = {"error": getattr(e, "response", {}).get("Error", {}).get("Code", type(e).__name__)}
            return self.reply(200, json.dumps(result, default=str).encode())
        if "stream" in asked:""",
    1,
)
SERVICE = {"Service": "bedrock-agentcore.amazonaws.com"}
FAILED = "Role validation failed for '{arn}'. Please verify that the role exists and its trust policy"


@pytest.fixture(scope="module")
def cast(emulator: Emulator) -> Cast:
    return Cast(emulator)


def trusting(cast: Cast, trust: dict[str, Any], *statements: dict[str, Any]) -> str:
    role = cast.role(*statements)
    cast.iam.update_assume_role_policy(RoleName=role.rsplit("/", 1)[1], PolicyDocument=json.dumps(trust))
    return role


def asked(local: Local, runtime: Deployed, **request: Any) -> Any:
    data = local.data()
    reply = data.invoke_agent_runtime(agentRuntimeArn=runtime.arn, payload=json.dumps(request).encode())
    return json.loads(reply["response"].read())


@pytest.mark.parametrize("conditions", [True, False], ids=["trust-with-conditions", "trust-without"])
def test_an_agent_works_as_its_role_and_as_nobody_else(
    local: Local, create: Create, upload: Callable[..., dict[str, Any]], cast: Cast, conditions: bool
) -> None:
    plain = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}
    plain["Statement"][0]["Principal"] = SERVICE  # type: ignore[index]
    role = trusting(cast, TRUST if conditions else plain, allow("s3:ListBucket", f"arn:aws:s3:::{BUCKET}"))
    runtime = create(agentRuntimeArtifact=upload(main=WORKING), roleArn=role)
    name = role.rsplit("/", 1)[1]
    who = asked(local, runtime, aws="sts", call="get_caller_identity")
    assert who["Arn"].startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/")
    assert "Contents" in asked(local, runtime, aws="s3", call="list_objects_v2", **{"with": {"Bucket": BUCKET}})
    assert asked(local, runtime, aws="iam", call="list_users") == {"error": "AccessDenied"}


def test_a_role_that_stopped_trusting_gives_nothing(
    local: Local, create: Create, upload: Callable[..., dict[str, Any]], cast: Cast
) -> None:
    role = trusting(cast, TRUST)
    runtime = create(agentRuntimeArtifact=upload(main=WORKING), roleArn=role)
    name = role.rsplit("/", 1)[1]
    cast.iam.update_assume_role_policy(RoleName=name, PolicyDocument=document(statement({"AWS": "*"})))
    assert "error" in asked(local, runtime, aws="sts", call="get_caller_identity")


def statement(principal: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}


def test_credentials_are_for_the_holder_of_the_agents_token(
    local: Local, create: Create, upload: Callable[..., dict[str, Any]], cast: Cast
) -> None:
    roles = [trusting(cast, TRUST) for _ in range(2)]
    runtimes = [create(roleArn=role) for role in roles]
    seen = [asked(local, r)["environment"] for r in runtimes]
    url = seen[0]["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    assert url.startswith("http://127.0.0.1:")
    tokens = [e["AWS_CONTAINER_AUTHORIZATION_TOKEN"] for e in seen]
    answers = [send("GET", url, None, {"Authorization": t}) for t in tokens]
    assert [a.json["RoleArn"] for a in answers] == roles
    assert answers[0].json["AccessKeyId"] != answers[1].json["AccessKeyId"]
    for headers in ({}, {"Authorization": ""}, {"Authorization": "x"}, {"Authorization": f"Bearer {tokens[0]}"}):
        assert send("GET", url, None, headers).status == 401
    assert send("GET", url + "?a=b", None, {"Authorization": tokens[0]}).status == 404
    assert send("POST", url, b"", {"Authorization": tokens[0]}).status == 404
    runtimes[0].control.delete_agent_runtime(agentRuntimeId=runtimes[0].id)
    eventually(
        lambda: send("GET", url, None, {"Authorization": tokens[0]}).status == 401, "the token ends with its agent"
    )
    log = local.log.read_text()
    for secret in (tokens[1], answers[1].json["SecretAccessKey"], answers[1].json["Token"]):
        assert secret not in log


OTHER = "999999999999"
SOURCE = "aws:SourceAccount"
BAD_TRUST: dict[str, dict[str, Any]] = {
    "another-service": statement({"Service": "lambda.amazonaws.com"}),
    "an-account": statement({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
    "everybody": statement("*"),
    "another-account": statement(SERVICE, Condition={"StringEquals": {SOURCE: OTHER}}),
    "empty-account": statement(SERVICE, Condition={"StringEquals": {SOURCE: ""}}),
    "another-runtime": statement(SERVICE, Condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}),
    "unknown-condition": statement(SERVICE, Condition={"StringEquals": {"sts:ExternalId": "x"}}),
    "another-action": statement(SERVICE) | {"Action": "sts:TagSession"},
}


@pytest.mark.parametrize("name", BAD_TRUST)
def test_a_role_that_does_not_trust_the_service_is_refused(
    local: Local, cast: Cast, name: str, other: Deployed
) -> None:
    refused(local, trusting(cast, {"Version": "2012-10-17", "Statement": [BAD_TRUST[name]]}), other)


def test_a_role_denied_to_the_service_is_refused(local: Local, cast: Cast, other: Deployed) -> None:
    denying = statement(SERVICE) | {"Effect": "Deny"}
    refused(local, trusting(cast, {"Version": "2012-10-17", "Statement": [statement(SERVICE), denying]}), other)


@pytest.mark.parametrize("arn", [f"arn:aws:iam::{ACCOUNT}:role/absent", f"arn:aws:iam::{OTHER}:role/agent"])
def test_a_role_that_is_not_there_is_refused(local: Local, other: Deployed, arn: str) -> None:
    refused(local, arn, other)


def test_a_role_is_found_by_its_whole_path(local: Local, cast: Cast, other: Deployed) -> None:
    role = cast.role(trust=SERVICE, path="/apps/")
    refused(local, role.replace("/apps/", "/"), other)
    assert other.update(roleArn=role)["roleArn"] == role


@pytest.fixture(scope="module")
def other(create: Create) -> Deployed:
    return create()


def refused(local: Local, role: str, runtime: Deployed) -> None:
    """Neither a new runtime nor an update takes the role, and nothing is left of either."""
    control, before = local.control(), runtime.get()["agentRuntimeVersion"]
    name = f"never_{secrets.token_hex(4)}"
    calls: list[Callable[[], Any]] = [
        lambda: control.create_agent_runtime(
            agentRuntimeName=name, agentRuntimeArtifact=runtime.artifact, roleArn=role
        ),
        lambda: runtime.update(roleArn=role),
    ]
    for call in calls:
        with pytest.raises(control.exceptions.ValidationException) as e:
            call()
        assert FAILED.format(arn=role) in e.value.response["Error"]["Message"]
    assert runtime.get()["agentRuntimeVersion"] == before
    listed = control.get_paginator("list_agent_runtimes").paginate().search("agentRuntimes[].agentRuntimeName")
    assert name not in list(listed)
