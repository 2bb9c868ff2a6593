"""The asynchronous half of a change: a gateway or target is made ready, or taken away, after the answer."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any

from agentcore_local.gateway.records import GatewayStore


class Settling:
    """One task per change. prepare() gets ready what serves gateways; exists(function ARN) asks the emulator.

    Gateways that are not READY, like their targets, are settled again by resume() after a kill.
    """

    def __init__(
        self,
        records: GatewayStore,
        prepare: Callable[[], Awaitable[None]],
        exists: Callable[[str], Awaitable[bool]],
        now: Callable[[], str],
        log: Callable[..., None],
    ) -> None:
        self._records, self._prepare, self._exists = records, prepare, exists
        self._now, self._log = now, log
        self._tasks: set[asyncio.Task[None]] = set()

    def gateway(self, gateway_id: str) -> None:
        self._spawn(self._settle_gateway(gateway_id))

    def target(self, gateway_id: str, target_id: str) -> None:
        self._spawn(self._settle_target(gateway_id, target_id))

    def resume(self) -> None:
        """Take up what a stop or a kill interrupted."""
        gateways = self._records.gateways()
        if gateways:
            self._spawn(self._ready())
        for gateway in gateways:
            if gateway.status in ("CREATING", "UPDATING", "DELETING"):
                self.gateway(gateway.id)
            for target in self._records.targets(gateway.id):
                if target.status in ("CREATING", "UPDATING", "DELETING"):
                    self.target(gateway.id, target.id)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _ready(self) -> None:
        await self._prepare()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._log("gateway_crashed", error=type(error).__name__)

    async def _settle_gateway(self, gateway_id: str) -> None:
        await self._prepare()
        gateway = self._records.gateway(gateway_id)
        if gateway is None:
            return
        with self._records.change():
            if gateway.status == "DELETING":
                self._records.drop_gateway(gateway_id)
            else:
                self._records.put_gateway(replace(gateway, status="READY", reason=None, updated_at=self._now()))
        self._log("gateway", gateway=gateway_id, status="deleted" if gateway.status == "DELETING" else "READY")

    async def _settle_target(self, gateway_id: str, target_id: str) -> None:
        target = self._records.target(gateway_id, target_id)
        if target is None:
            return
        status, reason = "deleted", None
        if target.status != "DELETING":
            there = await self._exists(target.function_arn)
            status = "READY" if there else "FAILED" if target.status == "CREATING" else "UPDATE_UNSUCCESSFUL"
            reason = None if there else f"The function {target.function_arn} cannot be found"
            target = self._records.target(gateway_id, target_id)
            if target is None:
                return
        with self._records.change():
            if target.status == "DELETING":
                self._records.drop_target(gateway_id, target_id)
            else:
                self._records.put_target(replace(target, status=status, reason=reason, updated_at=self._now()))
        self._log("gateway_target", gateway=gateway_id, target=target_id, status=status, failure=reason)
