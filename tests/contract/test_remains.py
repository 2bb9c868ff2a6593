"""The search for remains against the real emulator: each planted thing is found, and nobody else's is."""

import json
import re
import shlex
from dataclasses import replace

import pytest
from botocore import xform_name
from botocore.session import Session

from orchestration.aws import AccessKey, Clients, LogGroups, RemainsSearch
from orchestration.remains import Found, Kind, Ours, Thing, removal
from orchestration.settings import Endpoints
from tests.contract.cloud import ACCOUNT, REGION, TRUST, Emulator, Local

OURS = Ours("left", "dev", REGION)
TAGS = {"Project": "left", "Environment": "dev"}
FOREIGN = {"Project": "left-dev", "Environment": "x"}
RUNTIME_ID = "left_dev-Ab12Cd34Ef"
AGENTS_LOG = f"/aws/bedrock-agentcore/runtimes/{RUNTIME_ID}-DEFAULT"


def listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def clients(emulator: Emulator, local: Local, key: str = "", secret: str = "") -> Clients:
    """With the emulator's root key by default."""
    endpoints = Endpoints(emulator.url, local.control_url, local.data_url)
    return Clients(REGION, endpoints, AccessKey(key or emulator.key, secret or emulator.secret))


@pytest.fixture(scope="module")
def planted(emulator: Emulator) -> None:
    """One of ours of each kind that the emulator has, and beside it what only looks like ours."""
    iam, s3, logs = emulator.client("iam"), emulator.client("s3"), emulator.client("logs")
    trust = json.dumps(TRUST)
    for name, tags in {"left-dev-role": {}, "left-dev2-role": {}, "left-dev-x-role": FOREIGN}.items():
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Tags=listed(tags))
    statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    policy = iam.create_policy(PolicyName="left-dev-policy", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="left-dev-role", PolicyArn=policy)
    for name in ("left-dev-bucket", "left-dev2-bucket", "left-otherwise-called"):
        s3.create_bucket(Bucket=name)
    s3.put_bucket_tagging(Bucket="left-otherwise-called", Tagging={"TagSet": listed(TAGS)})
    s3.put_object(Bucket="left-dev-bucket", Key="k", Body=b"v")
    s3.create_multipart_upload(Bucket="left-dev-bucket", Key="half")
    pools = emulator.client("cognito-idp")
    pool = pools.create_user_pool(PoolName="left-dev-callers", UserPoolTags=TAGS)["UserPool"]["Id"]
    pools.create_user_pool(PoolName="left-dev-callers", UserPoolTags=FOREIGN)
    pools.create_user_pool(PoolName="otherwise-called", UserPoolTags=TAGS)
    pools.create_user_pool_domain(UserPoolId=pool, Domain="left-dev-000000000000")
    emulator.client("ecr").create_repository(repositoryName="left-dev")
    secrets = emulator.client("secretsmanager")
    for name in ("left-dev/kept", "left-dev/scheduled", "left-dev2/other"):
        secrets.create_secret(Name=name, SecretString="x")
    secrets.delete_secret(SecretId="left-dev/scheduled", RecoveryWindowInDays=7)
    for name in ("left-dev/auth", AGENTS_LOG, "/aws/lambda/left-dev2-check"):
        logs.create_log_group(logGroupName=name)


def search(emulator: Emulator, local: Local, ours: Ours = OURS, *, at_home: bool = True) -> Found:
    return RemainsSearch(clients(emulator, local), local=at_home).search(ours)


@pytest.mark.usefixtures("planted")
def test_each_planted_thing_is_found_in_an_order_in_which_it_can_go(emulator: Emulator, local: Local) -> None:
    found = search(emulator, local)
    assert [(r.thing.kind.value, r.thing.name, r.recognised_by.split()[0]) for r in found.remains] == [
        ("user pool domain", "left-dev-000000000000", "tags"),
        ("user pool", "left-dev-callers", "tags"),
        ("user pool", "otherwise-called", "tags"),
        ("bucket", "left-dev-bucket", "by"),
        ("bucket", "left-otherwise-called", "tags"),
        ("repository", "left-dev", "by"),
        ("secret", "left-dev/kept", "by"),
        ("secret", "left-dev/scheduled", "by"),
        ("log group", AGENTS_LOG, "by"),
        ("log group", "left-dev/auth", "by"),
        ("role", "left-dev-role", "by"),
        ("policy", "left-dev-policy", "by"),
    ]
    by_name = {r.thing.name: r for r in found.remains}
    assert by_name["left-dev-bucket"].thing.holds == "1 versions of objects, 1 unfinished uploads"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", by_name["left-dev/scheduled"].thing.ends)
    assert by_name["left-dev-role"].remove.startswith("aws iam detach-role-policy --role-name left-dev-role")


