"""MCP as a gateway speaks it: one server of the MCP library for each request, without memory between two.

The library owns the protocol: versions, envelopes, initialize, ping. What is here is tools/list and tools/call.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError

from agentcore_local.data import Call
from agentcore_local.edge import Head, Receive, Scope, Send
from agentcore_local.gateway.functions import Functions, Outcome
from agentcore_local.gateway.records import SEPARATOR, Gateway, Target
from agentcore_local.gateway.schema import argument_faults

# Observed by users, not promised; said in place of the cause unless exceptionLevel is DEBUG.
GENERIC = "An internal error occurred. Please retry later."
MAX_DETAIL = 1200
Context = ServerRequestContext[Any]


async def speak(
    gateway: Gateway,
    targets: Sequence[Target],
    functions: Functions,
    call: Call,
    head: Head,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Answer one admitted request."""
    tools = Tools(gateway, targets, functions, call, head)
    server: Server[Any] = Server(gateway.name, version="1.0.0", on_list_tools=tools.list, on_call_tool=tools.call)
    manager = StreamableHTTPSessionManager(server, json_response=True, stateless=True)
    async with manager.run():
        await manager.handle_request(scope, receive, send)


class Tools:
    """The tools of a gateway's targets, for the length of one request."""

    def __init__(
        self, gateway: Gateway, targets: Sequence[Target], functions: Functions, call: Call, head: Head
    ) -> None:
        self._gateway, self._functions, self._noted, self._head = gateway, functions, call, head
        ready = [t for t in targets if t.status == "READY"]
        self._tools = {f"{t.name}{SEPARATOR}{tool['name']}": (t, tool) for t in ready for tool in t.tools}

    async def list(self, _: Context, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        self._noted.outcome = "listed"
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=name,
                    description=tool["description"],
                    input_schema=tool["inputSchema"],
                    output_schema=tool.get("outputSchema"),
                )
                for name, (_, tool) in self._tools.items()
            ]
        )

    async def call(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        found = self._tools.get(params.name)
        if found is None:
            self._noted.outcome = "unknown_tool"
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {params.name[:200]}")
        target, tool = found
        self._noted.tool = params.name
        arguments = params.arguments or {}
        if faults := argument_faults(tool["inputSchema"], arguments):
            self._noted.outcome = "bad_arguments"
            return _failed(f"Invalid arguments: {'; '.join(faults)}")
        custom = self._custom(target, params.name, context.request_id)
        role, trace = self._gateway.spec["roleArn"], self._noted.trace
        outcome = await self._functions.call(role, self._gateway.arn, target.function_arn, arguments, custom, trace)
        self._noted.outcome, self._noted.function_request = outcome.slug, outcome.request_id
        if outcome.slug != "ok":
            debug = self._gateway.spec.get("exceptionLevel") == "DEBUG"
            return _failed(outcome.detail[:MAX_DETAIL] if debug else GENERIC)
        return _succeeded(outcome, tool)

    def _custom(self, target: Target, name: str, message_id: object) -> dict[str, Any]:
        """What the function finds in its client context (AgentCore devguide: gateway-add-target-lambda)."""
        custom: dict[str, Any] = {
            "bedrockAgentCoreMessageVersion": "1.0",
            "bedrockAgentCoreToolName": name,
            "bedrockAgentCoreGatewayId": self._gateway.id,
            "bedrockAgentCoreTargetId": target.id,
            "bedrockAgentCoreAwsRequestId": self._noted.request_id,
            "bedrockAgentCoreMcpMessageId": str(message_id),
        }
        wanted = [n for n in target.request_headers if self._head.every(n.lower())]
        if wanted:
            custom["bedrockAgentCorePropagatedHeaders"] = {n: ",".join(self._head.every(n.lower())) for n in wanted}
        return custom


def _failed(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=True)


def _succeeded(outcome: Outcome, tool: Mapping[str, Any]) -> types.CallToolResult:
    """The function's answer as it is; structured too where the tool declares a schema for it, as MCP demands."""
    content: list[types.ContentBlock] = [types.TextContent(type="text", text=outcome.text)]
    if "outputSchema" not in tool:
        return types.CallToolResult(content=content)
    try:
        document = json.loads(outcome.text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        return _failed("The tool's answer does not fit its output schema")
    return types.CallToolResult(content=content, structured_content=document)
