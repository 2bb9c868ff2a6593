"""Both planes as boto3 sees them. Every reply is also compared with the service model (see referee.py)."""

import json
import secrets
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.contract.agents import MAIN, archive
from tests.contract.cloud import ISSUER_BASE, ROLE, Local, People, eventually
from tests.contract.deployed import Deployed

Create = Callable[..., Deployed]
Upload = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def guarded(create: Create, people: People) -> Deployed:
    """A runtime behind a JWT authorizer, for tests that do not change it."""
    return create(
        authorizerConfiguration=people.authorizer(),
        environmentVariables={"GREETING": "hello"},
        requestHeaderConfiguration={"requestHeaderAllowlist": ["Authorization", "X-Tenant"]},
        tags={"team": "loans"},
        description="behind a door",
    )


@pytest.fixture(scope="module")
def signed_only(create: Create) -> Deployed:
    """A runtime without an authorizer: callers sign."""
    return create()


def test_a_created_runtime_answers_in_the_services_form(guarded: Deployed) -> None:
    got = guarded.get()
    assert got["status"] == "READY"
    assert got["agentRuntimeVersion"] == "1"
    assert got["agentRuntimeArn"] == f"arn:aws:bedrock-agentcore:us-east-1:000000000000:runtime/{guarded.id}"
    assert got["agentRuntimeName"] == guarded.name
    assert got["lifecycleConfiguration"] == {"idleRuntimeSessionTimeout": 900, "maxLifetime": 28800}
    assert got["metadataConfiguration"] == {"requireMMDSV2": True}
    assert got["environmentVariables"] == {"GREETING": "hello"}
    assert got["description"] == "behind a door"


def test_runtimes_versions_endpoints_and_tags_are_listed(guarded: Deployed, signed_only: Deployed) -> None:
    control = guarded.control
    pages = control.get_paginator("list_agent_runtimes").paginate(PaginationConfig={"PageSize": 1})
    names = [r["agentRuntimeName"] for page in pages for r in page["agentRuntimes"]]
    assert {guarded.name, signed_only.name} <= set(names)
    versions = control.list_agent_runtime_versions(agentRuntimeId=guarded.id)["agentRuntimes"]
    assert [v["agentRuntimeVersion"] for v in versions] == ["1"]
    endpoints = control.list_agent_runtime_endpoints(agentRuntimeId=guarded.id)["runtimeEndpoints"]
    assert [(e["name"], e["liveVersion"], e["status"]) for e in endpoints] == [("DEFAULT", "1", "READY")]
    assert control.list_tags_for_resource(resourceArn=guarded.arn)["tags"] == {"team": "loans"}
    control.tag_resource(resourceArn=guarded.arn, tags={"stage": "test"})
    control.untag_resource(resourceArn=guarded.arn, tagKeys=["team"])
    assert control.list_tags_for_resource(resourceArn=guarded.arn)["tags"] == {"stage": "test"}


def test_the_agent_sees_its_own_files_and_environment_only(local: Local, guarded: Deployed, people: People) -> None:
    seen = local.invoke(guarded.arn, headers=people.bearer()).json
    assert seen["files"] == ["main.py", "notes/about.txt", "own.py"]
    environment = seen["environment"]
    assert environment["GREETING"] == "hello"
    assert environment["HOST"] == "127.0.0.1"
    assert "OPERATORS_OWN" not in environment
    own = {"REGION", "DEFAULT_REGION", "ENDPOINT_URL", "ENDPOINT_URL_BEDROCK_AGENTCORE", "EC2_METADATA_DISABLED"}
    own |= {"CONTAINER_CREDENTIALS_FULL_URI", "CONTAINER_AUTHORIZATION_TOKEN"}
    assert {n.removeprefix("AWS_") for n in environment if n.startswith("AWS_")} == own
    assert not {local.emulator.key, local.emulator.secret} & set(environment.values())


