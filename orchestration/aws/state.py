"""The bucket of Terraform's states: made before Terraform can make anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from orchestration.aws.session import Clients, translated
from orchestration.errors import GateRefused, Unfit
from orchestration.terraform import OWN_KEY, Held, RemoteState, StateSummary, parse_held, remote_summary

# Batches of DeleteObjects (botocore model: Delete).
BATCH = 1000
# On every bucket that `make` made: a name alone says nothing about who made it.
TAG, TAG_VALUE = "inbound-auth", "terraform-state"


class StateBucket:
    """One bucket for all environments of an account and region. Every call says whose bucket it must be."""

    def __init__(self, clients: Clients, bucket: str, account: str) -> None:
        self._s3 = clients.make("s3")
        self._region = clients.region
        self._bucket = bucket
        self._owner = account

    def exists(self) -> bool:
        """Raises GateRefused when another account has a bucket of that name."""
        with translated("s3:ListBucket"):
            try:
                self._s3.head_bucket(**self._ours())
            except ClientError as e:
                status = e.response["ResponseMetadata"]["HTTPStatusCode"]
                if status == 404:
                    return False
                if status in (301, 403):
                    raise GateRefused(
                        f"bucket {self._bucket} is another account's, of another region, or closed to you",
                        remedy="use the credentials of its owner, or set STATE_BUCKET to another name",
                        code="foreign_bucket",
                    ) from None
                raise
        return True

    def check(self) -> None:
        """Raises GateRefused for a bucket that is not ours: neither tagged by `make`, nor holding our states alone."""
        if not self.exists():
            raise Unfit(
                f"there is no bucket {self._bucket}",
                remedy="invoke state.bootstrap, or set STATE_BUCKET to the one that it named",
                code="state_bucket_absent",
            )
        if self._tags().get(TAG) == TAG_VALUE:
            return
        keys = self._keys()
        if not keys or not all(OWN_KEY.fullmatch(key) for key in keys):
            raise self._not_ours("was not made by `invoke state.bootstrap`")

    def make(self) -> bool:
        """Make it, or put its settings right: versioned, encrypted, TLS only, not public. True if it is new.

        Raises GateRefused for a bucket that somebody else made, or gave a policy. One that is empty and has neither
        policy nor tags is what an interrupt leaves.
        """
        new = not self.exists()
        policy = None if new else self._policy()
        if not new and (policy is not None or self._tags() or self._keys()):
            self.check()
        if policy is not None and not _has_statement(policy, self._tls_only()["Statement"][0]):
            raise self._not_ours("has a policy that is not ours")
        with translated("s3:CreateBucket"):
            if new:
                place = {} if self._region == "us-east-1" else {"LocationConstraint": self._region}
                options: dict[str, Any] = {"CreateBucketConfiguration": place} if place else {}
                self._s3.create_bucket(Bucket=self._bucket, ObjectOwnership="BucketOwnerEnforced", **options)
        with translated("s3:PutBucketPolicy"):
            tags = [{"Key": key, "Value": value} for key, value in (self._tags() | {TAG: TAG_VALUE}).items()]
            self._s3.put_bucket_tagging(**self._ours(), Tagging={"TagSet": tags})
            closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
            self._s3.put_public_access_block(**self._ours(), PublicAccessBlockConfiguration=dict.fromkeys(closed, True))
            self._s3.put_bucket_versioning(**self._ours(), VersioningConfiguration={"Status": "Enabled"})
            rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
            self._s3.put_bucket_encryption(**self._ours(), ServerSideEncryptionConfiguration={"Rules": [rule]})
            if policy is None:
                self._s3.put_bucket_policy(**self._ours(), Policy=json.dumps(self._tls_only()))
        return new

    def states(self) -> dict[str, StateSummary]:
        """{key: what it holds} of every state in the bucket; an empty one counts no resources."""
        keys = [key for key in self._keys() if key.endswith(".tfstate")]
        return {key: found for key in keys if (found := remote_summary(self._read(key) or "", self._bucket, key))}

    def state(self, place: RemoteState) -> StateSummary | None:
        return remote_summary(self._read(place.key) or "", self._bucket, place.key)

    def held(self, place: RemoteState) -> Held:
        text = self._read(place.key) or ""
        remote_summary(text, self._bucket, place.key)  # knows the remedy for what is no state
        return parse_held(text)

    def lock(self, place: RemoteState) -> dict[str, str] | None:
        """Who holds the lock, what for and since when; None when it is free."""
        text = self._read(place.lock_key)
        if text is None:
            return None
        try:
            raw = json.loads(text)
            return {name.lower(): str(raw.get(name, "")) for name in ("ID", "Who", "Operation", "Created")}
        except (ValueError, AttributeError):
            return {"id": "", "who": "unknown", "operation": "unknown", "created": "unknown"}

    def remove(self) -> None:
        """Delete the bucket with all versions of what is in it. Raises GateRefused if anything is not ours."""
        self.check()
        with translated("s3:DeleteBucket"):
            pages = self._s3.get_paginator("list_object_versions").paginate(**self._ours())
            found = [item for page in pages for item in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))]
            if foreign := sorted({item["Key"] for item in found if not OWN_KEY.fullmatch(item["Key"])}):
                raise self._not_ours(f"holds {len(foreign)} other object(s), {foreign[0]!r} among them")
            objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
            for start in range(0, len(objects), BATCH):
                batch = objects[start : start + BATCH]
                self._s3.delete_objects(**self._ours(), Delete={"Objects": batch, "Quiet": True})
            self._s3.delete_bucket(**self._ours())

    def _ours(self) -> dict[str, Any]:
        return {"Bucket": self._bucket, "ExpectedBucketOwner": self._owner}

    def _not_ours(self, why: str) -> GateRefused:
        return GateRefused(
            f"bucket {self._bucket} {why}",
            remedy="set STATE_BUCKET to another name; to give this one to the states, "
            f"put the tag {TAG}={TAG_VALUE} on it and nothing else in it",
            code="foreign_bucket",
        )

    def _tls_only(self) -> dict[str, Any]:
        return tls_only(self._bucket, self._region)

    def _tags(self) -> dict[str, str]:
        with translated("s3:GetBucketTagging"):
            try:
                return {tag["Key"]: tag["Value"] for tag in self._s3.get_bucket_tagging(**self._ours())["TagSet"]}
            except ClientError as e:
                if e.response["Error"]["Code"] == "NoSuchTagSet":
                    return {}
                raise

    def _policy(self) -> str | None:
        with translated("s3:GetBucketPolicy"):
            try:
                return str(self._s3.get_bucket_policy(**self._ours())["Policy"])
            except ClientError as e:
                if e.response["Error"]["Code"] == "NoSuchBucketPolicy":
                    return None
                raise

    def _keys(self) -> list[str]:
        with translated("s3:ListBucket"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(**self._ours())
            return [item["Key"] for page in pages for item in page.get("Contents", ())]

    def _read(self, key: str) -> str | None:
        with translated("s3:GetObject"):
            try:
                return str(self._s3.get_object(**self._ours(), Key=key)["Body"].read().decode("utf-8", "replace"))
            except self._s3.exceptions.NoSuchKey:
                return None


def _has_statement(policy: str, wanted: Mapping[str, Any]) -> bool:
    """Other statements beside it are somebody's own and stay."""
    try:
        statements = json.loads(policy).get("Statement")
    except (ValueError, AttributeError):
        return False
    return isinstance(statements, list) and wanted in statements


def tls_only(bucket: str, region: str) -> dict[str, Any]:
    """A bucket policy that refuses everybody without TLS."""
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    arn = f"arn:{partition}:s3:::{bucket}"
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
