"""InvokeAgentRuntime with a SigV4 signature."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from orchestration.aws.session import Clients, translated
from orchestration.checks.run import Reply


class SignedCaller:
    """InvokeAgentRuntime as an IAM caller: what every AWS SDK does by default."""

    def __init__(self, clients: Clients, runtime_arn: str, qualifier: str, timeout_s: float) -> None:
        self._client = clients.make("bedrock-agentcore", read_timeout_s=timeout_s)
        self._arn = runtime_arn
        self._qualifier = qualifier

    def call(self, payload: Mapping[str, Any], session_id: str) -> Reply:
        """The data plane's answer; a refusal is an answer, not an error."""
        with translated("bedrock-agentcore:InvokeAgentRuntime"):
            try:
                answer = self._client.invoke_agent_runtime(
                    agentRuntimeArn=self._arn,
                    qualifier=self._qualifier,
                    runtimeSessionId=session_id,
                    payload=json.dumps(payload).encode(),
                    contentType="application/json",
                    accept="application/json",
                )
            except ClientError as e:
                error = e.response.get("Error", {})
                status = e.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
                body = json.dumps({"message": error.get("Message", "")})
                return Reply(status, body, str(error.get("Code", "")))
            return Reply(answer["statusCode"], answer["response"].read().decode("utf-8", "replace"))
