"""The artifact bucket, as launching needs it."""

from __future__ import annotations

from botocore.exceptions import ClientError

from orchestration.aws.session import Clients, translated


class ArtifactBucket:
    """Looks at packages in S3."""

    def __init__(self, clients: Clients) -> None:
        self._s3 = clients.make("s3")

    def version(self, bucket: str, key: str) -> str | None:
        """VersionId of the object that is current now (HeadObject); None when there is none."""
        with translated("s3:GetObject"):
            try:
                answer = self._s3.head_object(Bucket=bucket, Key=key)
            except ClientError as e:
                if e.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                    return None
                raise
        return str(answer.get("VersionId") or answer["ETag"])
