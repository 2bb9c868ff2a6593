"""IAM callers on both planes: who signed is proved, and what they may do is what their policies say."""

import json
import random
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from agentcore_local.evaluation import Question, judge, parse
from tests.contract.agents import MAIN, archive
from tests.contract.cast import ACTION, Cast, Keys, Signing, allow, both, deny, document, invoke, signed
from tests.contract.cloud import ACCOUNT, REGION, Emulator, Local, People, eventually, make_role, send
from tests.contract.deployed import BUCKET, Deployed

Create = Callable[..., Deployed]
# The agent notes each call that reaches it.
NOTING = MAIN.replace(
    "body = self.body()\n", "body = self.body()\n        (HERE / 'reached').open('ab').write(body)\n", 1
)
PREFIX = "bedrock-agentcore:"
GHOST = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:runtime/ghost-0123456789"
USER_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-User-Id"


@pytest.fixture(scope="module")
def cast(emulator: Emulator) -> Cast:
    return Cast(emulator)


@pytest.fixture(scope="module")
def door(create: Create, upload: Callable[..., dict[str, Any]]) -> Deployed:
    return create(agentRuntimeArtifact=upload(main=NOTING))


@pytest.fixture(scope="module")
def other(create: Create) -> Deployed:
    return create()


def record(local: Local, runtime: Deployed) -> Path:
    return local.folder / "state/agents" / runtime.id / "1/code/reached"


@dataclass
class Tried:
    """One verdict: the service's error code, or None for an answer of the agent, and whether the agent was reached."""

    code: str | None
    reached: bool
    message: str = ""


def attempt(local: Local, runtime: Deployed, keys: Keys, how: Signing | None = None, **options: Any) -> Tried:
    nonce = json.dumps({"nonce": secrets.token_hex(16)}).encode()
    body = options.pop("body", nonce)
    answer = invoke(local, options.pop("arn", runtime.arn), keys, body, how or Signing(), **options)
    seen = record(local, runtime)
    reached = seen.exists() and nonce in seen.read_bytes()
    if answer.status == 200:
        return Tried(None, reached)
    return Tried(answer.headers["x-amzn-errortype"], reached, answer.json["message"])


DENIED = "AccessDeniedException"
UNKNOWN = "UnrecognizedClientException"
SIGNATURE = "InvalidSignatureException"
Case = Callable[[Cast, str, str], Keys]


def own_role(cast: Cast, arn: str) -> Keys:
    return cast.session(cast.role(allow(ACTION, *both(arn))))


def limited(cast: Cast, arn: str, boundary: str) -> Keys:
    keys = cast.user(allow(ACTION, *both(arn)))
    cast.iam.put_user_permissions_boundary(
        UserName=keys.arn.rsplit("/", 1)[1], PermissionsBoundary=cast.policy(allow(boundary))
    )
    return keys


def in_group(cast: Cast, arn: str, attached: bool) -> Keys:
    keys, group = cast.user(), f"group-{secrets.token_hex(4)}"
    cast.iam.create_group(GroupName=group)
    cast.iam.add_user_to_group(GroupName=group, UserName=keys.arn.rsplit("/", 1)[1])
    if attached:
        cast.iam.attach_group_policy(GroupName=group, PolicyArn=cast.policy(allow(ACTION, *both(arn))))
    else:
        cast.iam.put_group_policy(GroupName=group, PolicyName="p", PolicyDocument=document(allow(ACTION, *both(arn))))
    return keys


def inactive(cast: Cast, arn: str) -> Keys:
    keys = cast.user(allow(ACTION, *both(arn)))
    cast.iam.update_access_key(UserName=keys.arn.rsplit("/", 1)[1], AccessKeyId=keys.id, Status="Inactive")
    return keys


def of_root(cast: Cast) -> Keys:
    root = Keys(cast.emulator.key, cast.emulator.secret)
    c = root.client("sts", cast.emulator.url).get_session_token()["Credentials"]
    return Keys(c["AccessKeyId"], c["SecretAccessKey"], c["SessionToken"])


def attached(cast: Cast, arn: str) -> Keys:
    keys = cast.user()
    cast.iam.attach_user_policy(UserName=keys.arn.rsplit("/", 1)[1], PolicyArn=cast.policy(allow(ACTION, *both(arn))))
    return keys


