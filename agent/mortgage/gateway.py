"""Credit scores through AgentCore Gateway: which tool is called with what, and which answers are believed.

The gateway is another party. One tool is called, by its name and by this code; the model neither sees the gateway's
tools nor chooses among them, and of an answer nothing but a plausible score of the right customer is used.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from mortgage.customers import NoRecord, check_id
from mortgage.outbound import NoToken, OutboundTokens
from mortgage.scores import Unreachable
from mortgage.visit import Visit

# The gateway puts the target's name before its tools' (AgentCore devguide: gateway-tool-naming).
TOOL = "credit-check___get_credit_score"
DEADLINE_S = 10.0
LEAST_SCORE, GREATEST_SCORE = 300, 850
# What the tool says of an id that it has no score for.
NO_RECORD = frozenset({"no_record", "bad_customer_id"})


class CallFailed(Exception):
    """The tool gave no result; `cause` is a slug."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


UNAUTHORIZED = "unauthorized"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One tools/call. left_s() says how many seconds it may still take."""

    url: str
    tool: str
    arguments: Mapping[str, str]
    token: str
    trace: str
    left_s: Callable[[], float]

    def __repr__(self) -> str:
        return f"ToolCall({self.tool})"


class CallTool(Protocol):
    def __call__(self, call: ToolCall) -> str:
        """The result's one text. Raises CallFailed."""
        ...


def call_by_mcp(call: ToolCall) -> str:
    # Here and not above: nobody without a gateway pays for loading it.
    from mortgage.mcp_call import call_tool

    return call_tool(call)


def prepare() -> None:
    """Load what a call needs, which takes longer than one."""
    from mortgage.mcp_call import trusted

    trusted()


class GatewayScores:
    """monotonic() in seconds."""

    source = "gateway"

    def __init__(
        self,
        url: str,
        tokens: OutboundTokens,
        call: CallTool = call_by_mcp,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url, self._tokens, self._call, self._monotonic = url, tokens, call, monotonic

    def credit_score(self, customer_id: str, visit: Visit) -> int:
        """Raises BadCustomerId, NoRecord, Unreachable, the last at the latest after DEADLINE_S."""
        check_id(customer_id)
        end = self._monotonic() + DEADLINE_S

        def left_s() -> float:
            return end - self._monotonic()

        try:
            return score_of(self._result(customer_id, visit, left_s), customer_id)
        except NoToken as e:
            raise Unreachable("no_token") from e
        except CallFailed as e:
            raise Unreachable(e.cause) from e

    def _result(self, customer_id: str, visit: Visit, left_s: Callable[[], float]) -> str:
        """A token may be withdrawn before its end: one that is refused is replaced, once."""
        refused = None
        while True:
            token = self._tokens.token(visit.workload_token, left_s(), refused)
            arguments = {"customer_id": customer_id}
            try:
                return self._call(ToolCall(self._url, TOOL, arguments, token, visit.trace, left_s))
            except CallFailed as e:
                if e.cause != UNAUTHORIZED or refused is not None:
                    raise
                refused = token


def score_of(text: str, customer_id: str) -> int:
    """The score in a result of the tool. Raises NoRecord, and CallFailed for what is no result for this customer."""
    try:
        result: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise CallFailed("malformed_result") from None
    if not isinstance(result, dict):
        raise CallFailed("malformed_result")
    if "error" in result:
        if str(result["error"]) in NO_RECORD:
            raise NoRecord(f"There is no record of customer {customer_id}.")
        raise CallFailed("tool_error")
    if result.get("customer_id") != customer_id:
        raise CallFailed("another_customers_result")
    score = result.get("credit_score")
    if not isinstance(score, int) or isinstance(score, bool) or not LEAST_SCORE <= score <= GREATEST_SCORE:
        raise CallFailed("malformed_result")
    return score
