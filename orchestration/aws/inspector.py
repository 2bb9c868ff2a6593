"""What an account allows, asked without changing anything."""

from __future__ import annotations

import re
from typing import Any

from orchestration.aws.session import Clients, Identity, identity, translated
from orchestration.errors import OrchestrationError, Unfit

AGENTS_QUOTA = re.compile(r"\bagents per account\b", re.IGNORECASE)
# Quota "agents per account" where the service does not tell its own (AgentCore devguide: bedrock-agentcore-limits).
AGENTS_BY_DEFAULT = 1000


class Inspector:
    """Asks STS, IAM, Bedrock and the control plane of one target."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def identity(self) -> Identity:
        """Whose the credentials are. Raises Unfit."""
        return identity(self._clients)

    def require_model(self, model_id: str) -> str:
        """What Bedrock says of a model or an inference profile. Raises Unfit where this account may not call it.

        botocore model: bedrock, GetInferenceProfile and GetFoundationModelAvailability.
        """
        bedrock = self._clients.make("bedrock", read_timeout_s=3.0)
        for base in self._models_of(bedrock, model_id):
            with translated("bedrock:GetFoundationModelAvailability"):
                said: dict[str, Any] = bedrock.get_foundation_model_availability(modelId=base)
            wanted = {
                "authorizationStatus": "AUTHORIZED",
                "entitlementAvailability": "AVAILABLE",
                "regionAvailability": "AVAILABLE",
            }
            wrong = [f"{name} {said.get(name)}" for name, good in wanted.items() if said.get(name) != good]
            agreement = said.get("agreementAvailability", {}).get("status")
            wrong += [f"agreementAvailability {agreement}"] if agreement != "AVAILABLE" else []
            if wrong:
                raise Unfit(
                    f"MODEL_ID is {model_id!r}, which this account may not call: {', '.join(wrong)}",
                    remedy="request access in the Bedrock console (Model access), or choose another MODEL_ID",
                    code="no_model_access",
                )
        return f"{model_id} may be called"

    def _models_of(self, bedrock: Any, model_id: str) -> list[str]:
        """The foundation models behind an inference profile; the id itself where it names a model."""
        # A profile's id begins with where it routes to ("us", "eu", "apac", "global"), a model's with its maker.
        if model_id.count(".") < 2:
            return [model_id]
        with translated("bedrock:GetInferenceProfile"):
            profile = bedrock.get_inference_profile(inferenceProfileIdentifier=model_id)
        return sorted({model["modelArn"].rpartition("/")[2] for model in profile["models"]})

    def agents(self) -> tuple[int, int]:
        """(runtimes there are, runtimes there may be)."""
        control = self._clients.make("bedrock-agentcore-control", read_timeout_s=3.0)
        with translated("bedrock-agentcore:ListAgentRuntimes"):
            pages = control.get_paginator("list_agent_runtimes").paginate()
            there = sum(len(page["agentRuntimes"]) for page in pages)
        return there, self._agents_allowed()

    def _agents_allowed(self) -> int:
        """The account's own quota; the documented default where it may not be asked, or is called otherwise.

        botocore model: service-quotas, ListServiceQuotas. By its name, which was never seen on AWS.
        """
        quotas = self._clients.make("service-quotas", read_timeout_s=3.0)
        try:
            with translated("servicequotas:ListServiceQuotas"):
                pages = quotas.get_paginator("list_service_quotas").paginate(ServiceCode="bedrock-agentcore")
                found = [quota for page in pages for quota in page["Quotas"] if AGENTS_QUOTA.search(quota["QuotaName"])]
        except OrchestrationError:
            return AGENTS_BY_DEFAULT
        return int(found[0]["Value"]) if len(found) == 1 else AGENTS_BY_DEFAULT

    def roles(self) -> tuple[int, int]:
        """(roles there are, roles there may be). botocore model: iam, GetAccountSummary."""
        with translated("iam:GetAccountSummary"):
            summary = self._clients.make("iam", read_timeout_s=3.0).get_account_summary()["SummaryMap"]
        return int(summary["Roles"]), int(summary["RolesQuota"])

    def boundary(self, role_arn: str) -> str | None:
        """ARN of the policy that bounds a role, or None."""
        with translated("iam:GetRole"):
            role = self._clients.make("iam", read_timeout_s=3.0).get_role(RoleName=role_arn.rpartition("/")[2])["Role"]
        found = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return str(found) if found else None
