"""The asynchronous half of a change: fetch the code, start the agent, then move the endpoint, in that order.

Callers go on reaching the old version, with the old version's authorizer, until the new agent is healthy;
if it never is, nothing they can see has changed.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from agentcore_local import artifact
from agentcore_local.artifact import ArtifactError, ObjectStore
from agentcore_local.falls import Key
from agentcore_local.host import Agent, AgentHost
from agentcore_local.image import Images
from agentcore_local.process import Launch, StartFailed
from agentcore_local.protocols import CONTRACTS, protocol_of
from agentcore_local.store import Store

DEFAULT = "DEFAULT"


class Rollouts:
    """Background work, one task per runtime or endpoint being changed. now() gives an ISO 8601 string."""

    def __init__(
        self,
        store: Store,
        host: AgentHost,
        objects: ObjectStore,
        images: Images,
        folder: Path,
        now: Callable[[], str],
        log: Callable[..., None],
        pinned: Callable[[], set[tuple[str, int]]] = set,
    ) -> None:
        """pinned() names the versions that sessions depend on."""
        self._store, self._host, self._folder = store, host, folder
        self._objects, self._images = objects, images
        self._now, self._log, self._pinned = now, log, pinned
        self._tasks: set[asyncio.Task[None]] = set()
        self._preparing: dict[Path, asyncio.Lock] = {}

    async def agent(self, runtime_id: str, number: int, spec: Mapping[str, Any]) -> Agent:
        """The healthy agent of a version, fetched and started if need be. Raises ArtifactError, StartFailed."""
        if running := self._host.find((runtime_id, number)):
            return running
        if self._store.version(runtime_id, number) is None:
            raise StartFailed("The version was deleted.")  # while this call was on its way
        home = self._folder / runtime_id / str(number)
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = home / "code"
        async with self._preparing.setdefault(folder, asyncio.Lock()):
            entry = await asyncio.to_thread(self._prepare, spec["agentRuntimeArtifact"], folder)
        variables = spec.get("environmentVariables") or {}
        contract, idle_s = CONTRACTS[protocol_of(spec)], spec["lifecycleConfiguration"]["idleRuntimeSessionTimeout"]
        key, log = (runtime_id, number), home / "agent.log"
        return await self._host.ensure(Launch(key, folder, entry, variables, log, contract, idle_s, spec["roleArn"]))

    def _prepare(self, given: Mapping[str, Any], folder: Path) -> str:
        """Fetch what runs into the folder; the entry script. Raises ArtifactError."""
        if container := given.get("containerConfiguration"):
            return self._images.prepare(container["containerUri"], folder, tempfile.TemporaryFile)
        return artifact.prepare(self._objects, given["codeConfiguration"], folder, tempfile.TemporaryFile)

    def serves(self, runtime_id: str, number: int) -> bool:
        """True for a version that an endpoint leads to, now or soon."""
        return number in self._used(runtime_id)

    def failing(self, key: Key, text: str) -> None:
        """A version that serves keeps ending: its endpoints, and the runtime if it is the newest, say so.

        They go on leading to it, behind its door, and its agent goes on being tried.
        """
        self._restate(key, "READY", "UPDATE_FAILED", text)

    def well(self, key: Key) -> None:
        """A version that serves has run for a while: take back what was said of it."""
        self._restate(key, "UPDATE_FAILED", "READY", None)

    def _restate(self, key: Key, before: str, after: str, failure: str | None) -> None:
        runtime_id, number = key
        runtime, version = self._store.runtime(runtime_id), self._store.version(runtime_id, number)
        endpoints = [
            e for e in self._store.endpoints(runtime_id) if e.live == e.target == number and e.status == before
        ]
        if runtime is None or version is None or not endpoints:
            return
        now = self._now()
        with self._store.change():
            for endpoint in endpoints:
                self._store.put_endpoint(replace(endpoint, status=after, failure=failure, updated_at=now))
            self._store.put_version(replace(version, status=after))
            if runtime.latest == number and runtime.status == before:
                self._store.put_runtime(replace(runtime, status=after, failure=failure, updated_at=now))
        self._log("restated", runtime=runtime_id, version=number, status=after, failure=failure)

    def start_version(self, runtime_id: str, number: int) -> None:
        self._spawn(self._roll_version(runtime_id, number))

    def start_endpoint(self, runtime_id: str, name: str) -> None:
        self._spawn(self._roll_endpoint(runtime_id, name))

    def start_delete(self, runtime_id: str) -> None:
        self._spawn(self._delete(runtime_id))

    def start_retire(self, runtime_id: str) -> None:
        self._spawn(self._retire_unused(runtime_id))

    def resume(self) -> None:
        """Take up what a stop or a kill interrupted."""
        for runtime in self._store.runtimes():
            if runtime.status == "DELETING":
                self.start_delete(runtime.id)
            elif runtime.status in ("CREATING", "UPDATING"):
                self.start_version(runtime.id, runtime.latest)
            for endpoint in self._store.endpoints(runtime.id):
                if endpoint.name != DEFAULT and endpoint.status in ("CREATING", "UPDATING"):
                    self.start_endpoint(runtime.id, endpoint.name)

    async def close(self) -> None:
        """Stop the background work; what is unfinished is taken up by resume()."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._log("rollout_crashed", error=type(error).__name__)

    async def _try(self, runtime_id: str, number: int) -> str | None:
        """Start a version's agent; None when healthy, else why not."""
        version = self._store.version(runtime_id, number)
        if version is None:
            return "The version was deleted."
        try:
            await self.agent(runtime_id, number, version.spec)
        except (ArtifactError, StartFailed) as e:
            return str(e)
        except Exception as e:  # a disk that is full must become a status, not a runtime that stays CREATING
            return f"The local runtime could not start the agent ({type(e).__name__})."
        return None

    async def _roll_version(self, runtime_id: str, number: int) -> None:
        failure = await self._try(runtime_id, number)
        runtime, endpoint = self._store.runtime(runtime_id), self._store.endpoint(runtime_id, DEFAULT)
        version = self._store.version(runtime_id, number)
        if runtime is None or endpoint is None or version is None:
            return
        verb = "CREATE" if runtime.status == "CREATING" else "UPDATE"
        status, now = (f"{verb}_FAILED" if failure else "READY"), self._now()
        live = endpoint.live if failure else number
        with self._store.change():
            self._store.put_version(replace(version, status=status))
            self._store.put_endpoint(
                replace(endpoint, live=live, target=number, status=status, failure=failure, updated_at=now)
            )
            self._store.put_runtime(replace(runtime, status=status, failure=failure, updated_at=now))
        self._log("rollout", runtime=runtime_id, version=number, status=status, failure=failure)
        await self._retire_unused(runtime_id)

    async def _roll_endpoint(self, runtime_id: str, name: str) -> None:
        endpoint = self._store.endpoint(runtime_id, name)
        if endpoint is None:
            return
        failure = await self._try(runtime_id, endpoint.target)
        endpoint = self._store.endpoint(runtime_id, name)
        if endpoint is None:
            return
        verb = "CREATE" if endpoint.status == "CREATING" else "UPDATE"
        status = f"{verb}_FAILED" if failure else "READY"
        live = endpoint.live if failure else endpoint.target
        with self._store.change():
            self._store.put_endpoint(
                replace(endpoint, live=live, status=status, failure=failure, updated_at=self._now())
            )
        self._log("rollout", runtime=runtime_id, endpoint=name, status=status, failure=failure)
        await self._retire_unused(runtime_id)

    async def _retire_unused(self, runtime_id: str) -> None:
        """Stop agents that no endpoint leads to; one with a session goes on until its last one is over."""
        used, kept = self._used(runtime_id), self._pinned()
        old = [k for k in self._host.running() if k[0] == runtime_id and k[1] not in used and k not in kept]
        await asyncio.gather(*(self._host.retire(k) for k in old))

    def _used(self, runtime_id: str) -> set[int | None]:
        endpoints = self._store.endpoints(runtime_id)
        return {e.live for e in endpoints} | {e.target for e in endpoints if e.status in ("CREATING", "UPDATING")}

    async def _delete(self, runtime_id: str) -> None:
        await self._host.stop_runtime(runtime_id)
        await asyncio.to_thread(shutil.rmtree, self._folder / runtime_id, ignore_errors=True)
        with self._store.change():
            self._store.drop_runtime(runtime_id)
        self._log("deleted", runtime=runtime_id)
