"""What a request on the wire is, and what it needs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orchestration.ledger import Ports
from tests.aws.hosts import Region, moved
from tests.aws.needs import Account, Need
from tests.aws.operations import Call, call_of
from tests.aws.signatures import Wire

REGION = Region("eu-west-1", Ports(aws=1, control_plane=2, data_plane=3))
BUCKET = "demo.s3.eu-west-1.amazonaws.com"
CONTROL = "bedrock-agentcore-control.eu-west-1.amazonaws.com"
RUNTIME = "arn:aws:bedrock-agentcore:eu-west-1:000000000000:runtime"


def called(host: str, method: str, target: str, body: bytes = b"", **headers: str) -> Call:
    place = REGION.place(host)
    assert place is not None
    call = call_of(place, Wire(method, target, [("Host", host), *headers.items()], body))
    assert call is not None
    return call


@pytest.mark.parametrize(
    ("host", "method", "target", "operation", "action", "resource"),
    [
        (BUCKET, "PUT", "/", "CreateBucket", "s3:CreateBucket", "demo"),
        (BUCKET, "GET", "/?encryption", "GetBucketEncryption", "s3:GetEncryptionConfiguration", "demo"),
        (BUCKET, "GET", "/?lifecycle", "GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration", "demo"),
        (BUCKET, "HEAD", "/", "HeadBucket", "s3:ListBucket", "demo"),
        (BUCKET, "PUT", "/a/b.zip?partNumber=1&uploadId=x", "UploadPart", "s3:PutObject", "demo/a/b.zip"),
        (BUCKET, "GET", "/a%20b?versionId=1", "GetObject", "s3:GetObjectVersion", "demo/a b"),
        ("s3.eu-west-1.amazonaws.com", "GET", "/", "ListBuckets", "s3:ListAllMyBuckets", "*"),
    ],
)
def test_requests_to_buckets(host: str, method: str, target: str, operation: str, action: str, resource: str) -> None:
    call = called(host, method, target)
    whole = resource if resource == "*" else f"arn:aws:s3:::{resource}"
    assert (call.operation, Account("eu-west-1", "000000000000").needs(call)) == (operation, [Need(action, whole)])


def test_keys_that_are_deleted_together_are_needed_each() -> None:
    body = b"<Delete><Object><Key>a</Key><VersionId>1</VersionId></Object><Object><Key>b</Key></Object></Delete>"
    needs = Account("eu-west-1", "000000000000").needs(called(BUCKET, "POST", "/?delete", body))
    assert [(n.action, n.resource) for n in needs] == [
        ("s3:DeleteObjectVersion", "arn:aws:s3:::demo/a"),
        ("s3:DeleteObject", "arn:aws:s3:::demo/b"),
    ]


def test_a_runtime_hands_its_role_to_the_service() -> None:
    body = json.dumps({"agentRuntimeName": "a", "roleArn": "arn:aws:iam::000000000000:role/r"}).encode()
    call = called(CONTROL, "PUT", "/runtimes/", body, **{"Content-Type": "application/json"})
    create, hand = Account("eu-west-1", "000000000000").needs(call)
    assert (create.action, create.resource) == ("bedrock-agentcore:CreateAgentRuntime", f"{RUNTIME}/*")
    assert (hand.action, hand.keys) == ("iam:PassRole", {"iam:passedtoservice": "bedrock-agentcore.amazonaws.com"})


def test_a_path_names_the_runtime() -> None:
    call = called(CONTROL, "GET", "/runtimes/demo_dev-abcdefghij/")
    assert (call.operation, call.params["agentRuntimeId"]) == ("GetAgentRuntime", "demo_dev-abcdefghij")


def form(**fields: str) -> bytes:
    return "&".join(f"{name}={value}" for name, value in fields.items()).encode()


def test_a_role_keeps_its_boundary_for_later_calls() -> None:
    account = Account("eu-west-1", "000000000000")
    create = called("iam.amazonaws.com", "POST", "/", form(Action="CreateRole", RoleName="r", PermissionsBoundary="b"))
    account.learn(create, {})
    put = called("iam.amazonaws.com", "POST", "/", form(Action="PutRolePolicy", RoleName="r", PolicyName="p"))
    [need] = account.needs(put)
    assert (need.resource, need.keys["iam:permissionsboundary"]) == ("arn:aws:iam::000000000000:role/r", "b")


def test_a_pools_tags_are_those_that_it_was_made_with() -> None:
    account, host = Account("eu-west-1", "000000000000"), "cognito-idp.eu-west-1.amazonaws.com"

    def target(operation: str, **params: Any) -> Call:
        headers = {"X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}"}
        return called(host, "POST", "/", json.dumps(params).encode(), **headers)

    create = target("CreateUserPool", UserPoolTags={"Project": "demo"})
    assert account.needs(create)[0].keys == {"aws:requesttag/project": "demo"}
    account.learn(create, {"UserPool": {"Id": "eu-west-1_x"}})
    assert account.needs(target("DeleteUserPool", UserPoolId="eu-west-1_x"))[0].keys == {
        "aws:resourcetag/project": "demo"
    }


@pytest.mark.parametrize("host", ["s3.us-east-1.amazonaws.com", "ec2.eu-west-1.amazonaws.com", "example.com", ""])
def test_other_hosts_are_nowhere(host: str) -> None:
    assert REGION.place(host) is None


def test_a_buckets_host_becomes_a_path_here() -> None:
    place = REGION.place(BUCKET)
    assert place is not None
    here = moved(Wire("GET", "/a?x=1", [("Host", BUCKET)], b""), place, b"")
    assert (here.target, here.one("host")) == ("/demo/a?x=1", "127.0.0.1:1")


def test_what_a_plane_says_of_itself_is_told_in_awss_words_and_back() -> None:
    here = b'{"gatewayUrl": "http://127.0.0.1:3/gateways/demo-x/mcp", "url": "http://127.0.0.1:3/runtimes"}'
    there = REGION.outward(here)
    assert b"https://demo-x.gateway.bedrock-agentcore.eu-west-1.amazonaws.com/mcp" in there
    assert b"127.0.0.1" not in there
    assert REGION.inward(there) == here
