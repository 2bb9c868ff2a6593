"""When a connection ends unless something happens: one timer, set anew only where that comes closer."""

import asyncio

_EARLY_S = 0.005  # by how much the loop's timers may be early


class Deadline:
    """To be inherited; `_time_is_up` is called. A class of its own would be a cycle for each connection."""

    _loop: asyncio.AbstractEventLoop
    _until: float | None = None  # loop's clock
    _timer: asyncio.TimerHandle | None = None
    _timer_at = 0.0

    def _time_is_up(self) -> None:
        raise NotImplementedError

    def _end_in(self, seconds: float) -> None:
        self._until = until = self._loop.time() + seconds
        if self._timer is not None:
            if self._timer_at <= until:
                return
            self._timer.cancel()
        self._timer_at, self._timer = until, self._loop.call_at(until, self._look)

    def _look(self) -> None:
        self._timer, left = None, (self._until or 0.0) - self._loop.time()
        if self._until is None:
            return
        if left <= _EARLY_S:
            self._time_is_up()
        else:
            self._end_in(left)

    def _rest(self) -> None:
        self._until = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
