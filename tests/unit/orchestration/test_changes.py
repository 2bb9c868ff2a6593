from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from orchestration.embedded.changes import MAX_FORM, Asked, Changes, Seen, may_change
from orchestration.embedded.ministack_server import Served

ROOT = Path(__file__).resolve().parents[3]
FORM = "application/x-www-form-urlencoded; charset=utf-8"
PACKAGE = "/inbound-auth-dev-000000000000-us-east-1/inbound_auth_dev/deployment.zip"
FUNCTION = "/2015-03-31/functions/inbound-auth-dev-credit-check"
RUN = "0123456789abcdef" * 2


def signed(service: str, **headers: str) -> dict[str, str]:
    value = f"AWS4-HMAC-SHA256 Credential=AKIAX/20261123/us-east-1/{service}/aws4_request, SignedHeaders=host"
    return {"authorization": value, **{name.replace("_", "-"): text for name, text in headers.items()}}


def target(name: str, **headers: str) -> Asked:
    return Asked("POST", "/", "", signed("any", x_amz_target=name, **headers))


def form(service: str, body: str, **headers: str) -> tuple[Asked, bytes]:
    return Asked("POST", "/", "", signed(service, content_type=FORM, **headers)), body.encode()


def s3(method: str, path: str, query: str = "") -> Asked:
    return Asked(method, path, query, signed("s3"))


def function(method: str, path: str) -> Asked:
    return Asked(method, path, "", signed("lambda"))


def plain(method: str, path: str, query: str = "", headers: Mapping[str, str] | None = None) -> Asked:
    return Asked(method, path, query, headers or {})


