"""The AWS adapters against botocore's own service models; nothing is sent."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from orchestration.aws import (
    AccessKey,
    AgentLogs,
    BotoRuntimeControl,
    Clients,
    CognitoProvider,
    Identity,
    ImageRepository,
    PoolMembers,
    RoleCredentials,
    identity,
    known_regions,
    observed_from_api,
    sign,
)
from orchestration.checks.kit import AwsCredentials, Signing
from orchestration.checks.request import Request
from orchestration.errors import OrchestrationError, TokenRefused, Unfit
from orchestration.settings import aws_endpoints
from tests.fakes.orchestration import (
    CLIENT_SECRET,
    DISCOVERY_URL,
    IMAGE,
    LOCAL_ENDPOINTS,
    OUTPUTS,
    PASSWORD,
    RUNTIME_ARN,
    RUNTIME_ID,
    observed,
    spec,
)

KEY = AccessKey("AKIAEXAMPLE", "the-emulators-secret")
ARTIFACT = {
    "codeConfiguration": {
        "code": {"s3": {"bucket": OUTPUTS["artifact_bucket_name"], "prefix": "mortgage_dev/deployment.zip"}},
        "runtime": "PYTHON_3_12",
        "entryPoint": ["main.py"],
    }
}
AUTHORIZER = {
    "customJWTAuthorizer": {
        "discoveryUrl": DISCOVERY_URL,
        "allowedClients": ["client-of-machines", "client-of-people"],
    }
}
HEADERS = {"requestHeaderAllowlist": ["Authorization"]}
WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def runtime_answer(**changes: Any) -> dict[str, Any]:
    """GetAgentRuntime's answer for the good runtime; None leaves a member out."""
    answer = {
        "agentRuntimeArn": RUNTIME_ARN,
        "agentRuntimeId": RUNTIME_ID,
        "agentRuntimeName": OUTPUTS["agent_runtime_name"],
        "agentRuntimeVersion": "3",
        "roleArn": OUTPUTS["runtime_role_arn"],
        "status": "READY",
        "createdAt": WHEN,
        "lastUpdatedAt": WHEN,
        "networkConfiguration": {"networkMode": "PUBLIC"},
        "lifecycleConfiguration": {"idleRuntimeSessionTimeout": 900, "maxLifetime": 28800},
        "protocolConfiguration": {"serverProtocol": "HTTP"},
        "agentRuntimeArtifact": ARTIFACT,
        "authorizerConfiguration": AUTHORIZER,
        "requestHeaderConfiguration": HEADERS,
        "environmentVariables": dict(spec().environment),
        "metadataConfiguration": {"requireMMDSV2": True},
    } | changes
    return {name: value for name, value in answer.items() if value is not None}


class Stubs(Clients):
    """The real clients of the local target, one a service, with their answers in a queue."""

    def __init__(self) -> None:
        super().__init__("us-east-1", LOCAL_ENDPOINTS, KEY)
        self._made: dict[str, Any] = {}
        self._stubbers: dict[str, Stubber] = {}

    def make(self, service: str, *, read_timeout_s: float = 30.0) -> Any:
        if service not in self._made:
            self._made[service] = super().make(service, read_timeout_s=read_timeout_s)
        return self._made[service]

    def stub(self, service: str) -> Stubber:
        if service not in self._stubbers:
            self._stubbers[service] = Stubber(self.make(service))
            self._stubbers[service].activate()
        return self._stubbers[service]

    def done(self) -> None:
        for stubber in self._stubbers.values():
            stubber.assert_no_pending_responses()
            stubber.deactivate()
        self._stubbers.clear()


@pytest.fixture(scope="module")
def _clients() -> Stubs:
    return Stubs()


@pytest.fixture
def stubs(_clients: Stubs) -> Iterator[Stubs]:
    yield _clients
    _clients.done()


# -- clients


def test_a_key_never_shows_its_secret() -> None:
    assert "secret" not in f"{KEY!r} {KEY}"


def test_the_regions_are_those_of_all_partitions() -> None:
    regions = known_regions()
    assert {"us-east-1", "eu-central-1", "us-gov-west-1"} <= set(regions)
    assert "us-east-9" not in regions


