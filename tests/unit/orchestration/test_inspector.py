from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from orchestration.aws import AccessKey, Clients, Inspector
from orchestration.errors import Unfit
from tests.fakes.orchestration import LOCAL_ENDPOINTS

PROFILE, BASE = "global.anthropic.claude-x", "anthropic.claude-x"
ARN = f"arn:aws:bedrock:us-east-1::foundation-model/{BASE}"
WELL = {
    "modelId": BASE,
    "agreementAvailability": {"status": "AVAILABLE"},
    "authorizationStatus": "AUTHORIZED",
    "entitlementAvailability": "AVAILABLE",
    "regionAvailability": "AVAILABLE",
}


class Stubs(Clients):
    """One stubbed client for each service, whatever its time-outs."""

    def __init__(self) -> None:
        super().__init__("us-east-1", LOCAL_ENDPOINTS, AccessKey("AKIAEXAMPLE", "the-emulators-secret"))
        self._made: dict[str, Any] = {}
        self.stubbers: dict[str, Stubber] = {}

    def make(self, service: str, *, read_timeout_s: float = 30.0) -> Any:
        if service not in self._made:
            self._made[service] = super().make(service)
            self.stubbers[service] = Stubber(self._made[service])
            self.stubbers[service].activate()
        return self._made[service]

    def on(self, service: str) -> Stubber:
        self.make(service)
        return self.stubbers[service]


@pytest.fixture(scope="module")
def _clients() -> Stubs:
    return Stubs()


@pytest.fixture
def stubs(_clients: Stubs) -> Iterator[Stubs]:
    yield _clients
    for stubber in _clients.stubbers.values():
        stubber.assert_no_pending_responses()


def profile(stubs: Stubs) -> None:
    answer = {
        "inferenceProfileName": "x",
        "inferenceProfileArn": "arn:aws:bedrock:us-east-1:111122223333:inference-profile/x",
        "models": [{"modelArn": ARN}, {"modelArn": ARN.replace("us-east-1", "us-west-2")}],
        "inferenceProfileId": PROFILE,
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    }
    stubs.on("bedrock").add_response("get_inference_profile", answer, {"inferenceProfileIdentifier": PROFILE})


def test_a_profile_may_be_called_when_its_model_may(stubs: Stubs) -> None:
    profile(stubs)
    stubs.on("bedrock").add_response("get_foundation_model_availability", WELL, {"modelId": BASE})
    assert Inspector(stubs).require_model(PROFILE) == f"{PROFILE} may be called"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        pytest.param({"authorizationStatus": "NOT_AUTHORIZED"}, "authorizationStatus NOT_AUTHORIZED", id="authorized"),
        pytest.param({"entitlementAvailability": "NOT_AVAILABLE"}, "entitlementAvailability", id="entitled"),
        pytest.param({"regionAvailability": "NOT_AVAILABLE"}, "regionAvailability", id="region"),
        pytest.param({"agreementAvailability": {"status": "PENDING"}}, "agreementAvailability PENDING", id="agreement"),
    ],
)
def test_each_way_of_having_no_access_is_told(stubs: Stubs, changed: dict[str, Any], told: str) -> None:
    stubs.on("bedrock").add_response("get_foundation_model_availability", {**WELL, **changed}, {"modelId": BASE})
    with pytest.raises(Unfit, match=told) as caught:
        Inspector(stubs).require_model(BASE)
    assert caught.value.code == "no_model_access"


def test_a_role_says_what_bounds_it_by_its_name_without_the_path(stubs: Stubs) -> None:
    role = {
        "Path": "/a/",
        "RoleName": "runtime",
        "RoleId": "AROAEXAMPLE12345678",
        "Arn": "arn:aws:iam::111122223333:role/a/runtime",
        "CreateDate": 0,
    }
    bound = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/b"}
    for answer in (role, role | {"PermissionsBoundary": bound}):
        stubs.on("iam").add_response("get_role", {"Role": answer}, {"RoleName": "runtime"})
    inspector = Inspector(stubs)
    assert [inspector.boundary(str(role["Arn"])) for _ in range(2)] == [None, bound["PermissionsBoundaryArn"]]


def runtimes(stubs: Stubs, *pages: int) -> None:
    one = {
        "agentRuntimeArn": "arn:aws:bedrock-agentcore:us-east-1:111122223333:runtime/a-0123456789",
        "agentRuntimeId": "a-0123456789",
        "agentRuntimeVersion": "1",
        "agentRuntimeName": "a",
        "description": "d",
        "lastUpdatedAt": 0,
        "status": "READY",
    }
    control = stubs.on("bedrock-agentcore-control")
    for number, count in enumerate(pages, 1):
        answer: dict[str, Any] = {"agentRuntimes": [one] * count}
        more = {"nextToken": "t"} if number < len(pages) else {}
        control.add_response("list_agent_runtimes", answer | more, {"nextToken": "t"} if number > 1 else {})


def quotas(stubs: Stubs, *found: tuple[str, float]) -> None:
    answer = {"Quotas": [{"QuotaName": name, "Value": value} for name, value in found]}
    stubs.on("service-quotas").add_response("list_service_quotas", answer, {"ServiceCode": "bedrock-agentcore"})


def test_runtimes_of_all_pages_count_against_the_accounts_own_quota(stubs: Stubs) -> None:
    runtimes(stubs, 2, 1)
    quotas(stubs, ("Endpoints per agent", 10.0), ("Total agents per account", 2500.0))
    assert Inspector(stubs).agents() == (3, 2500)


def test_the_documented_quota_counts_where_the_accounts_own_is_not_told(stubs: Stubs) -> None:
    runtimes(stubs, 1)
    quotas(stubs, ("Versions per agent", 1.0))
    assert Inspector(stubs).agents() == (1, 1000)
    runtimes(stubs, 1)
    stubs.on("service-quotas").add_client_error("list_service_quotas", "AccessDeniedException")
    assert Inspector(stubs).agents() == (1, 1000)


def test_roles_are_counted_by_iam_itself(stubs: Stubs) -> None:
    stubs.on("iam").add_response("get_account_summary", {"SummaryMap": {"Roles": 7, "RolesQuota": 1000}}, {})
    assert Inspector(stubs).roles() == (7, 1000)