LOOPBACK = {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
ELSEWHERE = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
CALLERS: dict[str, tuple[Case, str | None]] = {
    "user-allowed": (lambda c, a, o: c.user(allow(ACTION, *both(a))), None),
    "user-with-a-path": (lambda c, a, o: c.user(allow(ACTION, *both(a)), Path="/staff/"), None),
    "user-allowed-everything": (lambda c, a, o: c.user(allow("*")), None),
    "user-by-wildcard": (lambda c, a, o: c.user(allow("bedrock-agentcore:Invoke*", a + "*")), None),
    "user-by-attached-policy": (lambda c, a, o: attached(c, a), None),
    "user-by-group": (lambda c, a, o: in_group(c, a, False), None),
    "user-by-attached-group-policy": (lambda c, a, o: in_group(c, a, True), None),
    "user-from-here": (lambda c, a, o: c.user(allow(ACTION, *both(a), Condition=LOOPBACK)), None),
    "user-named-in-a-condition": (
        lambda c, a, o: c.user(allow(ACTION, *both(a), Condition={"StringLike": {"aws:username": "user-*"}})),
        None,
    ),
    "role": (lambda c, a, o: own_role(c, a), None),
    "role-with-a-path": (lambda c, a, o: c.session(c.role(allow(ACTION, *both(a)), path="/apps/")), None),
    "user-without-policy": (lambda c, a, o: c.user(), DENIED),
    "user-for-another-service": (lambda c, a, o: c.user(allow("s3:*")), DENIED),
    "user-for-another-runtime": (lambda c, a, o: c.user(allow(ACTION, *both(o))), DENIED),
    "user-for-another-action": (lambda c, a, o: c.user(allow(PREFIX + "StopRuntimeSession", *both(a))), DENIED),
    "user-on-the-runtime-alone": (lambda c, a, o: c.user(allow(ACTION, a)), DENIED),
    "user-on-the-endpoint-alone": (lambda c, a, o: c.user(allow(ACTION, both(a)[1])), DENIED),
    "user-on-another-endpoint": (lambda c, a, o: c.user(allow(ACTION, *both(a, "stage"))), DENIED),
    "user-denied-explicitly": (lambda c, a, o: c.user(allow("*"), deny(ACTION, a)), DENIED),
    "user-denied-at-the-endpoint": (lambda c, a, o: c.user(allow("*"), deny(ACTION, both(a)[1])), DENIED),
    "user-from-elsewhere": (lambda c, a, o: c.user(allow(ACTION, *both(a), Condition=ELSEWHERE)), DENIED),
    "user-by-an-unknown-condition": (
        lambda c, a, o: c.user(allow(ACTION, *both(a), Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}})),
        DENIED,
    ),
    "user-denied-by-an-unknown-condition": (
        lambda c, a, o: c.user(allow("*"), deny("*", Condition={"StringEquals": {"aws:PrincipalTag/a": "b"}})),
        DENIED,
    ),
    "user-within-a-boundary": (lambda c, a, o: limited(c, a, "bedrock-agentcore:Invoke*"), None),
    "user-beyond-a-boundary": (lambda c, a, o: limited(c, a, "s3:*"), DENIED),
    "user-with-an-inactive-key": (lambda c, a, o: inactive(c, a), UNKNOWN),
    "wrong-secret": (lambda c, a, o: replace(c.user(allow("*")), secret="x" * 40), SIGNATURE),
    "unknown-key": (lambda c, a, o: Keys("AKIAUNKNOWNKEY000000", "x" * 40), UNKNOWN),
    "user-with-a-token": (lambda c, a, o: replace(c.user(allow("*")), token="x" * 80), UNKNOWN),
    "role-within-a-session-policy": (
        lambda c, a, o: c.session(c.role(allow("*")), Policy=document(allow(ACTION, *both(a)))),
        None,
    ),
    "role-beyond-a-session-policy": (
        lambda c, a, o: c.session(c.role(allow("*")), Policy=document(allow(ACTION, *both(o)))),
        DENIED,
    ),
    "role-denied-by-a-session-policy": (
        lambda c, a, o: c.session(c.role(allow("*")), Policy=document(allow("*"), deny(ACTION, both(a)[1]))),
        DENIED,
    ),
    "role-without-policy": (lambda c, a, o: c.session(c.role()), DENIED),
    "role-for-another-runtime": (lambda c, a, o: own_role(c, o), DENIED),
    "role-denied-explicitly": (lambda c, a, o: c.session(c.role(allow("*"), deny(ACTION, both(a)[1]))), DENIED),
    "role-without-token": (lambda c, a, o: replace(own_role(c, a), token=None), UNKNOWN),
    "role-with-another-token": (lambda c, a, o: replace(own_role(c, a), token=own_role(c, a).token), UNKNOWN),
    "role-with-another-secret": (lambda c, a, o: replace(own_role(c, a), secret=own_role(c, a).secret), SIGNATURE),
    "session-of-root": (lambda c, a, o: of_root(c), DENIED),
    "bypass-test": (lambda c, a, o: Keys("test", "test"), UNKNOWN),
    "bypass-account-id": (lambda c, a, o: Keys(ACCOUNT, "test"), UNKNOWN),
    "bypass-other-account-id": (lambda c, a, o: Keys("123456789012", "test"), UNKNOWN),
    "bypass-root-forged": (lambda c, a, o: Keys(c.emulator.key, "forged"), SIGNATURE),
    "bypass-root-with-token": (lambda c, a, o: Keys(c.emulator.key, c.emulator.secret, "t" * 20), UNKNOWN),
    "bypass-empty": (lambda c, a, o: Keys("", "test"), "IncompleteSignatureException"),
}