STRAY = {
    "AWS_ACCESS_KEY_ID": "AKIAOFTHEUSER",
    "AWS_SECRET_ACCESS_KEY": "secret-of-the-user",
    "AWS_ENDPOINT_URL": "http://stray.example.com",
    "AWS_ENDPOINT_URL_STS": "http://stray.example.com",
    "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL": "http://stray.example.com",
}


@pytest.fixture
def stray(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in STRAY.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("service", "url"),
    [
        ("sts", "https://sts.eu-central-1.amazonaws.com"),
        ("bedrock-agentcore-control", "https://bedrock-agentcore-control.eu-central-1.amazonaws.com"),
        ("bedrock-agentcore", "https://bedrock-agentcore.eu-central-1.amazonaws.com"),
    ],
)
@pytest.mark.usefixtures("stray")
def test_on_aws_no_variable_redirects_a_client(service: str, url: str) -> None:
    clients = Clients("eu-central-1", aws_endpoints("eu-central-1"), None)
    assert clients.make(service).meta.endpoint_url == url


@pytest.mark.parametrize(
    ("service", "url"),
    [
        ("sts", LOCAL_ENDPOINTS.aws),
        ("cognito-idp", LOCAL_ENDPOINTS.aws),
        ("bedrock-agentcore-control", LOCAL_ENDPOINTS.control_plane),
        ("bedrock-agentcore", LOCAL_ENDPOINTS.data_plane),
    ],
)
@pytest.mark.usefixtures("stray")
def test_locally_every_client_goes_to_the_local_cloud(service: str, url: str) -> None:
    assert Clients("us-east-1", LOCAL_ENDPOINTS, KEY).make(service).meta.endpoint_url == url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("AWS_ACCESS_KEY_ID", "AKIAOFTHEUSER", id="key"),
        pytest.param("AWS_SESSION_TOKEN", "token-of-the-user", id="session-token"),
        pytest.param("AWS_PROFILE", "a-profile-that-is-not-there", id="missing-profile"),
        pytest.param("AWS_CA_BUNDLE", "/nowhere/ca.pem", id="missing-ca-bundle"),
    ],
)
def test_locally_the_users_own_aws_settings_mean_nothing(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    client = Clients("us-east-1", LOCAL_ENDPOINTS, KEY).make("sts")
    used = client._request_signer._credentials
    assert (used.access_key, used.secret_key, used.token) == (KEY.id, KEY.secret, None)


def test_locally_no_proxy_stands_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.com:3128")
    client = Clients("us-east-1", LOCAL_ENDPOINTS, KEY).make("sts")
    assert client._endpoint.http_session._proxy_config.proxy_url_for(str(LOCAL_ENDPOINTS.aws)) is None


# -- errors


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        pytest.param("ExpiredToken", Unfit, "bad_credentials", id="expired"),
        pytest.param("ExpiredTokenException", Unfit, "bad_credentials", id="expired-exception"),
        pytest.param("InvalidClientTokenId", Unfit, "bad_credentials", id="unknown-key"),
        pytest.param("UnrecognizedClientException", Unfit, "bad_credentials", id="unrecognized"),
        pytest.param("AccessDenied", Unfit, "access_denied", id="denied"),
        pytest.param("AccessDeniedException", Unfit, "access_denied", id="denied-exception"),
        pytest.param("ThrottlingException", OrchestrationError, "failed", id="anything-else"),
    ],
)
def test_a_refusal_names_the_action_and_the_services_words(
    stubs: Stubs, error: str, kind: type[OrchestrationError], code: str
) -> None:
    stubs.stub("sts").add_client_error("get_caller_identity", error, "so says the service")
    with pytest.raises(OrchestrationError) as caught:
        identity(stubs)
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert caught.value.message == f"sts:GetCallerIdentity was refused: {error}: so says the service"


def test_no_credentials_are_the_environments_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere/config")
    with pytest.raises(Unfit) as caught:
        identity(Clients("us-east-1", aws_endpoints("us-east-1"), None))
    assert caught.value.code == "no_credentials"
    assert "TARGET=local" in caught.value.remedy


