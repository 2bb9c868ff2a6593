"""The one door to AWS: nothing outside this package imports boto3 or botocore."""

from orchestration.aws.artifacts import ArtifactBucket
from orchestration.aws.cognito import CognitoProvider
from orchestration.aws.control import BotoRuntimeControl, observed_from_api
from orchestration.aws.invoke import SignedCaller
from orchestration.aws.session import AccessKey, Clients, Identity, identity, known_regions

__all__ = [
    "AccessKey",
    "ArtifactBucket",
    "BotoRuntimeControl",
    "Clients",
    "CognitoProvider",
    "Identity",
    "SignedCaller",
    "identity",
    "known_regions",
    "observed_from_api",
]