@pytest.mark.parametrize("name", CALLERS)
def test_each_caller_gets_the_verdict_of_its_policies(
    local: Local, door: Deployed, other: Deployed, cast: Cast, name: str
) -> None:
    make, code = CALLERS[name]
    tried = attempt(local, door, make(cast, door.arn, other.arn))
    assert (tried.code, tried.reached) == (code, code is None), tried


def changed_body(local: Local, door: Deployed, keys: Keys) -> Tried:
    return attempt(local, door, keys, body=b'{"a": 1}', sent=b'{"a": 2}')


HASH = (("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD"),)
REQUESTS: dict[str, tuple[Callable[[Local, Deployed, Keys], Tried], str | None]] = {
    "as-an-sdk": (lambda lo, d, k: attempt(lo, d, k), None),
    "4-minutes-late": (lambda lo, d, k: attempt(lo, d, k, Signing(minutes=-4)), None),
    "16-minutes-late": (lambda lo, d, k: attempt(lo, d, k, Signing(minutes=-16)), SIGNATURE),
    "16-minutes-early": (lambda lo, d, k: attempt(lo, d, k, Signing(minutes=16)), SIGNATURE),
    "other-region": (lambda lo, d, k: attempt(lo, d, k, Signing(region="eu-west-1")), SIGNATURE),
    "other-service": (lambda lo, d, k: attempt(lo, d, k, Signing(service="s3")), SIGNATURE),
    "sts-service": (lambda lo, d, k: attempt(lo, d, k, Signing(service="sts")), SIGNATURE),
    "changed-body": (changed_body, SIGNATURE),
    "unsigned-payload": (lambda lo, d, k: attempt(lo, d, k, Signing(headers=HASH)), SIGNATURE),
    "another-method": (lambda lo, d, k: attempt(lo, d, k, Signing(method="GET")), SIGNATURE),
    "token-dropped": (lambda lo, d, k: attempt(lo, d, k, drop=["X-Amz-Date"]), "IncompleteSignatureException"),
    "foreign-host": (lambda lo, d, k: attempt(lo, d, k, Signing(headers=(("Host", "a.s3.amazonaws.com"),))), DENIED),
    "own-target": (lambda lo, d, k: attempt(lo, d, k, Signing(headers=(("X-Amz-Target", "a.b"),))), DENIED),
    "other-endpoint": (lambda lo, d, k: attempt(lo, d, k, query="?qualifier=stage"), DENIED),
    "unknown-runtime": (lambda lo, d, k: attempt(lo, d, k, arn=GHOST), DENIED),
}


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("kind", ["user", "role"])
def test_a_signature_counts_for_the_request_it_was_made_for(
    local: Local, door: Deployed, cast: Cast, kind: str, name: str
) -> None:
    grant = allow(ACTION, *both(door.arn))
    keys = cast.user(grant) if kind == "user" else cast.session(cast.role(grant))
    make, code = REQUESTS[name]
    tried = make(local, door, keys)
    assert (tried.code, tried.reached) == (code, code is None), tried


def test_a_query_that_other_services_know_means_nothing(local: Local, door: Deployed, cast: Cast) -> None:
    keys, nobody = cast.user(allow(ACTION, *both(door.arn))), cast.user()
    for query in ("?Action=GetCallerIdentity", "?Action=ListQueues&Version=2012-11-05&QueueUrl=x"):
        assert attempt(local, door, keys, query=query).code is None
        assert attempt(local, door, nobody, query=query).code == DENIED


