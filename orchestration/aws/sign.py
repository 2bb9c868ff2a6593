"""SigV4 signatures over requests that another client sends, and credentials to make them with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from orchestration.aws.session import Clients, translated
from orchestration.checks.kit import AwsCredentials, Signing
from orchestration.checks.request import Request
from orchestration.errors import Unfit


class _SignedAt(SigV4Auth):  # type: ignore[misc]
    """botocore's signature at a time of our choice; its own add_auth asks the machine's clock."""

    def sign_at(self, request: AWSRequest, moment: datetime) -> None:
        request.context["timestamp"] = moment.strftime(SIGV4_TIMESTAMP)
        self._modify_request_before_signing(request)
        text = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(text, request))


def sign(request: Request, base_url: str, signing: Signing) -> Request:
    """The request with Authorization, X-Amz-Date and, for a session, X-Amz-Security-Token."""
    given = signing.credentials
    credentials = Credentials(given.key_id, given.secret, given.token)
    # Host is signed too, so the sender must keep it; other headers may be added on the way and are not.
    draft = AWSRequest(request.method, base_url + request.target, data=request.body)
    moment = datetime.fromtimestamp(signing.now, UTC)
    _SignedAt(credentials, signing.service, signing.region).sign_at(draft, moment)
    return replace(request, headers=(*request.headers, *draft.headers.items()))


class RoleCredentials:
    """The operator's own credentials, and those of roles that it may assume."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._sts = clients.make("sts")

    def own(self) -> AwsCredentials:
        """Raises Unfit where there are none."""
        found = self._clients.credentials()
        if found is None:
            raise Unfit(
                "no AWS credentials found", remedy="set AWS_PROFILE or run `aws sso login`", code="no_credentials"
            )
        return AwsCredentials(found.access_key, found.secret_key, found.token)

    def of_role(self, role_arn: str, session_name: str) -> AwsCredentials:
        """sts:AssumeRole. Raises Unfit, OrchestrationError."""
        with translated("sts:AssumeRole"):
            answer: dict[str, Any] = self._sts.assume_role(
                RoleArn=role_arn, RoleSessionName=session_name, DurationSeconds=900
            )
        made = answer["Credentials"]
        return AwsCredentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