IDP = "AWSCognitoIdentityProviderService"
# What leaves everything as it is, each with neighbours that may not.
ROWS: list[tuple[str, Asked, list[Asked]]] = [
    (
        "reading-a-pool",
        target(f"{IDP}.DescribeUserPool"),
        [
            target(f"{IDP}.UpdateUserPoolClient"),
            target(f"{IDP}.AdminAddUserToGroup"),
            target(f"{IDP}.AdminDeleteUser"),
            target(f"{IDP}.AdminGetUser, {IDP}.AdminDeleteUser"),
            target(f"x.{IDP}.DescribeUserPool"),
            target("Unknown.DescribeUserPool"),
            target("DescribeUserPool"),
            target(""),
            target(f"{IDP}.DescribeUserPool", content_encoding="gzip"),
            plain("POST", "/", "Action=PutRolePolicy", signed("iam", x_amz_target=f"{IDP}.DescribeUserPool")),
            plain("PUT", PACKAGE, "", signed("s3", x_amz_target=f"{IDP}.DescribeUserPool")),
        ],
    ),
    ("reading-a-user", target(f"{IDP}.AdminGetUser"), [target(f"{IDP}.AdminUpdateUserAttributes")]),
    ("signing-in", target(f"{IDP}.InitiateAuth"), [target(f"{IDP}.SignUp"), target(f"{IDP}.ConfirmSignUp")]),
    ("answering", target(f"{IDP}.AdminRespondToAuthChallenge"), [target(f"{IDP}.AdminConfirmSignUp")]),
    ("a-password", target(f"{IDP}.AdminSetUserPassword"), [target(f"{IDP}.SetUserPoolMfaConfig")]),
    ("signing-out", target(f"{IDP}.GlobalSignOut"), [target(f"{IDP}.AdminDisableUser")]),
    (
        "an-identity-pool",
        target("AWSCognitoIdentityService.CreateIdentityPool"),
        [target("AWSCognitoIdentityService.UpdateIdentityPool"), target("AWSCognitoIdentityService.TagResource")],
    ),
    ("a-queue", target("AmazonSQS.CreateQueue"), [target("AmazonSQS.SetQueueAttributes")]),
    (
        "a-proof-of-a-signature",
        plain("POST", "/runtimes/x/invocations", "qualifier=DEFAULT", {"x-amz-target": "AmazonSQS.ListQueueTags"}),
        [
            plain("POST", "/runtimes/x/invocations", "", {"x-amz-target": "AmazonSQS.TagQueue"}),
            plain("POST", "/v2/email/identities", "", {"x-amz-target": "AmazonSQS.ListQueueTags"}),
        ],
    ),
    (
        "a-repository",
        target("AmazonEC2ContainerRegistry_V20150921.BatchGetImage"),
        [target("AmazonEC2ContainerRegistry_V20150921.SetRepositoryPolicy")],
    ),
    ("builds", target("CodeBuild_20161006.BatchGetProjects"), [target("CodeBuild_20161006.StartBuild")]),
    (
        "a-log-stream",
        target("Logs_20140328.CreateLogStream"),
        [target("Logs_20140328.PutRetentionPolicy"), target("Logs_20140328.DeleteLogGroup")],
    ),
    (
        "tags",
        target("ResourceGroupsTaggingAPI_20170126.GetResources"),
        [target("ResourceGroupsTaggingAPI_20170126.TagResources")],
    ),
    (
        "a-new-secret",
        target("secretsmanager.CreateSecret"),
        [
            target("secretsmanager.PutSecretValue"),
            target("secretsmanager.UpdateSecret"),
            target("secretsmanager.DeleteSecret"),
            target("secretsmanager.PutResourcePolicy"),
            target("SecretsManager.CreateSecret"),
        ],
    ),
    (
        "a-package",
        s3("PUT", PACKAGE, "partNumber=1&uploadId=x"),
        [
            s3("DELETE", PACKAGE),
            s3("PUT", PACKAGE, "tagging"),
            s3("PUT", "/inbound-auth-dev-000000000000-us-east-1", "policy"),
            s3("PUT", "/inbound-auth-dev-000000000000-us-east-1/", "policy"),
            s3("PUT", "/inbound-auth-dev-000000000000-us-east-1"),
            s3("DELETE", "/inbound-auth-dev-000000000000-us-east-1"),
            s3("POST", "/inbound-auth-dev-000000000000-us-east-1", "delete"),
            s3("PUT", "/v20180820/accesspoint/deployment.zip"),
            plain("PUT", PACKAGE),
            plain("PUT", PACKAGE, "", signed("lambda")),
        ],
    ),
    ("starting-an-upload", s3("POST", PACKAGE, "uploads"), [s3("POST", PACKAGE, "restore")]),
    (
        "reading-a-bucket",
        s3("GET", "/inbound-auth-dev-000000000000-us-east-1", "policy"),
        [
            s3("GET", "/", "Action=DeleteRole"),
            s3("GET", "/_localstack/state/reset"),
            plain("GET", "/inbound-auth-dev-000000000000-us-east-1"),
            plain("GET", "/", "Action=DeleteRole", signed("iam")),
            plain("GET", "/", "", signed("s3", x_amz_target="secretsmanager.PutSecretValue")),
        ],
    ),
    (
        "reading-a-function",
        function("GET", FUNCTION),
        [function("PUT", f"{FUNCTION}/code"), function("DELETE", FUNCTION), function("POST", "/2015-03-31/functions")],
    ),
    (
        "calling-a-function",
        function("POST", f"{FUNCTION}/invocations"),
        [
            function("POST", f"{FUNCTION}/policy"),
            function("PUT", f"{FUNCTION}/invocations"),
            function("POST", f"{FUNCTION}/x/invocations"),
            plain("POST", f"{FUNCTION}/invocations"),
        ],
    ),
    (
        "tokens",
        plain("POST", "/oauth2/token"),
        [
            plain("POST", "/oauth2/other", "", signed("any", x_amz_target="secretsmanager.PutSecretValue")),
            plain("POST", "/oauth2/token/"),
        ],
    ),
    (
        "keys-of-a-pool",
        plain("GET", "/us-east-1_6pf8fSQvz/.well-known/jwks.json"),
        [plain("PUT", "/us-east-1_6pf8fSQvz/.well-known/jwks.json"), plain("GET", "/x/.well-known/jwks.json")],
    ),
    (
        "the-emulator-itself",
        plain("GET", "/_ministack/changes"),
        [plain("POST", "/_ministack/reset"), plain("POST", "/_ministack/config")],
    ),
]


@pytest.mark.parametrize(
    ("asked", "neighbours"), [(asked, near) for _, asked, near in ROWS], ids=[name for name, _, _ in ROWS]
)
def test_only_what_is_known_to_change_nothing_passes_uncounted(asked: Asked, neighbours: list[Asked]) -> None:
    assert not may_change(asked)
    assert [one for one in neighbours if not may_change(one)] == []


@pytest.mark.parametrize(
    ("service", "body", "neighbours"),
    [
        (
            "iam",
            "Action=GetRole&RoleName=x&Version=2010-05-08",
            [
                ("iam", "Action=PutRolePolicy&RoleName=x"),
                ("iam", "Action=AttachRolePolicy"),
                ("iam", "Action=UpdateAssumeRolePolicy"),
                ("iam", "Action=GetRole&Action=DeleteRole"),
                ("iam", "Action="),
                ("iam", "action=GetRole"),
                ("iam", ""),
                ("s3", "Action=GetRole"),
                ("", "Action=GetRole"),
            ],
        ),
        ("iam", "Action=SimulatePrincipalPolicy", [("iam", "Action=TagRole")]),
        ("sts", "Action=AssumeRole&RoleArn=x", [("sts", "Action=SetSomething"), ("iam", "Action=AssumeRole")]),
        ("sts", "Version=2011-06-15&Action=GetCallerIdentity", [("sts", "Version=2011-06-15")]),
    ],
)
def test_a_form_is_known_by_the_action_in_its_body(service: str, body: str, neighbours: list[tuple[str, str]]) -> None:
    assert not may_change(*form(service, body))
    assert [near for near in neighbours if not may_change(*form(*near))] == []
    asked, content = form(service, body)
    for other in ({"content-type": "text/plain"}, {"content-encoding": "gzip"}, {"x-amz-target": "secretsmanager.X"}):
        assert may_change(Asked("POST", "/", "", {**asked.headers, **other}), content)
    assert may_change(Asked("POST", "/", "Action=DeleteRole", asked.headers), content)
    assert may_change(Asked("PUT", "/", "", asked.headers), content)


