"""The state bucket's calls against botocore's service model; nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

from orchestration.aws import AccessKey, Clients, StateBucket
from orchestration.aws.state import tls_only
from orchestration.errors import GateRefused, TerraformFailed, Unfit
from orchestration.terraform import RemoteState
from tests.fakes.orchestration import LOCAL_ENDPOINTS

ACCOUNT = "000000000000"
OURS = {"Bucket": "states", "ExpectedBucketOwner": ACCOUNT}
PLACE = RemoteState("states", "p/dev/terraform.tfstate", "us-east-1")


class Kept(Clients):
    """Clients that hands out one client each, so that a test can stub it."""

    def __init__(self, region: str) -> None:
        super().__init__(region, LOCAL_ENDPOINTS, AccessKey("AKIAEXAMPLE", "secret"))
        self.s3: Any = super().make("s3")

    def make(self, service: str, *, read_timeout_s: float = 30.0) -> Any:
        return self.s3


@pytest.fixture
def stubbed() -> Iterator[Callable[..., tuple[StateBucket, Stubber]]]:
    made: list[Stubber] = []

    def make(region: str = "us-east-1") -> tuple[StateBucket, Stubber]:
        clients = Kept(region)
        stubber = Stubber(clients.s3)
        stubber.activate()
        made.append(stubber)
        return StateBucket(clients, "states", ACCOUNT), stubber

    yield make
    for stubber in made:
        stubber.assert_no_pending_responses()


TAGS = [{"Key": "inbound-auth", "Value": "terraform-state"}]
STATE = "inbound-auth/dev/terraform.tfstate"


def tagged(stubber: Stubber, tags: list[dict[str, str]] = TAGS) -> None:
    if tags:
        stubber.add_response("get_bucket_tagging", {"TagSet": tags}, OURS)
    else:
        stubber.add_client_error("get_bucket_tagging", "NoSuchTagSet", http_status_code=404)


def holds(stubber: Stubber, *keys: str) -> None:
    stubber.add_response("list_objects_v2", {"Contents": [{"Key": key} for key in keys]}, OURS)


def has_policy(stubber: Stubber, policy: Any) -> None:
    if policy is None:
        stubber.add_client_error("get_bucket_policy", "NoSuchBucketPolicy", http_status_code=404)
    else:
        stubber.add_response("get_bucket_policy", {"Policy": json.dumps(policy)}, OURS)


def settings_are_put(
    stubber: Stubber, before: list[dict[str, str]] = TAGS, after: list[dict[str, str]] = TAGS, *, policy: bool = True
) -> None:
    tagged(stubber, before)
    stubber.add_response("put_bucket_tagging", {}, OURS | {"Tagging": {"TagSet": after}})
    closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    stubber.add_response(
        "put_public_access_block", {}, OURS | {"PublicAccessBlockConfiguration": dict.fromkeys(closed, True)}
    )
    stubber.add_response("put_bucket_versioning", {}, OURS | {"VersioningConfiguration": {"Status": "Enabled"}})
    stubber.add_response("put_bucket_encryption", {}, OURS | {"ServerSideEncryptionConfiguration": ANY})
    if policy:
        stubber.add_response("put_bucket_policy", {}, OURS | {"Policy": ANY})


@pytest.mark.parametrize(
    ("region", "place"),
    [
        ("us-east-1", {}),
        ("eu-west-1", {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}),
    ],
)
def test_a_new_bucket_is_closed_versioned_encrypted_and_tls_only(stubbed: Any, region: str, place: Any) -> None:
    bucket, stubber = stubbed(region)
    stubber.add_client_error("head_bucket", "404", http_status_code=404)
    stubber.add_response("create_bucket", {}, {"Bucket": "states", "ObjectOwnership": "BucketOwnerEnforced", **place})
    settings_are_put(stubber, [])
    assert bucket.make() is True


def test_a_bucket_that_is_there_has_its_settings_put_right(stubbed: Any) -> None:
    bucket, stubber = stubbed()
    more = [{"Key": "Owner", "Value": "team"}, *TAGS]
    stubber.add_response("head_bucket", {}, OURS)
    has_policy(stubber, None)
    tagged(stubber, more)
    stubber.add_response("head_bucket", {}, OURS)
    tagged(stubber, more)
    settings_are_put(stubber, more, more)
    assert bucket.make() is False


def test_statements_beside_ours_stay(stubbed: Any) -> None:
    bucket, stubber = stubbed()
    ours = tls_only("states", "us-east-1")
    stubber.add_response("head_bucket", {}, OURS)
    has_policy(stubber, {**ours, "Statement": [{"Sid": "OnlyFromVpc"}, *ours["Statement"]]})
    stubber.add_response("head_bucket", {}, OURS)
    tagged(stubber)
    settings_are_put(stubber, policy=False)
    assert bucket.make() is False


def test_a_policy_that_is_not_ours_is_not_written_over(stubbed: Any) -> None:
    bucket, stubber = stubbed()
    stubber.add_response("head_bucket", {}, OURS)
    has_policy(stubber, {"Statement": [{"Sid": "OnlyFromVpc"}]})
    stubber.add_response("head_bucket", {}, OURS)
    tagged(stubber)
    with pytest.raises(GateRefused, match="policy that is not ours"):
        bucket.make()


def test_what_an_interrupt_left_is_finished(stubbed: Any) -> None:
    bucket, stubber = stubbed()
    stubber.add_response("head_bucket", {}, OURS)
    has_policy(stubber, None)
    tagged(stubber, [])
    holds(stubber)
    settings_are_put(stubber, [])
    assert bucket.make() is False


def test_a_bucket_of_states_that_is_older_than_the_tag_gets_it(stubbed: Any) -> None:
    bucket, stubber = stubbed()
    stubber.add_response("head_bucket", {}, OURS)
    has_policy(stubber, tls_only("states", "us-east-1"))
    stubber.add_response("head_bucket", {}, OURS)
    tagged(stubber, [])
    holds(stubber, STATE, f"{STATE}.tflock")
    settings_are_put(stubber, [], policy=False)
    assert bucket.make() is False


@pytest.mark.parametrize(
    ("tags", "keys"),
    [
        pytest.param([], ["payroll/2026.csv", STATE], id="other-objects"),
        pytest.param([], ["network/terraform.tfstate"], id="another-state"),
        pytest.param([], [], id="empty"),
        pytest.param([{"Key": "inbound-auth", "Value": "artifacts"}], ["x"], id="another-tag"),
    ],
)
def test_a_bucket_that_we_did_not_make_is_not_used(stubbed: Any, tags: Any, keys: list[str]) -> None:
    for act in (StateBucket.check, StateBucket.remove):
        bucket, stubber = stubbed()
        stubber.add_response("head_bucket", {}, OURS)
        tagged(stubber, tags)
        holds(stubber, *keys)
        with pytest.raises(GateRefused) as caught:
            act(bucket)
        assert caught.value.code == "foreign_bucket"


def test_a_bucket_with_other_objects_is_not_configured(stubbed: Any) -> None:
    bucket, stubber = stubbed()
    stubber.add_response("head_bucket", {}, OURS)
    has_policy(stubber, None)
    tagged(stubber, [])
    holds(stubber, "payroll/2026.csv")
    stubber.add_response("head_bucket", {}, OURS)
    tagged(stubber, [])
    holds(stubber, "payroll/2026.csv")
    with pytest.raises(GateRefused):
        bucket.make()


def test_no_bucket_is_said_before_terraform_looks_for_it(stubbed: Any) -> None:
    bucket, stubber = stubbed()
    stubber.add_client_error("head_bucket", "404", http_status_code=404)
    with pytest.raises(Unfit) as caught:
        bucket.check()
    assert caught.value.code == "state_bucket_absent"


def test_a_bucket_of_another_account_is_never_used(stubbed: Any) -> None:
    bucket, stubber = stubbed()
    stubber.add_client_error("head_bucket", "403", http_status_code=403)
    with pytest.raises(GateRefused) as caught:
        bucket.make()
    assert caught.value.code == "foreign_bucket"


def test_the_policy_refuses_whoever_comes_without_tls() -> None:
    (statement,) = tls_only("states", "us-gov-west-1")["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == ["arn:aws-us-gov:s3:::states", "arn:aws-us-gov:s3:::states/*"]


def body(value: Any) -> dict[str, Any]:
    raw = json.dumps(value).encode()
    return {"Body": StreamingBody(BytesIO(raw), len(raw))}


def test_the_holder_of_a_lock_is_read_from_the_lock_file(stubbed: Any) -> None:
    bucket, stubber = stubbed()
    lock = {"ID": "1", "Who": "ann@laptop", "Operation": "OperationTypeApply", "Created": "now", "Info": ""}
    stubber.add_response("get_object", body(lock), OURS | {"Key": "p/dev/terraform.tfstate.tflock"})
    assert bucket.lock(PLACE) == {"id": "1", "who": "ann@laptop", "operation": "OperationTypeApply", "created": "now"}
    stubber.add_client_error("get_object", "NoSuchKey", http_status_code=404)
    assert bucket.lock(PLACE) is None


def test_every_state_is_counted_and_nothing_else(stubbed: Any) -> None:
    bucket, stubber = stubbed()
    keys = ["p/dev/terraform.tfstate", "p/dev/terraform.tfstate.tflock", "p/qa/terraform.tfstate"]
    stubber.add_response("list_objects_v2", {"Contents": [{"Key": key} for key in keys]}, OURS)
    for resources in ([{"type": "x"}], []):
        stubber.add_response("get_object", body({"serial": 1, "resources": resources}), OURS | {"Key": ANY})
    assert {key: state.resources for key, state in bucket.states().items()} == {keys[0]: 1, keys[2]: 0}


@pytest.mark.parametrize("text", ["not json", '{"version": 4}', "[]"])
def test_what_is_no_state_is_said_with_its_place(stubbed: Any, text: str) -> None:
    bucket, stubber = stubbed()
    raw = {"Body": StreamingBody(BytesIO(text.encode()), len(text))}
    stubber.add_response("get_object", raw, OURS | {"Key": PLACE.key})
    with pytest.raises(TerraformFailed, match="s3://states/p/dev/terraform.tfstate"):
        bucket.state(PLACE)


def of_ours(stubber: Stubber) -> None:
    stubber.add_response("head_bucket", {}, OURS)
    tagged(stubber)


def test_the_bucket_goes_with_every_version_in_it(stubbed: Any) -> None:
    bucket, stubber = stubbed()
    of_ours(stubber)
    both = [{"Key": STATE, "VersionId": "1"}, {"Key": STATE, "VersionId": "2"}]
    stubber.add_response("list_object_versions", {"Versions": both[:1], "DeleteMarkers": both[1:]}, OURS)
    stubber.add_response("delete_objects", {}, OURS | {"Delete": {"Objects": both, "Quiet": True}})
    stubber.add_response("delete_bucket", {}, OURS)
    bucket.remove()


def test_not_one_object_goes_while_one_is_somebody_elses_even_a_deleted_one(stubbed: Any) -> None:
    bucket, stubber = stubbed()
    of_ours(stubber)
    some = {"Versions": [{"Key": STATE, "VersionId": "1"}], "DeleteMarkers": [{"Key": "payroll.csv", "VersionId": "2"}]}
    stubber.add_response("list_object_versions", some, OURS)
    with pytest.raises(GateRefused, match=r"payroll\.csv"):
        bucket.remove()