def test_only_listed_headers_reach_the_agent(local: Local, guarded: Deployed, people: People) -> None:
    spoofed = {
        "X-Amzn-Bedrock-AgentCore-Runtime-User-Id": "somebody-else",
        "X-Amzn-Bedrock-AgentCore-Runtime-Request-Id": "forged",
        "X-Amzn-Bedrock-AgentCore-Runtime-Custom-Unlisted": "1",
        "WorkloadAccessToken": "forged",
        "X-Forwarded-For": "10.0.0.1",
        "Cookie": "a=b",
        "TE": "trailers",
    }
    session = "s" * 33
    wanted = {"X-Tenant": "t1", "traceparent": "00-ab", "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": session}
    bearer = people.bearer()
    answer = local.invoke(guarded.arn, headers=bearer | wanted | spoofed)
    seen = answer.json["headers"]
    assert seen.pop("x-amzn-bedrock-agentcore-runtime-request-id") == answer.headers["x-amzn-requestid"]
    assert seen.pop("workloadaccesstoken") != "forged"
    assert seen["authorization"] == bearer["Authorization"]
    assert seen["x-tenant"] == "t1"
    assert seen["x-amzn-bedrock-agentcore-runtime-session-id"] == session
    assert answer.headers["x-amzn-bedrock-agentcore-runtime-session-id"] == session
    unwanted = {n.lower() for n in spoofed} | {"user-agent", "accept-encoding"}
    assert not unwanted & set(seen)
    assert "set-cookie" not in answer.headers


def test_authorization_stays_outside_unless_it_is_listed(local: Local, create: Create, people: People) -> None:
    runtime = create(authorizerConfiguration=people.authorizer())
    assert "authorization" not in local.invoke(runtime.arn, headers=people.bearer()).json["headers"]


def test_a_signed_call_reaches_a_runtime_without_authorizer(local: Local, signed_only: Deployed) -> None:
    reply = local.data().invoke_agent_runtime(
        agentRuntimeArn=signed_only.arn, payload=b'{"a": 1}', contentType="application/json"
    )
    assert json.loads(reply["response"].read())["size"] == 8
    assert reply["contentType"] == "application/json"
    assert len(reply["runtimeSessionId"]) >= 33


def test_a_runtime_can_be_named_by_id_and_account(local: Local, signed_only: Deployed) -> None:
    data = local.data()
    reply = data.invoke_agent_runtime(agentRuntimeArn=signed_only.id, accountId="000000000000", payload=b"{}")
    assert reply["statusCode"] == 200
    with pytest.raises(data.exceptions.ValidationException):
        data.invoke_agent_runtime(agentRuntimeArn=signed_only.id, payload=b"{}")


def test_a_session_is_stopped_by_a_signed_call(local: Local, signed_only: Deployed) -> None:
    data, session = local.data(), "s" * 40
    data.invoke_agent_runtime(agentRuntimeArn=signed_only.arn, runtimeSessionId=session, payload=b"{}")
    reply = data.stop_runtime_session(agentRuntimeArn=signed_only.arn, runtimeSessionId=session)
    assert reply["runtimeSessionId"] == session


# Errors: each row is raised by boto3 as the class that the service model names.

OTHER_ACCOUNT = "arn:aws:bedrock-agentcore:us-east-1:111111111111:runtime/agent-0123456789"
OTHER_REGION = "arn:aws:bedrock-agentcore:eu-west-1:000000000000:runtime/agent-0123456789"
UNKNOWN = "arn:aws:bedrock-agentcore:us-east-1:000000000000:runtime/agent-0123456789"


@pytest.mark.parametrize("arn", [OTHER_ACCOUNT, OTHER_REGION, UNKNOWN, UNKNOWN + " ", "arn:aws:s3:::bucket"])
def test_what_is_not_there_is_not_found(local: Local, arn: str) -> None:
    data = local.data()
    with pytest.raises(data.exceptions.ResourceNotFoundException) as e:
        data.invoke_agent_runtime(agentRuntimeArn=arn, payload=b"{}")
    message = f"No endpoint or agent found with qualifier 'DEFAULT' for agent '{arn}'"
    assert e.value.response["Error"]["Message"] == message


def test_an_unknown_qualifier_is_not_found(local: Local, signed_only: Deployed) -> None:
    data = local.data()
    with pytest.raises(data.exceptions.ResourceNotFoundException, match="qualifier 'nope'"):
        data.invoke_agent_runtime(agentRuntimeArn=signed_only.arn, qualifier="nope", payload=b"{}")