def test_on_aws_a_missing_profile_is_the_environments_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "a-profile-that-is-not-there")
    with pytest.raises(Unfit, match="a-profile-that-is-not-there"):
        identity(Clients("us-east-1", aws_endpoints("us-east-1"), None))


def test_a_service_that_cannot_be_reached_is_the_environments_fault() -> None:
    clients = Stubs()

    def unreachable(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:4566")

    clients.make("sts").meta.events.register("before-call.sts", unreachable)
    with pytest.raises(Unfit, match="sts:GetCallerIdentity could not be sent"):
        identity(clients)


def test_identity(stubs: Stubs) -> None:
    answer = {"Account": "111122223333", "Arn": "arn:aws:iam::111122223333:user/ann", "UserId": "x"}
    stubs.stub("sts").add_response("get_caller_identity", answer)
    assert identity(stubs) == Identity("111122223333", "arn:aws:iam::111122223333:user/ann", "us-east-1")


# -- Cognito and Secrets Manager


def test_a_secret_is_read_by_its_arn(stubs: Stubs) -> None:
    arn = OUTPUTS["caller_password_secret_arn"]
    stubs.stub("secretsmanager").add_response("get_secret_value", {"SecretString": PASSWORD}, {"SecretId": arn})
    assert CognitoProvider(stubs).secret(arn) == PASSWORD


SIGN_IN = {
    "ClientId": "c",
    "AuthFlow": "USER_PASSWORD_AUTH",
    "AuthParameters": {"USERNAME": "ann", "PASSWORD": PASSWORD},
}


def test_signing_in_gives_both_tokens(stubs: Stubs) -> None:
    answer = {"AuthenticationResult": {"AccessToken": "a", "IdToken": "i"}}
    stubs.stub("cognito-idp").add_response("initiate_auth", answer, SIGN_IN)
    tokens = CognitoProvider(stubs).sign_in("c", "ann", PASSWORD)
    assert (tokens.access, tokens.id) == ("a", "i")


@pytest.mark.parametrize("error", ["NotAuthorizedException", "UserNotFoundException", "ResourceNotFoundException"])
def test_a_refused_sign_in_names_user_client_and_reason_but_no_password(stubs: Stubs, error: str) -> None:
    stubs.stub("cognito-idp").add_client_error("initiate_auth", error, f"Incorrect {PASSWORD}")
    with pytest.raises(TokenRefused) as caught:
        CognitoProvider(stubs).sign_in("c", "ann", PASSWORD)
    assert "no token for ann through app client c" in caught.value.message and error in caught.value.message
    assert PASSWORD not in caught.value.message + caught.value.remedy
    assert PASSWORD not in f"{caught.value!r} {caught.value.remedy}"


def test_a_challenge_instead_of_tokens_is_a_refusal(stubs: Stubs) -> None:
    stubs.stub("cognito-idp").add_response("initiate_auth", {"ChallengeName": "NEW_PASSWORD_REQUIRED"}, SIGN_IN)
    with pytest.raises(TokenRefused, match="NEW_PASSWORD_REQUIRED"):
        CognitoProvider(stubs).sign_in("c", "ann", PASSWORD)


def test_a_client_secret_is_described(stubs: Stubs) -> None:
    answer = {"UserPoolClient": {"ClientSecret": CLIENT_SECRET * 2}}
    params = {"UserPoolId": "us-east-1_pool", "ClientId": "c"}
    stubs.stub("cognito-idp").add_response("describe_user_pool_client", answer, params)
    assert CognitoProvider(stubs).client_secret("us-east-1_pool", "c") == CLIENT_SECRET * 2


@pytest.mark.parametrize(("status", "confirmed"), [("CONFIRMED", True), ("FORCE_CHANGE_PASSWORD", False)])
def test_is_confirmed(stubs: Stubs, status: str, confirmed: bool) -> None:
    stubs.stub("cognito-idp").add_response("admin_get_user", {"Username": "ann", "UserStatus": status})
    assert CognitoProvider(stubs).is_confirmed("us-east-1_pool", "ann") is confirmed


def test_a_password_is_set_for_good(stubs: Stubs) -> None:
    params = {"UserPoolId": "us-east-1_pool", "Username": "ann", "Password": PASSWORD, "Permanent": True}
    stubs.stub("cognito-idp").add_response("admin_set_user_password", {}, params)
    CognitoProvider(stubs).set_password("us-east-1_pool", "ann", PASSWORD)


def test_the_clients_of_a_pool_are_read_page_by_page_and_people_by_name_alone(stubs: Stubs) -> None:
    cognito, pool = stubs.stub("cognito-idp"), {"UserPoolId": "us-east-1_pool"}
    first = {"UserPoolClients": [{"ClientId": "c1", "ClientName": "a"}], "NextToken": "more"}
    cognito.add_response("list_user_pool_clients", first, pool)
    second = {"UserPoolClients": [{"ClientId": "c2", "ClientName": "b"}]}
    cognito.add_response("list_user_pool_clients", second, pool | {"NextToken": "more"})
    asked = pool | {"Limit": 60}
    cognito.add_response("list_users", {"Users": [{"Username": "ann"}]}, asked)
    members = PoolMembers(stubs)
    assert members.clients("us-east-1_pool") == {"c1": "a", "c2": "b"}
    assert members.users("us-east-1_pool") == ["ann"]


# -- the control plane

CONTROL = "bedrock-agentcore-control"


def test_a_runtime_is_read_into_our_words(stubs: Stubs) -> None:
    stubs.stub(CONTROL).add_response("get_agent_runtime", runtime_answer(), {"agentRuntimeId": RUNTIME_ID})
    runtime = BotoRuntimeControl(stubs).get(RUNTIME_ID)
    assert runtime == observed(version="3")


@pytest.mark.parametrize(
    ("member", "field", "expected"),
    [
        pytest.param("authorizerConfiguration", "authorizer", {}, id="no-authorizer"),
        pytest.param("metadataConfiguration", "require_mmds_v2", False, id="no-metadata-configuration"),
        pytest.param("environmentVariables", "environment", {}, id="no-variables"),
        pytest.param("protocolConfiguration", "protocol", "", id="no-protocol"),
        pytest.param("agentRuntimeArtifact", "bucket", "", id="no-artifact"),
    ],
)
def test_a_member_that_is_left_out_is_not_set(member: str, field: str, expected: Any) -> None:
    runtime = observed_from_api(runtime_answer(**{member: None}))
    assert getattr(runtime.spec, field) == expected


PINNED = {"bucket": "b", "prefix": "k", "versionId": "of-a-stranger"}


@pytest.mark.parametrize(
    ("artifact", "extras"),
    [
        pytest.param(ARTIFACT, (), id="ours"),
        pytest.param({"codeConfiguration": {"code": {"s3": PINNED}}}, ("versionId of-a-stranger",), id="held-fast"),
        pytest.param(
            {"containerConfiguration": {"containerUri": "evil", "entryPoint": ["sh"]}}, ("entryPoint",), id="image"
        ),
        pytest.param({"codeConfiguration": {"code": {"zip": {"a": 1}}, "layers": ["x"]}}, ("layers", "zip"), id="new"),
    ],
)
def test_code_that_is_not_the_package_in_the_bucket_is_seen(artifact: Any, extras: tuple[str, ...]) -> None:
    assert observed_from_api(runtime_answer(agentRuntimeArtifact=artifact)).spec.extras == extras


def test_an_image_is_seen_where_code_was_asked_for() -> None:
    container = {"containerConfiguration": {"containerUri": IMAGE}}
    live = observed_from_api(runtime_answer(agentRuntimeArtifact=container)).spec
    assert (live.image, live.bucket, live.code_runtime, live.extras) == (IMAGE, "", "", ())


def test_the_digest_is_that_of_the_tag_and_none_without_an_image(stubs: Stubs) -> None:
    ecr = stubs.stub("ecr")
    asked = {"repositoryName": "mortgage-dev", "imageIds": [{"imageTag": IMAGE.rpartition(":")[2]}]}
    ecr.add_response("describe_images", {"imageDetails": [{"imageDigest": "sha256:1"}]}, asked)
    ecr.add_client_error("describe_images", "ImageNotFoundException", http_status_code=400)
    repository = ImageRepository(stubs)
    assert (repository.digest(IMAGE), repository.digest(IMAGE)) == ("sha256:1", None)


def test_a_resource_policy_is_read_and_none_is_none(stubs: Stubs) -> None:
    control = stubs.stub(CONTROL)
    control.add_response("get_resource_policy", {"policy": "{}"}, {"resourceArn": RUNTIME_ARN})
    control.add_client_error("get_resource_policy", "ResourceNotFoundException", http_status_code=404)
    reader = BotoRuntimeControl(stubs)
    assert (reader.resource_policy(RUNTIME_ARN), reader.resource_policy(RUNTIME_ARN)) == ("{}", None)


def test_the_reason_of_a_failure_is_kept() -> None:
    runtime = observed_from_api(runtime_answer(status="CREATE_FAILED", failureReason="no such module"))
    assert (runtime.status, runtime.failure_reason) == ("CREATE_FAILED", "no such module")


def endpoint(**changes: Any) -> dict[str, Any]:
    return {
        "agentRuntimeEndpointArn": f"{RUNTIME_ARN}/runtime-endpoint/DEFAULT",
        "name": "DEFAULT",
        "id": "DEFAULT",
        "agentRuntimeArn": RUNTIME_ARN,
        "status": "READY",
        "createdAt": 0,
        "lastUpdatedAt": 0,
        **changes,
    }


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        pytest.param(endpoint(liveVersion="1", targetVersion="2"), "1", id="the-newest-failed"),
        pytest.param(endpoint(targetVersion="1"), None, id="none-yet"),
    ],
)
def test_the_version_that_serves_is_that_of_the_default_endpoint(
    stubs: Stubs, answer: dict[str, Any], version: str | None
) -> None:
    asked = {"agentRuntimeId": RUNTIME_ID, "endpointName": "DEFAULT"}
    stubs.stub(CONTROL).add_response("get_agent_runtime_endpoint", answer, asked)
    assert BotoRuntimeControl(stubs).serving(RUNTIME_ID) == version


