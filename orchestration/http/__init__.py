"""HTTP without the AWS SDK: the data plane, identity providers. The only importer of httpx."""

from orchestration.http.calls import Calls, OpenReply
from orchestration.http.clients import aws_client, fetched, healthy, local_client, posted
from orchestration.http.data_plane import DataPlane, read_reply
from orchestration.http.exact import proxy_for
from orchestration.http.loopback import listening
from orchestration.http.oidc import OidcProvider, client_credentials
from orchestration.http.probe import ProviderProbe
from orchestration.http.provider import Issuer, issuer_of, place_of, time_of

__all__ = [
    "Calls",
    "DataPlane",
    "Issuer",
    "OidcProvider",
    "OpenReply",
    "ProviderProbe",
    "aws_client",
    "client_credentials",
    "fetched",
    "healthy",
    "issuer_of",
    "listening",
    "local_client",
    "place_of",
    "posted",
    "proxy_for",
    "read_reply",
    "time_of",
]