@pytest.mark.parametrize(("status", "words"), [(400, "(400)"), (500, "(500)"), (302, "(302)")])
def test_an_agents_error_becomes_a_runtime_client_error(
    local: Local, signed_only: Deployed, status: int, words: str
) -> None:
    data, payload = local.data(), json.dumps({"status": status}).encode()
    with pytest.raises(data.exceptions.RuntimeClientError) as e:
        data.invoke_agent_runtime(agentRuntimeArn=signed_only.arn, payload=payload)
    text = f"Received error {words} from runtime. Please check your CloudWatch logs for more information."
    assert e.value.response["Error"]["Message"] == text


ONCE = "import pathlib\npathlib.Path('started').open('x').close()\n"


def test_an_agent_that_does_not_start_again_is_a_runtime_client_error(
    local: Local, create: Create, upload: Upload
) -> None:
    runtime, data = create(agentRuntimeArtifact=upload(main=ONCE + MAIN)), local.data()
    reply = data.invoke_agent_runtime(agentRuntimeArn=runtime.arn, payload=b"{}")
    psutil.Process(json.loads(reply["response"].read())["pid"]).kill()

    def refused() -> bool:
        with pytest.raises(data.exceptions.RuntimeClientError) as e:
            data.invoke_agent_runtime(agentRuntimeArn=runtime.arn, payload=b"{}")
        message: str = e.value.response["Error"]["Message"]
        return message.startswith("An error occurred when starting the runtime.")

    eventually(refused, "the start is refused")


def test_an_eleventh_endpoint_is_over_the_quota(create: Create) -> None:
    runtime = create()
    control = runtime.control

    def settled() -> bool:
        items = control.list_agent_runtime_endpoints(agentRuntimeId=runtime.id)["runtimeEndpoints"]
        return all(e["status"] == "READY" for e in items)

    for number in range(9):
        control.create_agent_runtime_endpoint(agentRuntimeId=runtime.id, name=f"stage{number}")
        eventually(settled, "endpoint is ready")
    with pytest.raises(control.exceptions.ServiceQuotaExceededException):
        control.create_agent_runtime_endpoint(agentRuntimeId=runtime.id, name="stage9")


def test_endpoints_of_one_name_and_of_an_unknown_version_are_refused(guarded: Deployed) -> None:
    control = guarded.control
    with pytest.raises(control.exceptions.ConflictException):
        control.create_agent_runtime_endpoint(agentRuntimeId=guarded.id, name="DEFAULT")
    with pytest.raises(control.exceptions.ResourceNotFoundException):
        control.create_agent_runtime_endpoint(agentRuntimeId=guarded.id, name="stage", agentRuntimeVersion="9")


@pytest.mark.parametrize("length", [32, 257])
def test_a_session_id_of_the_wrong_length_is_invalid(
    local: Local, guarded: Deployed, people: People, length: int
) -> None:
    session = {"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": "s" * length}
    answer = local.invoke(guarded.arn, headers=people.bearer() | session)
    assert answer.status == 400
    assert answer.headers["x-amzn-errortype"] == "ValidationException"
    assert answer.json["fieldList"][0]["name"] == "runtimeSessionId"


def test_a_runtime_without_mmdsv2_refuses_calls(local: Local, create: Create) -> None:
    runtime, data = create(), local.data()
    runtime.update(metadataConfiguration={"requireMMDSV2": False})
    with pytest.raises(data.exceptions.ValidationException, match="This runtime is not MMDSv2-enabled"):
        data.invoke_agent_runtime(agentRuntimeArn=runtime.arn, payload=b"{}")
    runtime.update()
    assert data.invoke_agent_runtime(agentRuntimeArn=runtime.arn, payload=b"{}")["statusCode"] == 200


def test_a_taken_name_is_a_conflict(guarded: Deployed) -> None:
    control = guarded.control
    with pytest.raises(control.exceptions.ConflictException, match="already exists"):
        control.create_agent_runtime(agentRuntimeName=guarded.name, agentRuntimeArtifact=guarded.artifact, roleArn=ROLE)