def test_a_runtime_without_an_endpoint_serves_nothing(stubs: Stubs) -> None:
    stubs.stub(CONTROL).add_client_error("get_agent_runtime_endpoint", "ResourceNotFoundException")
    assert BotoRuntimeControl(stubs).serving(RUNTIME_ID) is None


def test_a_runtime_that_is_not_there_is_none(stubs: Stubs) -> None:
    stubs.stub(CONTROL).add_client_error("get_agent_runtime", "ResourceNotFoundException", http_status_code=404)
    assert BotoRuntimeControl(stubs).get(RUNTIME_ID) is None


def test_a_runtime_that_may_not_be_read_is_an_error_and_not_none(stubs: Stubs) -> None:
    stubs.stub(CONTROL).add_client_error("get_agent_runtime", "AccessDeniedException", http_status_code=403)
    with pytest.raises(Unfit, match="bedrock-agentcore:GetAgentRuntime"):
        BotoRuntimeControl(stubs).get(RUNTIME_ID)


def listed(name: str, runtime_id: str) -> dict[str, Any]:
    return {
        "agentRuntimeArn": RUNTIME_ARN,
        "agentRuntimeId": runtime_id,
        "agentRuntimeName": name,
        "agentRuntimeVersion": "1",
        "description": "the agent",
        "lastUpdatedAt": WHEN,
        "status": "READY",
    }