@pytest.mark.usefixtures("planted")
def test_a_role_that_was_brought_is_no_remain(emulator: Emulator, local: Local) -> None:
    kept = replace(OURS, keep=frozenset({f"arn:aws:iam::{ACCOUNT}:role/left-dev-role"}))
    assert Kind.ROLE not in {r.thing.kind for r in search(emulator, local, kept).remains}


def test_what_the_emulator_lacks_is_said_and_holds_nothing_there_alone(emulator: Emulator, local: Local) -> None:
    lacking = {u.kind: u.can_hold for u in search(emulator, local).unseen}
    assert lacking[Kind.ALARM] is False and lacking[Kind.QUERY] is False
    elsewhere = {u.kind: u.can_hold for u in search(emulator, local, at_home=False).unseen}
    assert elsewhere[Kind.ALARM] is True


def test_what_may_not_be_listed_is_said_kind_by_kind(emulator: Emulator, local: Local) -> None:
    iam = emulator.client("iam")
    iam.create_user(UserName="blind")
    key = iam.create_access_key(UserName="blind")["AccessKey"]
    blind = clients(emulator, local, key["AccessKeyId"], key["SecretAccessKey"])
    found = RemainsSearch(blind, local=False).search(OURS)
    refused = {u.kind: u.why for u in found.unseen if u.can_hold}
    assert {Kind.ROLE, Kind.BUCKET, Kind.POOL, Kind.SECRET, Kind.LOGS} <= set(refused)
    assert "iam:ListRoles was refused" in refused[Kind.ROLE]


@pytest.mark.usefixtures("planted")
def test_only_the_log_groups_of_that_runtime_are_removed(emulator: Emulator, local: Local) -> None:
    logs = emulator.client("logs")
    other = AGENTS_LOG.replace("Ab12Cd34Ef", "Ab12Cd34Eg")
    logs.create_log_group(logGroupName=other)
    groups = LogGroups(clients(emulator, local))
    assert groups.remove(RUNTIME_ID) == [AGENTS_LOG]
    assert groups.remove(RUNTIME_ID) == []
    assert groups.of("left_dev-Ab12Cd34Eg") == [other]
    logs.delete_log_group(logGroupName=other)


def operations(line: str) -> list[tuple[str, str, list[str]]]:
    """(service, operation, flags) of each call of the AWS CLI in a line, of those in $( ) too."""
    calls = [part.strip() for part in re.split(r"&&|\$\(", line)]
    words = [shlex.split(call.replace('")"', "").replace(')"', "").replace('--delete "', "--delete")) for call in calls]
    return [(w[1], w[2], [flag for flag in w[3:] if flag.startswith("--")]) for w in words]


@pytest.fixture(scope="module")
def session() -> Session:
    """One: it keeps the service models that it has read."""
    return Session()


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.PROCESS])
def test_every_command_is_an_operation_of_the_service_with_its_own_parameters(kind: Kind, session: Session) -> None:
    """botocore's model is the referee; the CLI's own flags are not in it."""
    thing = Thing(kind, "n", "i", parent="p", attached=("arn:a",), inline=("q",), holds="1 versions of objects")
    for service, operation, flags in operations(removal(thing, "us-east-1")):
        if (service, operation) == ("s3", "rb"):
            continue
        model = session.get_service_model("s3" if service == "s3api" else service)
        names = {xform_name(name, "-"): name for name in model.operation_names}
        assert operation in names
        shape = model.operation_model(names[operation]).input_shape
        known = {f"--{xform_name(member, '-')}" for member in shape.members} | {"--region", "--query", "--output"}
        assert set(flags) - {"--max-items"} <= known | {"--force-delete-without-recovery", "--force"}
        assert {f"--{xform_name(member, '-')}" for member in shape.required_members} <= set(flags)
