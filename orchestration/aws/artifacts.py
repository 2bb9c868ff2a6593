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


class ImageRepository:
    """Looks at images in ECR."""

    def __init__(self, clients: Clients) -> None:
        self._ecr = clients.make("ecr")

    def digest(self, uri: str) -> str | None:
        """Digest of the image that a containerUri with a tag names now (DescribeImages); None when there is none."""
        repository, _, tag = uri.partition("/")[2].rpartition(":")
        gone = (self._ecr.exceptions.ImageNotFoundException, self._ecr.exceptions.RepositoryNotFoundException)
        with translated("ecr:DescribeImages"):
            try:
                answer = self._ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
            except gone:
                return None
        return next((str(image["imageDigest"]) for image in answer["imageDetails"]), None)