def test_boto3_is_let_in_and_told_why_not(local: Local, door: Deployed, cast: Cast) -> None:
    allowed = cast.user(allow(ACTION, *both(door.arn))).client("bedrock-agentcore", local.data_url)
    reply = allowed.invoke_agent_runtime(agentRuntimeArn=door.arn, payload=b"{}", qualifier="DEFAULT")
    assert json.loads(reply["response"].read())["size"] == 2
    keys = cast.user()
    denied = keys.client("bedrock-agentcore", local.data_url)
    with pytest.raises(denied.exceptions.AccessDeniedException) as e:
        denied.invoke_agent_runtime(agentRuntimeArn=door.arn, payload=b"{}")
    assert e.value.response["Error"]["Message"] == (
        f"User: {keys.arn} is not authorized to perform: {ACTION} on resource: {door.arn} "
        f"because no identity-based policy allows the {ACTION} action"
    )


def test_the_words_name_an_explicit_deny(local: Local, door: Deployed, cast: Cast) -> None:
    keys = cast.user(allow("*"), deny(ACTION, door.arn))
    assert attempt(local, door, keys).message.endswith(" with an explicit deny in an identity-based policy")


def test_an_expired_session_is_refused(local: Local, door: Deployed, cast: Cast) -> None:
    keys = cast.session(cast.role(allow("*")), seconds=1)
    tried = eventually(lambda: (t := attempt(local, door, keys)).code and t, "the session has expired")
    assert (tried.code, tried.reached) == ("ExpiredTokenException", False)


def test_a_change_of_policy_counts_at_the_next_call(local: Local, door: Deployed, cast: Cast) -> None:
    keys = cast.user(allow(ACTION, *both(door.arn)))
    assert attempt(local, door, keys).code is None
    cast.iam.delete_user_policy(UserName=keys.arn.rsplit("/", 1)[1], PolicyName="p")
    assert attempt(local, door, keys).code == DENIED


def test_a_user_id_needs_a_permission_of_its_own(local: Local, door: Deployed, cast: Cast) -> None:
    how, arns = Signing(headers=((USER_HEADER, "anna"),)), both(door.arn)
    plain, full = cast.user(allow(ACTION, *arns)), cast.user(allow([ACTION, ACTION + "ForUser"], *arns))
    refused = attempt(local, door, plain, how)
    assert (refused.code, refused.reached) == (DENIED, False)
    assert "InvokeAgentRuntimeForUser" in refused.message
    assert attempt(local, door, plain).code is None
    assert attempt(local, door, full, how).code is None


def test_a_session_policy_limits_the_user_id_too(local: Local, door: Deployed, cast: Cast) -> None:
    how, arns, role = Signing(headers=((USER_HEADER, "anna"),)), both(door.arn), cast.role(allow("*"))
    plain = cast.session(role, Policy=document(allow(ACTION, *arns)))
    assert attempt(local, door, plain).code is None
    assert attempt(local, door, plain, how).code == DENIED
    assert attempt(local, door, cast.session(role), how).code is None


def test_stopping_a_session_is_a_permission_of_its_own(local: Local, door: Deployed, cast: Cast) -> None:
    arguments = {"agentRuntimeArn": door.arn, "runtimeSessionId": "s" * 40}
    invoker = cast.user(allow(ACTION, *both(door.arn))).client("bedrock-agentcore", local.data_url)
    invoker.invoke_agent_runtime(**arguments, payload=b"{}")
    with pytest.raises(invoker.exceptions.AccessDeniedException, match="StopRuntimeSession"):
        invoker.stop_runtime_session(**arguments)
    stopper = cast.user(allow(PREFIX + "StopRuntimeSession", *both(door.arn)))
    assert stopper.client("bedrock-agentcore", local.data_url).stop_runtime_session(**arguments)["statusCode"] == 200


@pytest.mark.parametrize(
    ("method", "path", "operation", "status"),
    [
        ("GET", "invocations/.well-known/agent-card.json", "GetAgentCard", 400),
        ("GET", "ws", "InvokeAgentRuntimeWithWebSocketStream", 426),
        ("POST", "commands", "InvokeAgentRuntimeCommand", 400),
        ("POST", "stopruntimesession", "StopRuntimeSession", 400),
    ],
)
def test_each_data_plane_operation_needs_its_own_permission(
    local: Local, door: Deployed, cast: Cast, method: str, path: str, operation: str, status: int
) -> None:
    # What is allowed ends at what this runtime is not, or at what the request lacks.
    url = f"{local.data_url}/runtimes/{door.arn.replace(':', '%3A').replace('/', '%2F')}/{path}"
    able, unable = cast.user(allow(PREFIX + operation, *both(door.arn))), cast.user(allow(ACTION, *both(door.arn)))
    body = b"" if method == "GET" else b"{}"
    for keys, expected in ((able, status), (unable, 403)):
        answer = send(method, url, body or None, signed(keys, url, body, Signing(method=method)))
        assert answer.status == expected, answer