def test_a_runtime_is_found_on_a_later_page(stubs: Stubs) -> None:
    control = stubs.stub(CONTROL)
    first = {"agentRuntimes": [listed("mortgage_dev2", "mortgage_dev2-Ab12Cd34Ef")], "nextToken": "more"}
    control.add_response("list_agent_runtimes", first, {})
    second = {"agentRuntimes": [listed("mortgage_dev", RUNTIME_ID)]}
    control.add_response("list_agent_runtimes", second, {"nextToken": "more"})
    control.add_response("get_agent_runtime", runtime_answer(), {"agentRuntimeId": RUNTIME_ID})
    found = BotoRuntimeControl(stubs).find("mortgage_dev")
    assert found is not None
    assert found.id == RUNTIME_ID


def test_no_page_with_that_name_is_none(stubs: Stubs) -> None:
    stubs.stub(CONTROL).add_response("list_agent_runtimes", {"agentRuntimes": [listed("other", RUNTIME_ID)]}, {})
    assert BotoRuntimeControl(stubs).find("mortgage_dev") is None


def test_an_update_sends_every_setting(stubs: Stubs) -> None:
    params = {
        "agentRuntimeId": RUNTIME_ID,
        "agentRuntimeArtifact": ARTIFACT,
        "roleArn": OUTPUTS["runtime_role_arn"],
        "networkConfiguration": {"networkMode": "PUBLIC"},
        "protocolConfiguration": {"serverProtocol": "HTTP"},
        "authorizerConfiguration": AUTHORIZER,
        "requestHeaderConfiguration": HEADERS,
        "environmentVariables": dict(spec().environment),
        "metadataConfiguration": {"requireMMDSV2": True},
    }
    answer = {
        "agentRuntimeArn": RUNTIME_ARN,
        "agentRuntimeId": RUNTIME_ID,
        "agentRuntimeVersion": "4",
        "createdAt": WHEN,
        "lastUpdatedAt": WHEN,
        "status": "UPDATING",
    }
    stubs.stub(CONTROL).add_response("update_agent_runtime", answer, params)
    BotoRuntimeControl(stubs).update(observed(), spec())


