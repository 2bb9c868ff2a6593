"""Follows one request through the logs of runtime, agent, gateway and function."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass

from orchestration.checks import trace
from orchestration.checks.agent_log import LogSource
from orchestration.checks.auth_log import seconds
from orchestration.checks.case import Door
from orchestration.checks.trace import Hop, Written
from orchestration.embedded.agent_log import LocalAgentLog
from orchestration.embedded.decisions import decision_lines
from orchestration.errors import BadInput, Unfit
from orchestration.settings import Settings
from orchestration.steps import Steps

TRACE = re.compile("[0-9a-f]{32}")
# Its header between services (W3C Trace Context, 3.2).
PARENT = re.compile("[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
# How long lines of a call that was just answered may be on their way.
LOCAL_PATIENCE_S, AWS_PATIENCE_S = 2.0, 30.0


@dataclass(frozen=True, slots=True)
class Tracing:
    """Follow one request."""

    steps: Steps

    def show(self, id: str | None, since: str, *, json: bool = False) -> None:
        """The request of that trace id, or the last one of that last while. Raises BadInput, Unfit."""
        if id is not None:
            id = trace_id(id)
        begin = self.steps.clock.now() - seconds(since)
        settings = self.steps.live_settings()
        written = self._written(settings, begin)
        wanted = id or trace.last_trace(written.agent)
        found = trace.hops(wanted, written) if wanted else []
        if wanted is None or not found:
            what = f"trace {id}" if id else "request"
            raise Unfit(
                f"no {what} in the last {since}",
                remedy=f"`{self.steps.deployment.command('invoke ask --trace')} ...` makes one and follows it",
                code="no_trace",
            )
        self._show(wanted, found, json=json)

    def begin(self, *, json: bool) -> float:
        """When a call to be followed begins (Unix seconds). Raises BadInput where its answer is to be one document."""
        if json:
            raise BadInput(
                "--trace and --json cannot go together: the answer is one document, the trace another",
                remedy="ask without --trace, then `invoke trace --json`",
            )
        return self.steps.clock.now()

    def of_session(self, session: str, begin: float) -> None:
        """The last request of that session since `begin` (Unix seconds), as soon as its lines are there."""
        settings, local = self.steps.live_settings(), self.steps.cloud is not None
        deadline = self.steps.clock.monotonic() + (LOCAL_PATIENCE_S if local else AWS_PATIENCE_S)
        # The decision of a runtime comes last; on AWS it is in no log that is read here.
        last = trace.RUNTIME if local else trace.AGENT
        while True:
            written = self._written(settings, begin)
            wanted = trace.last_trace(written.agent, session)
            found = trace.hops(wanted, written) if wanted else []
            if any(hop.place == last for hop in found) or self.steps.clock.monotonic() >= deadline:
                break
            self.steps.clock.sleep(self.steps.poll_s)
        if wanted is None:
            self.steps.console.say("the agent noted no such request: nothing to follow")
            return
        self._show(wanted, found, json=False)

    def _written(self, settings: Settings, begin: float) -> Written:
        record, cloud, gateway = self.steps.load_or_new().runtime, self.steps.cloud, settings.outputs.gateway
        if record is None:
            raise self.steps.not_launched(settings)
        source: LogSource
        if cloud is not None:
            source, decisions = LocalAgentLog(cloud, {Door.MAIN: record.id}), decision_lines(cloud.runtime_folder)
        else:
            source, decisions = self.steps.tools.agent_log(settings.endpoints, {Door.MAIN: record.id}, begin), []
        with closing(source):
            agent = [line.text for line in source.new() if line.at >= begin]
        function = self.steps.tools.function_log(settings, begin) if gateway else []
        return Written(decisions, agent, function)

    def _show(self, wanted: str, found: list[Hop], *, json: bool) -> None:
        console = self.steps.console
        if json:
            console.document(trace.document(wanted, found))
            return
        for line in trace.lines(wanted, found):
            console.result(line)
        if lost := trace.missing(found):
            console.say(f"nothing was found of {', '.join(lost)}{self._why(lost)}")

    def _why(self, lost: list[str]) -> str:
        if self.steps.cloud is None and {trace.RUNTIME, trace.GATEWAY} & set(lost):
            return "; on AWS the service's own decisions are in CloudTrail and in logs that you deliver yourself"
        return ""


def trace_id(given: str) -> str:
    """As the logs have it, also where it comes as other tools write it: in capitals, with hyphens, as traceparent.

    Raises BadInput.
    """
    plain = given.strip().lower()
    if found := PARENT.fullmatch(plain):
        plain = found[1]
    plain = plain.replace("-", "")
    if not TRACE.fullmatch(plain):
        raise BadInput(
            f"--id is {given!r}", remedy="use 32 hexadecimal digits, as the logs have them", code="bad_trace"
        )
    return plain
