"""Around every request of a plane without an envelope of its own: one answer and one line of the decision log."""

import time
import uuid
from collections.abc import Awaitable, Callable

from agentcore_local.data import Call
from agentcore_local.edge import ClientGone, Send, refuse
from agentcore_local.journal import Journal
from agentcore_local.wire import Refused


class Guard:
    """plane names it in the log; new_id() gives request ids."""

    def __init__(self, plane: str, journal: Journal, new_id: Callable[[], uuid.UUID]) -> None:
        self._plane, self._journal, self._new_id = plane, journal, new_id

    async def run(self, send: Send, serve: Callable[[Call], Awaitable[None]]) -> None:
        """Serve one request; whatever goes wrong is answered as a refusal."""
        call = Call(str(self._new_id()), time.monotonic())
        try:
            await serve(call)
        except Refused as e:
            call.refused(e, e.row.status)
            await refuse(send, e, call.request_id)
        except ClientGone:
            call.reason, call.status = "client_gone", 499
        except Exception as e:
            call.reason, call.status = f"crashed:{type(e).__name__}", 500
            self._journal.crash(e)
            await refuse(send, Refused("internal"), call.request_id)
        finally:
            self._journal.decision(self._plane, call)
