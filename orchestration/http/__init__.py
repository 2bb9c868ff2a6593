"""HTTP without the AWS SDK: the data plane, identity providers. The only importer of httpx."""

from orchestration.http.clients import aws_client, healthy, local_client
from orchestration.http.data_plane import DataPlane, read_reply
from orchestration.http.provider import Issuer, client_credentials, issuer_of

__all__ = [
    "DataPlane",
    "Issuer",
    "aws_client",
    "client_credentials",
    "healthy",
    "issuer_of",
    "local_client",
    "read_reply",
]