def test_an_update_while_creating_is_a_conflict(local: Local, upload: Upload) -> None:
    control, artifact = local.control(), upload()
    made = control.create_agent_runtime(
        agentRuntimeName="busy_" + secrets.token_hex(3), agentRuntimeArtifact=artifact, roleArn=ROLE
    )
    assert made["status"] == "CREATING"
    runtime_id = made["agentRuntimeId"]
    changes: list[Callable[[], Any]] = [
        lambda: control.update_agent_runtime(agentRuntimeId=runtime_id, agentRuntimeArtifact=artifact, roleArn=ROLE),
        lambda: control.delete_agent_runtime(agentRuntimeId=runtime_id),
        lambda: control.create_agent_runtime_endpoint(agentRuntimeId=runtime_id, name="stage"),
    ]
    for change in changes:
        with pytest.raises(control.exceptions.ConflictException):
            change()
    eventually(lambda: control.get_agent_runtime(agentRuntimeId=runtime_id)["status"] == "READY", "ready")


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.get_agent_runtime(agentRuntimeId="agent-0123456789"),
        lambda c: c.get_agent_runtime_endpoint(agentRuntimeId="agent-0123456789", endpointName="DEFAULT"),
        lambda c: c.delete_agent_runtime(agentRuntimeId="agent-0123456789"),
        lambda c: c.list_agent_runtime_versions(agentRuntimeId="agent-0123456789"),
        lambda c: c.list_tags_for_resource(resourceArn=UNKNOWN),
    ],
)
def test_the_control_plane_does_not_find_what_is_not_there(local: Local, call: Callable[[Any], Any]) -> None:
    control = local.control()
    with pytest.raises(control.exceptions.ResourceNotFoundException):
        call(control)


FOREIGN = {"customJWTAuthorizer": {"discoveryUrl": "https://127.0.0.1:1/.well-known/openid-configuration"}}
UNREACHABLE = {"customJWTAuthorizer": FOREIGN["customJWTAuthorizer"] | {"allowedClients": ["a"]}}
NO_POOL = f"{ISSUER_BASE}/us-east-1_nopool/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"agentRuntimeName": "with-hyphen"}, "agentRuntimeName"),
        ({"roleArn": "arn:aws:iam::12:role/x"}, "roleArn"),
        ({"environmentVariables": {"A": "line\nbreak"}}, "environmentVariables"),
        ({"environmentVariables": {"A": "x" * 4096}}, "environmentVariables"),
        ({"authorizerConfiguration": UNREACHABLE}, "discoveryUrl"),
        ({"authorizerConfiguration": FOREIGN}, "authorizerConfiguration.customJWTAuthorizer"),
        (
            {"authorizerConfiguration": {"customJWTAuthorizer": {"discoveryUrl": NO_POOL, "allowedClients": ["a"]}}},
            "discoveryUrl",
        ),
        ({"requestHeaderConfiguration": {"requestHeaderAllowlist": ["Authorization"]}}, "requestHeaderAllowlist"),
        ({"requestHeaderConfiguration": {"requestHeaderAllowlist": ["Cookie"]}}, "requestHeaderAllowlist"),
        ({"requestHeaderConfiguration": {"requestHeaderAllowlist": ["A", "a"]}}, "requestHeaderAllowlist"),
    ],
)
def test_an_invalid_create_names_the_field(local: Local, upload: Upload, members: dict[str, Any], field: str) -> None:
    control = local.control()
    request = {"agentRuntimeName": "invalid_" + secrets.token_hex(3), "roleArn": ROLE} | members
    with pytest.raises(control.exceptions.ValidationException) as e:
        control.create_agent_runtime(agentRuntimeArtifact=upload(), **request)
    assert e.value.response["reason"] == "FieldValidationFailed"
    assert any(field in f["name"] for f in e.value.response["fieldList"])
    names = [r["agentRuntimeName"] for r in control.list_agent_runtimes()["agentRuntimes"]]
    assert request["agentRuntimeName"] not in names