@pytest.mark.parametrize(
    ("changes", "members"),
    [
        pytest.param({}, {"authorizerConfiguration": AUTHORIZER, "requestHeaderConfiguration": HEADERS}, id="tokens"),
        # An empty union would be refused; leaving it out makes a door for signed calls.
        pytest.param({"authorizer": {}, "request_headers": ()}, {}, id="signed-calls"),
    ],
)
def test_a_runtime_is_made_of_the_package_in_the_bucket(
    stubs: Stubs, changes: dict[str, Any], members: dict[str, Any]
) -> None:
    params = {
        "agentRuntimeName": "mortgage_dev",
        "agentRuntimeArtifact": ARTIFACT,
        "roleArn": OUTPUTS["runtime_role_arn"],
        "networkConfiguration": {"networkMode": "PUBLIC"},
        "protocolConfiguration": {"serverProtocol": "HTTP"},
        "environmentVariables": dict(spec().environment),
        "tags": {"Project": "p"},
        **members,
    }
    answer = {
        "agentRuntimeArn": RUNTIME_ARN,
        "agentRuntimeId": RUNTIME_ID,
        "agentRuntimeVersion": "1",
        "createdAt": WHEN,
        "status": "CREATING",
    }
    stubs.stub(CONTROL).add_response("create_agent_runtime", answer, params)
    assert BotoRuntimeControl(stubs).create(spec(**changes), {"Project": "p"}) == (RUNTIME_ID, RUNTIME_ARN)


def test_tags_are_read_and_written_and_what_is_gone_has_none(stubs: Stubs) -> None:
    stub, named = stubs.stub(CONTROL), {"resourceArn": RUNTIME_ARN}
    stub.add_response("tag_resource", {}, {**named, "tags": {"Project": "p"}})
    stub.add_response("list_tags_for_resource", {"tags": {"Project": "p"}}, named)
    stub.add_client_error("list_tags_for_resource", "ResourceNotFoundException", http_status_code=404)
    adapter = BotoRuntimeControl(stubs)
    adapter.tag(RUNTIME_ARN, {"Project": "p"})
    assert [adapter.tags(RUNTIME_ARN), adapter.tags(RUNTIME_ARN)] == [{"Project": "p"}, {}]


def test_deleting_what_is_gone_is_no_error(stubs: Stubs) -> None:
    stubs.stub(CONTROL).add_client_error("delete_agent_runtime", "ResourceNotFoundException", http_status_code=404)
    BotoRuntimeControl(stubs).delete(RUNTIME_ID)


# -- signatures

BASE_URL = "https://bedrock-agentcore.us-east-1.amazonaws.com"
CALL = Request("POST", "/runtimes/arn%3Ax%2Fy/invocations?qualifier=DEFAULT", (("Accept", "text/plain"),), b"{}")
SIGNING = Signing(AwsCredentials("ASIAEXAMPLE", "the-secret", "the-session"), "us-east-1", "bedrock-agentcore", 1.8e9)