def test_a_presigned_request_is_refused(local: Local, door: Deployed, cast: Cast) -> None:
    keys = cast.user(allow("*"))
    escaped = door.arn.replace(":", "%3A").replace("/", "%2F")
    request = AWSRequest(method="POST", url=f"{local.data_url}/runtimes/{escaped}/invocations", data=b"{}")
    SigV4QueryAuth(Credentials(keys.id, keys.secret), "bedrock-agentcore", REGION, expires=60).add_auth(request)
    answer = send("POST", str(request.url), b"{}", {})
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, DENIED)


def test_a_bearer_is_nobody_on_the_control_plane(local: Local) -> None:
    for value in ("Bearer x", "Basic YTpi", "AWS4-HMAC-SHA256 Credential=/1/2/3/aws4_request"):
        answer = send("POST", f"{local.control_url}/runtimes/", b"{}", {"Authorization": value})
        assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, "IncompleteSignatureException")


def test_no_secret_is_logged(local: Local, door: Deployed, cast: Cast) -> None:
    keys = own_role(cast, door.arn)
    assert attempt(local, door, keys).code is None
    log = local.log.read_text()
    assert keys.secret not in log
    assert str(keys.token) not in log
    assert keys.arn not in log


def test_the_emulator_judges_plain_policies_alike(cast: Cast) -> None:
    choose = random.Random(3)
    actions = [ACTION, PREFIX + "*", PREFIX + "Invoke*", "s3:*", "*", PREFIX + "StopRuntimeSession"]
    arns = [GHOST, ENDPOINT, GHOST + "*", "*", "arn:aws:bedrock-agentcore:*:*:runtime/*", "arn:aws:s3:::a"]
    for _ in range(60):
        statements = []
        for _ in range(choose.randint(1, 3)):
            made = {"Effect": choose.choice(["Allow", "Allow", "Deny"])}
            made |= {choose.choice(["Action", "Action", "NotAction"]): choose.choice(actions)}
            made |= {choose.choice(["Resource", "Resource", "NotResource"]): choose.choice(arns)}
            statements.append(made)
        arn = choose.choice([GHOST, ENDPOINT])
        simulated = cast.iam.simulate_custom_policy(
            PolicyInputList=[document(*statements)], ActionNames=[ACTION], ResourceArns=[arn]
        )
        said = simulated["EvaluationResults"][0]["EvalDecision"]
        ours = judge(parse(document(*statements)), Question(ACTION, arn, {}), lambda _: True)
        assert {"allow": "allowed", "deny": "explicitDeny", "silent": "implicitDeny"}[ours] == said, statements


# The control plane: each operation, to callers that may do nothing, everything else, and just that.

RUNTIME = GHOST.rsplit("/", 1)[1]
ENDPOINT = f"{GHOST}/runtime-endpoint/stage"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/absent"
ARTIFACT = {
    "codeConfiguration": {
        "code": {"s3": {"bucket": BUCKET, "prefix": "a.zip"}},
        "runtime": "PYTHON_3_11",
        "entryPoint": ["main.py"],
    }
}
SPEC = {"agentRuntimeArtifact": ARTIFACT, "roleArn": ROLE_ARN}
PASS = allow("iam:PassRole", ROLE_ARN)
ANY = GHOST.rsplit("/", 1)[0] + "/*"
POLICY = document(allow(ACTION, GHOST, Principal="*"))
# Operation: members, resources, what is answered to those who may.
OPERATIONS: dict[str, tuple[dict[str, Any], list[str], str | None]] = {
    "CreateAgentRuntime": (SPEC | {"agentRuntimeName": "ghost"}, [ANY], "ValidationException"),
    "UpdateAgentRuntime": (SPEC | {"agentRuntimeId": RUNTIME}, [GHOST], "ResourceNotFoundException"),
    "GetAgentRuntime": ({"agentRuntimeId": RUNTIME}, [GHOST], "ResourceNotFoundException"),
    "DeleteAgentRuntime": ({"agentRuntimeId": RUNTIME}, [GHOST], "ResourceNotFoundException"),
    "ListAgentRuntimes": ({}, ["*"], None),
    "ListAgentRuntimeVersions": ({"agentRuntimeId": RUNTIME}, [GHOST], "ResourceNotFoundException"),
    "CreateAgentRuntimeEndpoint": (
        {"agentRuntimeId": RUNTIME, "name": "stage"},
        [GHOST],
        "ResourceNotFoundException",
    ),
    "UpdateAgentRuntimeEndpoint": (
        {"agentRuntimeId": RUNTIME, "endpointName": "stage"},
        [GHOST, ENDPOINT],
        "ResourceNotFoundException",
    ),
    "GetAgentRuntimeEndpoint": (
        {"agentRuntimeId": RUNTIME, "endpointName": "stage"},
        [GHOST, ENDPOINT],
        "ResourceNotFoundException",
    ),
    "DeleteAgentRuntimeEndpoint": (
        {"agentRuntimeId": RUNTIME, "endpointName": "stage"},
        [GHOST, ENDPOINT],
        "ResourceNotFoundException",
    ),
    "ListAgentRuntimeEndpoints": ({"agentRuntimeId": RUNTIME}, [GHOST], None),
    "TagResource": ({"resourceArn": GHOST, "tags": {"a": "b"}}, [GHOST], "ResourceNotFoundException"),
    "UntagResource": ({"resourceArn": GHOST, "tagKeys": ["a"]}, [GHOST], "ResourceNotFoundException"),
    "ListTagsForResource": ({"resourceArn": GHOST}, [GHOST], "ResourceNotFoundException"),
    "PutResourcePolicy": ({"resourceArn": GHOST, "policy": POLICY}, [GHOST], "ResourceNotFoundException"),
    "GetResourcePolicy": ({"resourceArn": GHOST}, [GHOST], "ResourceNotFoundException"),
    "DeleteResourcePolicy": ({"resourceArn": GHOST}, [GHOST], "ResourceNotFoundException"),
}


