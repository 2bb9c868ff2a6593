"""The AgentCore control plane, as launching needs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestration.aws.session import Clients, translated
from orchestration.runtime.spec import ObservedRuntime, RuntimeSpec


class BotoRuntimeControl:
    """runtime.lifecycle.RuntimeControl over bedrock-agentcore-control."""

    def __init__(self, clients: Clients) -> None:
        self._control = clients.make("bedrock-agentcore-control")

    def get(self, runtime_id: str) -> ObservedRuntime | None:
        with translated("bedrock-agentcore:GetAgentRuntime"):
            try:
                return observed_from_api(self._control.get_agent_runtime(agentRuntimeId=runtime_id))
            except self._control.exceptions.ResourceNotFoundException:
                return None

    def find(self, name: str) -> ObservedRuntime | None:
        with translated("bedrock-agentcore:ListAgentRuntimes"):
            for page in self._control.get_paginator("list_agent_runtimes").paginate():
                for item in page["agentRuntimes"]:
                    if item["agentRuntimeName"] == name:
                        return self.get(item["agentRuntimeId"])
        return None

    def update(self, runtime: ObservedRuntime, spec: RuntimeSpec) -> None:
        with translated("bedrock-agentcore:UpdateAgentRuntime"):
            self._control.update_agent_runtime(
                agentRuntimeId=runtime.id,
                agentRuntimeArtifact=runtime.artifact,
                roleArn=spec.role_arn,
                networkConfiguration={"networkMode": spec.network_mode},
                protocolConfiguration={"serverProtocol": spec.protocol},
                authorizerConfiguration=spec.authorizer,
                environmentVariables=dict(spec.environment),
                metadataConfiguration={"requireMMDSV2": spec.require_mmds_v2},
            )

    def delete(self, runtime_id: str) -> None:
        with translated("bedrock-agentcore:DeleteAgentRuntime"):
            try:
                self._control.delete_agent_runtime(agentRuntimeId=runtime_id)
            except self._control.exceptions.ResourceNotFoundException:
                return


def observed_from_api(answer: Mapping[str, Any]) -> ObservedRuntime:
    """GetAgentRuntime's answer in our words (botocore model: GetAgentRuntimeResponse).

    A member that the service leaves out is taken as not set: no authorizer, MMDSv2 not required.
    """
    artifact = answer.get("agentRuntimeArtifact", {})
    code = artifact.get("codeConfiguration", {})
    return ObservedRuntime(
        id=answer["agentRuntimeId"],
        arn=answer["agentRuntimeArn"],
        version=answer["agentRuntimeVersion"],
        status=answer["status"],
        failure_reason=answer.get("failureReason"),
        spec=RuntimeSpec(
            name=answer["agentRuntimeName"],
            role_arn=answer["roleArn"],
            authorizer=answer.get("authorizerConfiguration", {}),
            environment=answer.get("environmentVariables", {}),
            bucket=code.get("code", {}).get("s3", {}).get("bucket", ""),
            entry_point=(code.get("entryPoint") or [""])[-1],
            code_runtime=code.get("runtime", ""),
            require_mmds_v2=answer.get("metadataConfiguration", {}).get("requireMMDSV2", False),
            network_mode=answer.get("networkConfiguration", {}).get("networkMode", ""),
            protocol=answer.get("protocolConfiguration", {}).get("serverProtocol", ""),
        ),
        artifact=artifact,
    )
