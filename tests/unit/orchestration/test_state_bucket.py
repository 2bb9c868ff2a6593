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
from orchestration.errors import GateRefused
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


def settings_are_put(stubber: Stubber) -> None:
    closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    stubber.add_response(
        "put_public_access_block", {}, OURS | {"PublicAccessBlockConfiguration": dict.fromkeys(closed, True)}
    )
    stubber.add_response("put_bucket_versioning", {}, OURS | {"VersioningConfiguration": {"Status": "Enabled"}})
    stubber.add_response("put_bucket_encryption", {}, OURS | {"ServerSideEncryptionConfiguration": ANY})
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
    settings_are_put(stubber)
    assert bucket.make() is True


def test_a_bucket_that_is_there_has_its_settings_put_right(stubbed: Any) -> None:
    bucket, stubber = stubbed()
    stubber.add_response("head_bucket", {}, OURS)
    settings_are_put(stubber)
    assert bucket.make() is False


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


def test_the_bucket_goes_with_every_version_in_it(stubbed: Any) -> None:
    bucket, stubber = stubbed()
    some = {"Versions": [{"Key": "a", "VersionId": "1"}], "DeleteMarkers": [{"Key": "a", "VersionId": "2"}]}
    stubber.add_response("list_object_versions", some, OURS | {"MaxKeys": 1000})
    both = [{"Key": "a", "VersionId": "1"}, {"Key": "a", "VersionId": "2"}]
    stubber.add_response("delete_objects", {}, OURS | {"Delete": {"Objects": both, "Quiet": True}})
    stubber.add_response("list_object_versions", {}, OURS | {"MaxKeys": 1000})
    stubber.add_response("delete_bucket", {}, OURS)
    bucket.remove()