def test_what_passes_uncounted_is_nothing_that_terraform_keeps() -> None:
    types = set()
    for path in (ROOT / "terraform").rglob("*.tf"):
        types |= set(re.findall(r'^resource "(\w+)"', path.read_text(encoding="utf-8"), re.M))
    assert not [one for one in types if one.startswith(("aws_cognito_identity", "aws_sqs", "aws_s3_object"))]
    assert not [one for one in types if one.startswith(("aws_cloudwatch_log_stream", "aws_s3_bucket_object"))]


def scope(asked: Asked) -> dict[str, Any]:
    headers = [(name.encode(), value.encode()) for name, value in {"host": "127.0.0.1:1", **asked.headers}.items()]
    return {
        "type": "http",
        "method": asked.method,
        "path": asked.path,
        "query_string": asked.query.encode(),
        "headers": headers,
    }


class Emulator:
    """Remembers the body that reached it, and how many changes were counted by then."""

    def __init__(self, changes: Changes, fails: bool = False) -> None:
        self.changes, self.fails = changes, fails
        self.bodies: list[bytes] = []
        self.counted: list[int] = []

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.bodies.append(body)
        self.counted.append(self.changes.count)
        if self.fails:
            raise RuntimeError("it broke")


def serve(app: Served, asked: Asked, parts: tuple[bytes, ...] = (b"",)) -> list[dict[str, Any]]:
    messages = [{"type": "http.request", "body": part, "more_body": part is not parts[-1]} for part in parts]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope(asked), receive, send))
    return sent


def test_a_change_is_counted_before_it_begins_and_after_it_ends_also_when_it_fails() -> None:
    changes = Changes("p")
    emulator = Emulator(changes)
    serve(Served(emulator, changes), target("secretsmanager.PutSecretValue"))
    assert (emulator.counted, changes.count) == ([1], 2)
    with pytest.raises(RuntimeError):
        serve(Served(Emulator(changes, fails=True), changes), target("secretsmanager.PutSecretValue"))
    assert changes.count == 4


def test_a_form_reaches_the_emulator_as_it_was_sent() -> None:
    changes = Changes("p")
    emulator = Emulator(changes)
    asked, _ = form("iam", "")
    serve(Served(emulator, changes), asked, (b"Action=", b"GetRole"))
    assert (emulator.bodies, changes.count) == ([b"Action=GetRole"], 0)
    long = (b"Action=GetRole&x=", b"x" * MAX_FORM, b"y" * 10, b"z")
    serve(Served(emulator, changes), asked, long)
    assert emulator.bodies[1] == b"".join(long)
    assert changes.count == 2  # nobody read it to its end


def test_what_is_turned_away_at_the_door_changes_nothing() -> None:
    changes = Changes("p")
    sent = serve(Served(Emulator(changes), changes), plain("POST", "/_ministack/reset"))
    assert (sent[0]["status"], changes.count) == (403, 0)


def test_the_emulator_says_how_much_may_have_changed_and_by_whom() -> None:
    changes = Changes("p")
    app = Served(Emulator(changes), changes)
    serve(app, target("secretsmanager.PutSecretValue"))
    before = Seen.of(json.loads(serve(app, plain("GET", "/_ministack/changes"))[1]["body"]), RUN)
    ours = target("secretsmanager.PutSecretValue", user_agent=f"APN/1.0 Terraform/1.11.4 run/{RUN}")
    serve(app, ours)
    after = Seen.of(changes.document(), RUN)
    assert (before, after) == (Seen("p", 2, 0), Seen("p", 4, 2))
    assert after.only_ours_since(before)
    serve(app, target("secretsmanager.PutSecretValue"))
    assert not Seen.of(changes.document(), RUN).only_ours_since(before)
    assert not Seen.of(changes.document(), "f" * 32).only_ours_since(before)


def test_another_process_of_the_emulator_has_lost_what_was_counted() -> None:
    assert not Seen("q", 0, 0).only_ours_since(Seen("p", 0, 0))
    assert Seen("q", 0, 0).mark != Seen("p", 0, 0).mark
