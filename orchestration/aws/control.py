"""The AgentCore control plane, as launching needs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orchestration.aws.session import Clients, translated
from orchestration.runtime.spec import ObservedRuntime, RuntimeSpec
from orchestration.settings import QUALIFIER

# Members of GetAgentRuntimeResponse that we never send (botocore model).
EXTRAS = ("capacityProviderConfiguration", "filesystemConfigurations")
# The service's defaults (botocore model: LifecycleConfiguration).
IDLE_TIMEOUT_S = 900
MAX_LIFETIME_S = 28800


class BotoRuntimeControl:
    """runtime.lifecycle.RuntimeControl over bedrock-agentcore-control."""

    def __init__(self, clients: Clients) -> None:
        self._control = clients.make("bedrock-agentcore-control")

    def get(self, runtime_id: str, version: str | None = None) -> ObservedRuntime | None:
        which = {"agentRuntimeId": runtime_id} | ({"agentRuntimeVersion": version} if version else {})
        with translated("bedrock-agentcore:GetAgentRuntime"):
            try:
                return observed_from_api(self._control.get_agent_runtime(**which))
            except self._control.exceptions.ResourceNotFoundException:
                return None

    def find(self, name: str) -> ObservedRuntime | None:
        runtime_id = self.names().get(name)
        return self.get(runtime_id) if runtime_id else None

    def names(self) -> dict[str, str]:
        with translated("bedrock-agentcore:ListAgentRuntimes"):
            pages = self._control.get_paginator("list_agent_runtimes").paginate()
            return {
                item["agentRuntimeName"]: item["agentRuntimeId"] for page in pages for item in page["agentRuntimes"]
            }

    def create(self, spec: RuntimeSpec, tags: Mapping[str, str]) -> tuple[str, str]:
        with translated("bedrock-agentcore:CreateAgentRuntime"):
            answer = self._control.create_agent_runtime(agentRuntimeName=spec.name, tags=dict(tags), **_settings(spec))
        return str(answer["agentRuntimeId"]), str(answer["agentRuntimeArn"])

    def update(self, runtime: ObservedRuntime, spec: RuntimeSpec) -> None:
        with translated("bedrock-agentcore:UpdateAgentRuntime"):
            self._control.update_agent_runtime(
                agentRuntimeId=runtime.id,
                metadataConfiguration={"requireMMDSV2": spec.require_mmds_v2},
                **_settings(spec),
            )

    def tags(self, arn: str) -> dict[str, str]:
        return tags_of(self._control, arn)

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        with translated("bedrock-agentcore:TagResource"):
            self._control.tag_resource(resourceArn=arn, tags=dict(tags))

    def serving(self, runtime_id: str) -> str | None:
        with translated("bedrock-agentcore:GetAgentRuntimeEndpoint"):
            try:
                found = self._control.get_agent_runtime_endpoint(agentRuntimeId=runtime_id, endpointName=QUALIFIER)
            except self._control.exceptions.ResourceNotFoundException:
                return None
        return str(found["liveVersion"]) if found.get("liveVersion") else None

    def other_endpoints(self, runtime_id: str) -> dict[str, str]:
        endpoints: dict[str, str] = {}
        with translated("bedrock-agentcore:ListAgentRuntimeEndpoints"):
            for page in self._control.get_paginator("list_agent_runtime_endpoints").paginate(agentRuntimeId=runtime_id):
                for item in page["runtimeEndpoints"]:
                    if item["name"] != QUALIFIER:
                        endpoints[item["name"]] = item.get("liveVersion") or item.get("targetVersion") or ""
        return endpoints

    def resource_policy(self, arn: str) -> str | None:
        with translated("bedrock-agentcore:GetResourcePolicy"):
            try:
                policy: str | None = self._control.get_resource_policy(resourceArn=arn).get("policy")
                return policy
            except self._control.exceptions.ResourceNotFoundException:
                return None

    def delete_endpoint(self, runtime_id: str, name: str) -> None:
        with translated("bedrock-agentcore:DeleteAgentRuntimeEndpoint"):
            try:
                self._control.delete_agent_runtime_endpoint(agentRuntimeId=runtime_id, endpointName=name)
            except self._control.exceptions.ResourceNotFoundException:
                return

    def delete(self, runtime_id: str) -> None:
        with translated("bedrock-agentcore:DeleteAgentRuntime"):
            try:
                self._control.delete_agent_runtime(agentRuntimeId=runtime_id)
            except self._control.exceptions.ResourceNotFoundException:
                return


def tags_of(control: Any, arn: str) -> dict[str, str]:
    """ListTagsForResource of a runtime or a gateway; {} for one that is gone."""
    with translated("bedrock-agentcore:ListTagsForResource"):
        try:
            return dict(control.list_tags_for_resource(resourceArn=arn).get("tags") or {})
        except control.exceptions.ResourceNotFoundException:
            return {}


def _settings(spec: RuntimeSpec) -> dict[str, Any]:
    """What creating and updating have in common. A union is left out where it would be empty: no authorizer is IAM."""
    settings: dict[str, Any] = {
        "agentRuntimeArtifact": _artifact(spec),
        "roleArn": spec.role_arn,
        "networkConfiguration": {"networkMode": spec.network_mode},
        "protocolConfiguration": {"serverProtocol": spec.protocol},
        "environmentVariables": dict(spec.environment),
    }
    if spec.authorizer:
        settings["authorizerConfiguration"] = spec.authorizer
    if spec.request_headers:
        settings["requestHeaderConfiguration"] = {"requestHeaderAllowlist": list(spec.request_headers)}
    return settings


def _artifact(spec: RuntimeSpec) -> dict[str, Any]:
    if spec.image:
        return {"containerConfiguration": {"containerUri": spec.image}}
    code = {"s3": {"bucket": spec.bucket, "prefix": spec.key}}
    return {"codeConfiguration": {"code": code, "runtime": spec.code_runtime, "entryPoint": list(spec.entry_point)}}


def observed_from_api(answer: Mapping[str, Any]) -> ObservedRuntime:
    """GetAgentRuntime's answer in our words (botocore model: GetAgentRuntimeResponse).

    A member that the service leaves out is taken as not set: no authorizer, MMDSv2 not required.
    """
    artifact = answer.get("agentRuntimeArtifact", {})
    code = artifact.get("codeConfiguration", {})
    s3 = code.get("code", {}).get("s3", {})
    lifecycle = answer.get("lifecycleConfiguration", {})
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
            bucket=s3.get("bucket", ""),
            key=s3.get("prefix", ""),
            entry_point=tuple(code.get("entryPoint") or ()),
            code_runtime=code.get("runtime", ""),
            image=artifact.get("containerConfiguration", {}).get("containerUri", ""),
            require_mmds_v2=answer.get("metadataConfiguration", {}).get("requireMMDSV2", False),
            network_mode=answer.get("networkConfiguration", {}).get("networkMode", ""),
            protocol=answer.get("protocolConfiguration", {}).get("serverProtocol", ""),
            request_headers=tuple(answer.get("requestHeaderConfiguration", {}).get("requestHeaderAllowlist", ())),
            idle_timeout_s=lifecycle.get("idleRuntimeSessionTimeout", IDLE_TIMEOUT_S),
            max_lifetime_s=lifecycle.get("maxLifetime", MAX_LIFETIME_S),
            extras=(*(name for name in EXTRAS if answer.get(name)), *_other_sources(artifact)),
        ),
    )


def _other_sources(artifact: Mapping[str, Any]) -> Iterator[str]:
    """Code that runs instead of what is shown: a version of the package held fast, what is new.

    Without a versionId it is the newest (botocore model: S3Location).
    """
    code = artifact.get("codeConfiguration", {})
    known = ("codeConfiguration", "containerConfiguration")
    yield from (name for name in sorted(artifact) if name not in known and artifact[name])
    image = artifact.get("containerConfiguration", {})
    yield from (name for name in sorted(image) if name != "containerUri" and image[name])
    yield from (name for name in sorted(code) if name not in ("code", "entryPoint", "runtime") and code[name])
    yield from (name for name in sorted(code.get("code", {})) if name != "s3" and code["code"][name])
    s3 = code.get("code", {}).get("s3", {})
    yield from (f"{name} {s3[name]}" for name in sorted(s3) if name not in ("bucket", "prefix") and s3[name])