def signed_headers(**changes: Any) -> dict[str, str]:
    return dict(sign(CALL, BASE_URL, replace(SIGNING, **changes)).headers)


def test_a_signature_is_the_one_that_botocore_makes_at_that_moment() -> None:
    """Recomputed from the specification's steps (AWS General Reference: SigV4), not by botocore."""
    headers = signed_headers()
    scope = "20270115/us-east-1/bedrock-agentcore/aws4_request"
    assert headers["X-Amz-Date"] == "20270115T080000Z"
    assert headers["X-Amz-Security-Token"] == "the-session"
    canonical = "\n".join(
        [
            "POST",
            "/runtimes/arn%253Ax%252Fy/invocations",
            "qualifier=DEFAULT",
            "host:bedrock-agentcore.us-east-1.amazonaws.com",
            "x-amz-date:20270115T080000Z",
            "x-amz-security-token:the-session",
            "",
            "host;x-amz-date;x-amz-security-token",
            sha256(b"{}").hexdigest(),
        ]
    )
    text = f"AWS4-HMAC-SHA256\n20270115T080000Z\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    key = b"AWS4the-secret"
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    assert headers["Authorization"] == (
        f"AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE/{scope}, "
        f"SignedHeaders=host;x-amz-date;x-amz-security-token, Signature={signature}"
    )


def test_without_a_session_no_session_token_is_sent() -> None:
    assert "X-Amz-Security-Token" not in signed_headers(credentials=AwsCredentials("AKIAEXAMPLE", "the-secret"))


def test_what_was_there_stays_and_the_secret_goes_nowhere() -> None:
    request = sign(CALL, BASE_URL, SIGNING)
    assert request.headers[0] == ("Accept", "text/plain")
    assert (request.target, request.body) == (CALL.target, CALL.body)
    assert "the-secret" not in str(request.headers) + repr(SIGNING)


def test_a_role_is_assumed_for_as_short_as_can_be(stubs: Stubs) -> None:
    made = {
        "AccessKeyId": "ASIAEXAMPLE12345",
        "SecretAccessKey": "the-secret",
        "SessionToken": "the-session",
        "Expiration": WHEN,
    }
    params = {"RoleArn": "arn:aws:iam::000000000000:role/r", "RoleSessionName": "smoke-x", "DurationSeconds": 900}
    stubs.stub("sts").add_response("assume_role", {"Credentials": made}, params)
    found = RoleCredentials(stubs).of_role("arn:aws:iam::000000000000:role/r", "smoke-x")
    assert found == AwsCredentials("ASIAEXAMPLE12345", "the-secret", "the-session")


def test_a_role_that_may_not_be_assumed_is_unfit(stubs: Stubs) -> None:
    stubs.stub("sts").add_client_error("assume_role", "AccessDenied", http_status_code=403)
    with pytest.raises(Unfit):
        RoleCredentials(stubs).of_role("arn:aws:iam::000000000000:role/r", "smoke-x")


def test_the_operator_signs_as_itself() -> None:
    own = RoleCredentials(Clients("us-east-1", LOCAL_ENDPOINTS, KEY)).own()
    assert own == AwsCredentials(KEY.id, KEY.secret, None)


# -- the agents' log

GROUP = f"/aws/bedrock-agentcore/runtimes/{RUNTIME_ID}-DEFAULT"


def test_lines_with_canaries_are_read_from_every_page(stubs: Stubs) -> None:
    params = {"logGroupName": GROUP, "startTime": 1000, "filterPattern": '"canary"'}
    stub = stubs.stub("logs")
    stub.add_response("filter_log_events", {"events": [{"message": "one"}], "nextToken": "n"}, params)
    stub.add_response("filter_log_events", {"events": [{"message": "two"}]}, {**params, "nextToken": "n"})
    assert AgentLogs(stubs, "DEFAULT").lines([RUNTIME_ID], 1.0) == ["one", "two"]


def test_a_log_group_that_is_not_there_yet_has_no_lines(stubs: Stubs) -> None:
    stubs.stub("logs").add_client_error("filter_log_events", "ResourceNotFoundException", http_status_code=400)
    assert AgentLogs(stubs, "DEFAULT").lines([RUNTIME_ID], 1.0) == []