@pytest.fixture(scope="module")
def clerk(cast: Cast) -> Keys:
    return cast.user()


def operate(local: Local, clerk: Keys, cast: Cast, name: str, *statements: dict[str, Any]) -> tuple[str | None, str]:
    user = clerk.arn.rsplit("/", 1)[1]
    cast.iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=document(*statements))
    client = clerk.client("bedrock-agentcore-control", local.control_url)
    method = next(m for m, operation in client.meta.method_to_api_mapping.items() if operation == name)
    try:
        getattr(client, method)(**OPERATIONS[name][0])
    except ClientError as e:
        return e.response["Error"]["Code"], e.response["Error"]["Message"]
    return None, ""


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_needs_its_own_permission(local: Local, clerk: Keys, cast: Cast, name: str) -> None:
    _, resources, answered = OPERATIONS[name]
    code, words = operate(local, clerk, cast, name, allow("s3:GetObject"))
    assert code == DENIED
    assert words == (
        f"User: {clerk.arn} is not authorized to perform: {PREFIX}{name} on resource: {resources[0]} "
        f"because no identity-based policy allows the {PREFIX}{name} action"
    )
    all_but_this = {"Effect": "Allow", "NotAction": [PREFIX + name], "Resource": "*"}
    assert operate(local, clerk, cast, name, all_but_this)[0] == DENIED
    assert operate(local, clerk, cast, name, allow("*"), deny(PREFIX + name))[0] == DENIED
    assert operate(local, clerk, cast, name, allow(PREFIX + name, *resources), PASS)[0] == answered
    for missing in resources if resources != ["*"] else []:
        rest = [r for r in resources if r != missing] + ["arn:aws:s3:::other"]
        assert operate(local, clerk, cast, name, allow(PREFIX + name, *rest), PASS)[0] == DENIED


