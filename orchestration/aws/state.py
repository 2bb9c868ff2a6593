"""The bucket of Terraform's states: made before Terraform can make anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from orchestration.aws.session import Clients, translated
from orchestration.errors import GateRefused
from orchestration.terraform import RemoteState, StateSummary, parse_state

# Batches of DeleteObjects (botocore model: Delete).
BATCH = 1000


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

    def make(self) -> bool:
        """Make it, or put its settings right: versioned, encrypted, TLS only, not public. True if it is new."""
        new = not self.exists()
        with translated("s3:CreateBucket"):
            if new:
                place = {} if self._region == "us-east-1" else {"LocationConstraint": self._region}
                options: dict[str, Any] = {"CreateBucketConfiguration": place} if place else {}
                self._s3.create_bucket(Bucket=self._bucket, ObjectOwnership="BucketOwnerEnforced", **options)
        with translated("s3:PutBucketPolicy"):
            closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
            self._s3.put_public_access_block(**self._ours(), PublicAccessBlockConfiguration=dict.fromkeys(closed, True))
            self._s3.put_bucket_versioning(**self._ours(), VersioningConfiguration={"Status": "Enabled"})
            rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
            self._s3.put_bucket_encryption(**self._ours(), ServerSideEncryptionConfiguration={"Rules": [rule]})
            self._s3.put_bucket_policy(**self._ours(), Policy=json.dumps(tls_only(self._bucket, self._region)))
        return new

    def states(self) -> dict[str, StateSummary]:
        """{key: what it holds} of every state in the bucket; an empty one counts no resources."""
        return {key: found for key in self._keys(".tfstate") if (found := parse_state(self._read(key) or ""))}

    def state(self, place: RemoteState) -> StateSummary | None:
        return parse_state(self._read(place.key) or "")

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
        """Delete the bucket with all versions of what is in it."""
        with translated("s3:DeleteBucket"):
            for batch in self._versions():
                self._s3.delete_objects(**self._ours(), Delete={"Objects": batch, "Quiet": True})
            self._s3.delete_bucket(**self._ours())

    def _ours(self) -> dict[str, Any]:
        return {"Bucket": self._bucket, "ExpectedBucketOwner": self._owner}

    def _keys(self, suffix: str) -> list[str]:
        with translated("s3:ListBucket"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(**self._ours())
            return [item["Key"] for page in pages for item in page.get("Contents", ()) if item["Key"].endswith(suffix)]

    def _read(self, key: str) -> str | None:
        with translated("s3:GetObject"):
            try:
                return str(self._s3.get_object(**self._ours(), Key=key)["Body"].read().decode("utf-8", "replace"))
            except self._s3.exceptions.NoSuchKey:
                return None

    def _versions(self) -> Iterator[list[dict[str, str]]]:
        """At most 1000 a time, as many as DeleteObjects takes."""
        while True:
            page = self._s3.list_object_versions(**self._ours(), MaxKeys=BATCH)
            found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            if not found:
                return
            yield [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]


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
