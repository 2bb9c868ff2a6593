"""The commands around an explanation: by which authorizer, in which words, and what they do when it cannot be had."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from orchestration.checks.decision import Decision, Rule
from orchestration.checks.explain_text import lines
from orchestration.checks.request import Reply, bearer_request
from orchestration.checks.run import Exchange, Outcome
from orchestration.commands.explain import Explaining
from orchestration.commands.proof import Proof
from orchestration.console import Console
from orchestration.embedded.cloud import LocalCloud
from orchestration.errors import Unfit, WrongVerdicts
from orchestration.report import SmokeReport
from orchestration.settings import Endpoints, Target
from orchestration.steps import Steps
from tests.fakes.matrix import RIGHT, WRONG
from tests.fakes.orchestration import LOCAL_ENDPOINTS, RUNTIME_ARN, FakeClock, FakeControl, deployment, jwt, observed

CLIENT_RULE = Rule("client", "failed", "client_id one of a", "client_id b")
REFUSED = Decision("jwt", "deny", "client_mismatch", 401, True, (CLIENT_RULE,))
ADMITTED = Decision("jwt", "allow", None, None, True, ())
Call = tuple[Mapping[str, Any] | None, str | None]


@dataclass
class FakeTools:
    """steps.Tools as far as explaining goes."""

    decision: Decision | None
    live: FakeControl = field(default_factory=lambda: FakeControl(observed()))
    asked: list[Call] = field(default_factory=list)

    def control(self, endpoints: Endpoints) -> FakeControl:
        return self.live

    def decisions(self, endpoints: Endpoints) -> FakeTools:
        return self

    def decide(self, calls: Sequence[Call]) -> list[Decision]:
        self.asked += calls
        if self.decision is None:
            raise Unfit("no decisions", remedy="make setup")
        return [self.decision for _ in calls]


def explaining(tools: FakeTools, cloud: LocalCloud | None = None, root: Path = Path("/nowhere")) -> Explaining:
    anything: Any = tools
    clock = FakeClock()
    console = Console(clock, out=io.StringIO(), err=io.StringIO())
    return Explaining(Steps(deployment(root), {}, anything, console, clock, cloud, LOCAL_ENDPOINTS))


def wrong(status: int) -> Outcome:
    request = bearer_request(RUNTIME_ARN, "a.b.c", {})
    return replace(WRONG, exchange=Exchange(RUNTIME_ARN, request, Reply(status, '{"message": "no"}')))


@pytest.mark.parametrize("nobody", [False, True])
def test_a_run_without_an_admitted_call_says_what_it_does_not_prove(nobody: bool) -> None:
    err = io.StringIO()
    steps = explaining(FakeTools(None)).steps
    proof = Proof(replace(steps, console=Console(steps.clock, quiet=True, out=io.StringIO(), err=err)))
    right = RIGHT if nobody else replace(RIGHT, reached=False)
    proof.judge(SmokeReport(steps.deployment, RUNTIME_ARN, [right], 1.0), json=True)
    assert ("no call was admitted: nothing proves" in err.getvalue()) is nobody


def test_the_live_runtime_says_which_headers_reach_its_agent() -> None:
    request = bearer_request(RUNTIME_ARN, "x" * 9000, {})
    exchange = Exchange(RUNTIME_ARN, request, Reply(400, '{"message": "Member must have length"}'))
    [found] = explaining(FakeTools(ADMITTED))._explained(LOCAL_ENDPOINTS, [exchange])
    assert found.first is not None
    assert (found.first.rule, found.differs) == ("header_length", None)


def test_what_the_door_echoes_of_a_token_is_not_explained() -> None:
    token = jwt()
    request = bearer_request(RUNTIME_ARN, token, {})
    exchange = Exchange(RUNTIME_ARN, request, Reply(424, json.dumps({"message": f"got {token}"}), token))
    [found] = explaining(FakeTools(ADMITTED))._explained(LOCAL_ENDPOINTS, [exchange])
    assert "<token>" in found.line
    assert not any(part in found.line + json.dumps(found.document()) for part in token.split(".")[:2])


def test_a_wrong_verdict_is_explained_by_the_live_authorizer() -> None:
    tools = FakeTools(REFUSED)
    said = explaining(tools).outcomes([wrong(401)])
    assert said["other"].startswith("the door: client: saw client_id b, wants client_id one of a; fix: ")
    assert tools.asked == [(observed().spec.authorizer["customJWTAuthorizer"], "Bearer a.b.c")]


def test_a_call_that_no_rule_refuses_points_at_the_door() -> None:
    said = explaining(FakeTools(ADMITTED)).outcomes([wrong(200)])
    assert said["other"] == (
        "no rule of the live authorizer refuses this call; the agent answered 200; fix: `invoke drift` shows what is "
        "live and not as asked for, `make up` puts it right"
    )


def test_outcomes_without_an_answer_are_left_out_and_nobody_is_asked() -> None:
    tools = FakeTools(None)
    assert explaining(tools).outcomes([WRONG]) == {}
    assert tools.asked == []


def test_what_cannot_be_explained_stops_no_smoke_test() -> None:
    assert explaining(FakeTools(None)).outcomes([wrong(401)]) == {}


def shown(decision: Decision, status: int, *, json: bool = False) -> str:
    command = explaining(FakeTools(decision))
    [explanation] = command._explained(LOCAL_ENDPOINTS, [wrong(status).exchange])  # type: ignore[list-item]
    out = io.StringIO()
    proof = Proof(replace(command.steps, console=Console(command.steps.clock, out=out, err=io.StringIO())))
    proof.show_explanation(explanation, json=json)
    return out.getvalue()


def test_people_read_the_first_rule_its_remedy_and_every_rule() -> None:
    text = shown(REFUSED, 401)
    assert "live answer  401 by the door\npredicted    refused with 401; as predicted\nfirst rule   client\n" in text
    assert "  saw        client_id b\n  wants      client_id one of a\n  fix        " in text
    assert "  FAILED  client          client_id b  (wants client_id one of a)\n" in text


def test_machines_read_one_document() -> None:
    document = json.loads(shown(REFUSED, 401, json=True))
    assert document["schema_version"] == 1
    assert (document["first"]["rule"], document["status"], document["differs"]) == ("client", 401, None)


@pytest.mark.parametrize(("decision", "status"), [(REFUSED, 200), (ADMITTED, 401), (REFUSED, 403)])
def test_an_answer_against_the_rules_is_an_error(decision: Decision, status: int) -> None:
    with pytest.raises(WrongVerdicts, match="the answer differs: predicted") as raised:
        shown(decision, status)
    assert raised.value.code == "unpredicted"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "404 by routing (a routing failure: the door was not asked)"),
        (424, "424 by the agent (the agent's own answer: the door let the call in)"),
        (500, "500 by the agent (the agent's own answer: the door let the call in)"),
    ],
)
def test_routing_and_the_agent_are_told_from_the_door(status: int, words: str) -> None:
    [explanation] = explaining(FakeTools(ADMITTED))._explained(LOCAL_ENDPOINTS, [wrong(status).exchange])  # type: ignore[list-item]
    assert next(lines(explanation)) == f"live answer  {words}"


def test_the_local_record_is_read_across_its_files(tmp_path: Path) -> None:
    clock = FakeClock()
    cloud = LocalCloud(deployment(tmp_path, Target.LOCAL), {}, clock, lambda line: None)
    cloud.runtime_folder.mkdir(parents=True)
    line = (
        '{"event": "decision", "plane": "data", "ts": "2100-01-01T00:00:%02dZ", "decision": "deny", "reason": "%s"}\n'
    )
    (cloud.runtime_folder / "decisions.jsonl").write_text(line % (3, "c"))
    (cloud.runtime_folder / "decisions.jsonl.1").write_text(line % (1, "a") + line % (2, "b") + "cut of")
    found = explaining(FakeTools(None), cloud, tmp_path).log("10m")
    assert [entry.reason for entry in found] == ["a", "b", "c"]