def test_a_client_token_is_answered_once(local: Local, upload: Upload) -> None:
    control, artifact = local.control(), upload()
    request = {
        "agentRuntimeName": "once_" + secrets.token_hex(3),
        "agentRuntimeArtifact": artifact,
        "roleArn": ROLE,
        "clientToken": secrets.token_hex(20),
    }
    first, second = (control.create_agent_runtime(**request) for _ in range(2))
    assert first["agentRuntimeId"] == second["agentRuntimeId"]
    with pytest.raises(control.exceptions.ValidationException) as e:
        control.create_agent_runtime(**request | {"description": "another"})
    assert e.value.response["reason"] == "IdempotentParameterMismatchException"


BROKEN = "import sys\nsys.exit('no model today')\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (archive(main=BROKEN), "no model today"),
        (archive(**{"../evil.py": "x"}), "leaves its folder"),
        (b"not a zip", "zip"),
    ],
    ids=["agent-ends", "unsafe-name", "not-a-zip"],
)
def test_an_agent_that_cannot_start_is_create_failed(
    local: Local, create: Create, upload: Upload, content: bytes, reason: str
) -> None:
    runtime = create(agentRuntimeArtifact=upload(content))
    got = runtime.get()
    assert got["status"] == "CREATE_FAILED"
    assert reason in got["failureReason"]
    data = local.data()
    with pytest.raises(data.exceptions.ResourceNotFoundException):
        data.invoke_agent_runtime(agentRuntimeArn=runtime.arn, payload=b"{}")


def test_an_artifact_that_is_not_there_is_create_failed(create: Create) -> None:
    code = {"s3": {"bucket": "agent-code", "prefix": "missing.zip"}}
    artifact = {"codeConfiguration": {"code": code, "runtime": "PYTHON_3_11", "entryPoint": ["main.py"]}}
    got = create(agentRuntimeArtifact=artifact).get()
    assert got["status"] == "CREATE_FAILED"
    assert "s3://agent-code/missing.zip" in got["failureReason"]


def test_default_follows_the_newest_version_and_named_endpoints_stay(
    local: Local, create: Create, upload: Upload
) -> None:
    runtime, data = create(), local.data()
    control = runtime.control

    def generation(qualifier: str) -> str:
        reply = data.invoke_agent_runtime(agentRuntimeArn=runtime.arn, qualifier=qualifier, payload=b"{}")
        value: str = json.loads(reply["response"].read())["generation"]
        return value

    def settled(name: str = "stage") -> bool:
        reply = control.get_agent_runtime_endpoint(agentRuntimeId=runtime.id, endpointName=name)
        return bool(reply["status"] == "READY")

    made = control.create_agent_runtime_endpoint(agentRuntimeId=runtime.id, name="stage", description="pinned")
    assert (made["status"], made["targetVersion"]) == ("CREATING", "1")
    eventually(settled, "endpoint is ready")
    runtime.update(agentRuntimeArtifact=upload(generation="2"))
    assert (generation("DEFAULT"), generation("stage")) == ("2", "1")
    control.update_agent_runtime_endpoint(agentRuntimeId=runtime.id, endpointName="stage", agentRuntimeVersion="2")
    eventually(settled, "endpoint is moved")
    assert generation("stage") == "2"
    with pytest.raises(control.exceptions.ConflictException):
        control.delete_agent_runtime_endpoint(agentRuntimeId=runtime.id, endpointName="DEFAULT")
    with pytest.raises(control.exceptions.ConflictException):
        control.delete_agent_runtime(agentRuntimeId=runtime.id)
    control.delete_agent_runtime_endpoint(agentRuntimeId=runtime.id, endpointName="stage")
    with pytest.raises(data.exceptions.ResourceNotFoundException):
        generation("stage")


def test_a_deleted_runtime_is_gone_and_its_name_is_free(local: Local, create: Create) -> None:
    runtime = create()
    assert runtime.control.delete_agent_runtime(agentRuntimeId=runtime.id)["status"] == "DELETING"
    with pytest.raises(ClientError, match="ResourceNotFound"):
        local.data().invoke_agent_runtime(agentRuntimeArn=runtime.arn, payload=b"{}")

    def gone() -> bool:
        try:
            runtime.get()
        except runtime.control.exceptions.ResourceNotFoundException:
            return True
        return False

    eventually(gone, "runtime is deleted")
    assert create(agentRuntimeName=runtime.name).get()["status"] == "READY"