@pytest.mark.parametrize("name", ["CreateAgentRuntime", "UpdateAgentRuntime"])
def test_a_role_must_be_passed_with_permission(local: Local, clerk: Keys, cast: Cast, name: str) -> None:
    grant = allow(PREFIX + name)
    code, words = operate(local, clerk, cast, name, grant)
    assert (code, "iam:PassRole" in words) == (DENIED, True)
    elsewhere = PASS | {"Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}}
    assert operate(local, clerk, cast, name, grant, elsewhere)[0] == DENIED
    here = PASS | {"Condition": {"StringEquals": {"iam:PassedToService": "bedrock-agentcore.amazonaws.com"}}}
    assert operate(local, clerk, cast, name, grant, here)[0] == OPERATIONS[name][2]


def test_a_role_with_rights_changes_a_runtime(local: Local, door: Deployed, cast: Cast) -> None:
    session = cast.session(cast.role(allow("*")))
    control = session.client("bedrock-agentcore-control", local.control_url)
    control.tag_resource(resourceArn=door.arn, tags={"by": "role"})
    assert control.list_tags_for_resource(resourceArn=door.arn)["tags"] == {"by": "role"}
    # PUT with a signed content type and body, which is proved in the same way.
    made = control.create_agent_runtime_endpoint(agentRuntimeId=door.id, name="byrole")
    assert made["status"] == "CREATING"


# Resource policies.


@pytest.fixture
def attach(local: Local) -> Iterator[Callable[..., None]]:
    control, done = local.control(), []

    def put(arn: str, *statements: dict[str, Any]) -> None:
        done.append(arn)
        policy = document(*({"Resource": arn} | s for s in statements))
        assert control.put_resource_policy(resourceArn=arn, policy=policy)["policy"] == policy

    yield put
    for arn in set(done):
        control.delete_resource_policy(resourceArn=arn)


def to(principal: Any, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Principal": principal, "Action": ACTION, **more}


def test_a_resource_policy_is_kept_shown_and_deleted(local: Local, door: Deployed) -> None:
    control = local.control()
    with pytest.raises(control.exceptions.ResourceNotFoundException):
        control.get_resource_policy(resourceArn=door.arn)
    first, second = (document(allow(a, door.arn, Principal="*")) for a in (ACTION, "*"))
    for policy in (first, second):
        reply = control.put_resource_policy(resourceArn=door.arn, policy=policy)
        assert (reply["ResponseMetadata"]["HTTPStatusCode"], reply["policy"]) == (201, policy)
    assert control.get_resource_policy(resourceArn=door.arn)["policy"] == second
    reply = control.delete_resource_policy(resourceArn=door.arn)
    assert reply["ResponseMetadata"]["HTTPStatusCode"] == 204
    with pytest.raises(control.exceptions.ResourceNotFoundException):
        control.delete_resource_policy(resourceArn=door.arn)


@pytest.mark.parametrize(
    "policy",
    [
        "not json",
        "[]",
        "{}",
        '{"Statement": []}',
        '{"Version": "2012-10-17", "Statement": [], "Statement": []}',
        document(allow(ACTION, "{arn}")),
        document(allow(ACTION, "*", Principal="*")),
        document(allow(ACTION, "{arn}", GHOST, Principal="*")),
        document(allow("s3:GetObject", "{arn}", Principal="*")),
        document(allow(ACTION, "{arn}", Principal={"AWS": "arn:aws:iam::000000000000:user/*"})),
        document({"Effect": "Allow", "NotPrincipal": "*", "Action": ACTION, "Resource": "{arn}"}),
        document({"Effect": "Permit", "Principal": "*", "Action": ACTION, "Resource": "{arn}"}),
        document({"Effect": "Allow", "Principal": "*", "Action": ACTION, "NotResource": "{arn}"}),
        " " * 20481,
        "",
    ],
)
def test_a_policy_that_cannot_be_judged_is_refused(local: Local, door: Deployed, policy: str) -> None:
    control = Keys(local.emulator.key, local.emulator.secret).client("bedrock-agentcore-control", local.control_url)
    with pytest.raises(control.exceptions.ValidationException):
        control.put_resource_policy(resourceArn=door.arn, policy=policy.replace("{arn}", door.arn))


def test_a_policy_belongs_to_something_that_exists(local: Local) -> None:
    control = local.control()
    for arn in (GHOST, ENDPOINT, f"arn:aws:s3:::{BUCKET}"):
        with pytest.raises(control.exceptions.ResourceNotFoundException):
            control.put_resource_policy(resourceArn=arn, policy=document(allow(ACTION, arn, Principal="*")))


Attach = Callable[..., None]
NAMED: dict[str, Callable[[Keys], Any]] = {
    "everybody": lambda k: "*",
    "everybody-aws": lambda k: {"AWS": "*"},
    "by-arn": lambda k: {"AWS": [k.arn]},
}


@pytest.mark.parametrize("name", NAMED)
def test_a_resource_policy_lets_a_caller_in(
    local: Local, door: Deployed, cast: Cast, attach: Attach, name: str
) -> None:
    keys, (runtime, endpoint) = cast.user(), both(door.arn)
    statement = to(NAMED[name](keys))
    attach(runtime, statement)
    assert attempt(local, door, keys).code == DENIED, "the endpoint says nothing"
    attach(endpoint, statement)
    tried = attempt(local, door, keys)
    assert (tried.code, tried.reached) == (None, True)
    assert attempt(local, door, cast.user()).code == (DENIED if name == "by-arn" else None)


def test_a_role_is_named_by_its_own_arn_or_its_sessions(
    local: Local, door: Deployed, cast: Cast, attach: Attach
) -> None:
    role = cast.role()
    keys, stranger = cast.session(role), cast.session(cast.role())
    for name, code in ((role, DENIED), (keys.arn, None)):
        for arn in both(door.arn):
            attach(arn, to({"AWS": name}))
        assert attempt(local, door, keys).code == code, "a session policy may bound the role, but not its own grant"
        assert attempt(local, door, stranger).code == DENIED


def test_the_whole_account_hands_the_decision_back(local: Local, door: Deployed, cast: Cast, attach: Attach) -> None:
    keys = cast.user()
    for arn in both(door.arn):
        attach(arn, to({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
    assert attempt(local, door, keys).code == DENIED


@pytest.mark.parametrize(
    ("at", "principal", "condition"),
    [
        (0, "*", {}),
        (1, "*", {}),
        (0, {"AWS": ACCOUNT}, {}),
        (0, "*", LOOPBACK),
        (0, "*", {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}),
        (0, "*", {"Bool": {"aws:SecureTransport": "false"}}),
    ],
)
def test_an_explicit_deny_of_the_resource_wins(
    local: Local, door: Deployed, cast: Cast, attach: Attach, at: int, principal: Any, condition: Any
) -> None:
    keys = cast.user(allow("*"))
    attach(both(door.arn)[at], to(principal, "Deny", Condition=condition))
    tried = attempt(local, door, keys)
    assert (tried.code, tried.reached) == (DENIED, False)
    assert tried.message.endswith("with an explicit deny in a resource-based policy")
    root = Keys(local.emulator.key, local.emulator.secret)
    assert attempt(local, door, root).code == DENIED


def test_a_deny_that_is_not_about_the_call_changes_nothing(
    local: Local, door: Deployed, cast: Cast, attach: Attach
) -> None:
    keys = cast.user(allow(ACTION, *both(door.arn)))
    statements = [
        to("*", "Deny", Condition=ELSEWHERE),
        to({"AWS": cast.user().arn}, "Deny"),
        to("*", "Deny") | {"Action": PREFIX + "StopRuntimeSession"},
    ]
    attach(door.arn, *statements)
    assert attempt(local, door, keys).code is None


VPC = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}


@pytest.mark.parametrize(
    ("statements", "status"),
    [
        ([to("*")], 200),
        ([to("*", Condition=LOOPBACK)], 200),
        ([to("*", Condition=ELSEWHERE)], 403),
        ([to("*", Condition=VPC)], 403),
        ([to("*"), to("*", "Deny", Condition=LOOPBACK)], 403),
        ([to("*"), to("*", "Deny", Condition=VPC)], 403),
        ([to("*"), to("*", "Deny", Condition=ELSEWHERE)], 200),
        ([to({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})], 403),
        ([to("*") | {"Action": PREFIX + "StopRuntimeSession"}], 403),
    ],
)
def test_a_resource_policy_judges_tokens_by_what_it_says_of_everybody(
    local: Local, guarded: Deployed, people: People, attach: Attach, statements: list[Any], status: int
) -> None:
    assert local.invoke(guarded.arn, headers=people.bearer()).status == 200
    attach(guarded.arn, *statements)
    assert local.invoke(guarded.arn, headers=people.bearer()).status == status
    assert local.invoke(guarded.arn).status == 401


@pytest.fixture(scope="module")
def guarded(create: Create, people: People) -> Deployed:
    return create(authorizerConfiguration=people.authorizer())


# The emulator decides; without it nobody but root is known.


def test_without_the_emulator_nobody_gets_in(tmp_path: Path, create: Create) -> None:
    cloud = Emulator(tmp_path / "cloud", "AKIAEXAMPLEEXAMPLE01", "s" * 40)
    cloud.folder.mkdir()
    own = Local(cloud, tmp_path)
    try:
        cloud.start()
        make_role(cloud.client("iam"))
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="a.zip", Body=archive(main=NOTING))
        own.start()
        runtime = create(own, agentRuntimeArtifact=ARTIFACT)
        keys, root = Cast(cloud).user(allow("*")), Keys(cloud.key, cloud.secret)
        control = keys.client("bedrock-agentcore-control", own.control_url)
        assert attempt(own, runtime, keys).code is None
        cloud.stop()
        tried = attempt(own, runtime, keys)
        assert (tried.code, tried.reached, tried.message) == (DENIED, False, "The caller could not be verified")
        with pytest.raises(control.exceptions.AccessDeniedException, match="could not be verified"):
            control.list_agent_runtimes()
        assert attempt(own, runtime, root).code is None
        cloud.start()
        assert attempt(own, runtime, keys).code is None
    finally:
        if own.process is not None:
            own.stop()
        cloud.stop()
