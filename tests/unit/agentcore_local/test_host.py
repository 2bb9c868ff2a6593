import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

from agentcore_local.host import AgentHost
from agentcore_local.process import Launch, StartFailed, listens

COUNT = "import pathlib\npathlib.Path('starts').open('a').write('x')\n"
SERVE = """
import http.server, os
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), H).serve_forever()
"""


def launch(folder: Path, main: str) -> Launch:
    (folder / "main.py").write_text(COUNT + main)
    return Launch(("a-0123456789", 1), folder, "main.py", {}, folder / "agent.log")


def hosted(work: Callable[[AgentHost], Awaitable[Any]], seen: Callable[[Any], Any] = lambda session: session) -> Any:
    async def run() -> Any:
        async with aiohttp.ClientSession() as session:
            host = AgentHost(seen(session), "us-east-1", lambda *a, **k: None)
            try:
                return await work(host)
            finally:
                await host.close()

    return asyncio.run(run())


def test_callers_at_the_same_time_share_one_agent(tmp_path: Path) -> None:
    asked = launch(tmp_path, SERVE)

    async def work(host: AgentHost) -> set[int]:
        agents = await asyncio.gather(*(host.ensure(asked) for _ in range(5)))
        return {a.process.pid for a in agents}

    assert len(hosted(work)) == 1
    assert (tmp_path / "starts").read_text() == "x"


def test_an_agent_that_cannot_start_is_not_tried_by_every_caller(tmp_path: Path) -> None:
    asked = launch(tmp_path, "raise SystemExit('broken')")

    async def work(host: AgentHost) -> list[Any]:
        return await asyncio.gather(*(host.ensure(asked) for _ in range(5)), return_exceptions=True)

    results = hosted(work)
    assert all(isinstance(r, StartFailed) and "broken" in str(r) for r in results)
    assert (tmp_path / "starts").read_text() == "x"


def test_an_agent_is_asked_how_it_is_once_it_listens(tmp_path: Path) -> None:
    asked = launch(tmp_path, "import time; time.sleep(0.1)" + SERVE)
    listened: list[bool] = []

    class Looking:
        def __init__(self, session: aiohttp.ClientSession) -> None:
            self._session = session

        def get(self, url: str, **options: Any) -> Any:
            listened.append(listens(int(url.removesuffix("/ping").rpartition(":")[2])))
            return self._session.get(url, **options)

    assert hosted(lambda host: host.ensure(asked), Looking).port
    assert set(listened) == {True}


def test_a_stopped_agent_is_gone(tmp_path: Path) -> None:
    asked = launch(tmp_path, SERVE)

    async def work(host: AgentHost) -> tuple[bool, Any]:
        agent = await host.ensure(asked)
        await host.stop(asked.key)
        return agent.alive, host.find(asked.key)

    assert hosted(work) == (False, None)


def test_a_port_is_seen_to_listen_from_the_first_moment_and_not_before() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        before = listens(port)
        listener.listen()
        assert (before, listens(port)) == (False, True)
