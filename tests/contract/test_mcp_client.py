"""The MCP library on both sides of the door: its own server as the agent, its own client as the caller."""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from tests.contract.cloud import Local, People
from tests.contract.deployed import Deployed

Create = Callable[..., Deployed]
Upload = Callable[..., dict[str, Any]]

STATEFUL = "tools_stateful"
TOOLS = """
import os

import uvicorn
from mcp.server.mcpserver import MCPServer

server = MCPServer("tools")

@server.tool()
def add(a: int, b: int) -> int:
    return a + b

app = server.streamable_http_app(stateless_http=STATELESS)
uvicorn.run(app, host=os.environ["HOST"], port=int(os.environ["PORT"]), log_config=None)
"""


@pytest.fixture(scope="module", params=[True, False], ids=["stateless", "stateful"])
def tools(request: pytest.FixtureRequest, create: Create, upload: Upload, people: People) -> Deployed:
    return create(
        agentRuntimeName="tools_stateless" if request.param else STATEFUL,
        agentRuntimeArtifact=upload(main=TOOLS.replace("STATELESS", str(request.param))),
        protocolConfiguration={"serverProtocol": "MCP"},
        authorizerConfiguration=people.authorizer(),
    )


def sum_of_two(local: Local, tools: Deployed, headers: dict[str, str], mode: Any = "auto") -> Any:
    url = f"{local.data_url}/runtimes/{quote(tools.arn, safe='')}/invocations"

    async def call() -> Any:
        async with httpx2.AsyncClient(headers=headers, timeout=20) as http:
            async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
                listed = [t.name for t in (await client.list_tools()).tools]
                result = await client.call_tool("add", {"a": 2, "b": 3})
                return listed, result.structured_content

    return asyncio.run(call())


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_tool_is_called_through_the_door(local: Local, tools: Deployed, people: People, mode: str) -> None:
    if (mode, tools.name) == ("legacy", STATEFUL):
        # The platform's Mcp-Session-Id is there already, which a server that deals its own does not know.
        with pytest.raises(BaseException) as e:  # noqa: PT011  the library wraps it in exception groups
            sum_of_two(local, tools, people.bearer(), mode)
        assert "Received error" in repr(e.value)  # told so, not left waiting
        return
    assert sum_of_two(local, tools, people.bearer(), mode) == (["add"], {"result": 5})


def test_without_a_token_the_client_is_told_so(local: Local, tools: Deployed) -> None:
    with pytest.raises(BaseException) as e:  # noqa: PT011  the library wraps it in exception groups
        sum_of_two(local, tools, {})
    assert "MCPError" in repr(e.value)
