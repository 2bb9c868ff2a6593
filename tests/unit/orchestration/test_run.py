from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import pytest

from orchestration.checks.callers import Caller
from orchestration.checks.canary import behind
from orchestration.checks.case import Case, Door, Verdict
from orchestration.checks.cases import CASES
from orchestration.checks.draft import same, token_in_query, traced
from orchestration.checks.request import SESSION_HEADER, Reply, Request
from orchestration.checks.run import Outcome, Subject, document_of, run_cases, select
from orchestration.errors import NoAnswer, TokenRefused, Unfit
from tests.fakes.matrix import (
    GOOD,
    MISSING,
    NOBODY,
    PERSON,
    RIGHT,
    FakeDataPlane,
    FakeSource,
    authorization,
    canary_of,
    subject,
)
from tests.fakes.orchestration import RUNTIME_ARN, FakeClock, answer

CONTINUED = replace(PERSON, id="continued", opener=Caller.PERSON)
SCOPED = replace(PERSON, id="scoped", door=Door.SCOPE)


def run(cases: list[Case], at: Subject, *, parallel: int = 1, clock: FakeClock | None = None) -> list[Outcome]:
    return run_cases(cases, at, clock or FakeClock(), lambda outcome: None, parallel=parallel)


def only(case: Case, at: Subject) -> Outcome:
    [outcome] = run([case], at)
    return outcome


def session_of(request: Request) -> str:
    return dict(request.headers)[SESSION_HEADER]


@pytest.mark.parametrize("parallel", [1, 4])
def test_outcomes_are_in_the_order_of_the_cases_and_each_is_told(parallel: int) -> None:
    plane, told = FakeDataPlane(), list[Outcome]()
    cases = [PERSON, NOBODY, replace(PERSON, id="again")]
    outcomes = run_cases(cases, subject(plane), FakeClock(), told.append, parallel=parallel)
    assert [outcome.case.id for outcome in outcomes] == ["person", "no-token", "again"]
    assert {outcome.case.id for outcome in told} == {"person", "no-token", "again"}
    assert all(outcome.ok for outcome in outcomes)
    assert len({session_of(request) for request in plane.sent}) == 3


def test_calls_are_made_side_by_side() -> None:
    meeting = threading.Barrier(2, timeout=30)

    def answers(request: Request) -> Reply:
        meeting.wait()  # nobody gets past alone
        return GOOD

    outcomes = run([PERSON, replace(PERSON, id="again")], subject(FakeDataPlane(answers)), parallel=2)
    assert all(outcome.ok for outcome in outcomes)


# -- what reached the agent


def test_a_refused_call_that_reached_the_agent_is_wrong_whatever_its_status() -> None:
    plane = FakeDataPlane()
    leaky = FakeDataPlane(plane.answers)
    leaky.noted = _Everything()
    outcome = only(NOBODY, subject(leaky))
    assert (outcome.verdict, outcome.status, outcome.ok, outcome.reached) == (Verdict.REFUSED, 401, False, True)
    assert outcome.reason.startswith("refused, but the call reached the agent")


class _Everything(set[str]):
    """Everything that is asked for is there."""

    def intersection(self, *others: object) -> set[str]:
        return set(others[0])  # type: ignore[call-overload, no-any-return]


def test_an_answer_that_the_agent_never_saw_is_wrong() -> None:
    class Deaf(FakeDataPlane):
        def seen(self, *args: object) -> set[str]:
            return set()

    outcome = only(PERSON, subject(Deaf()))
    assert (outcome.verdict, outcome.ok, outcome.reached) == (Verdict.ADMITTED, False, False)


def test_the_log_is_looked_at_once_for_all_and_waited_for_those_that_must_be_there() -> None:
    plane = FakeDataPlane()
    outcomes = run([PERSON, NOBODY], subject(plane))
    [(sent, expected)] = plane.looks
    assert sent == {outcome.canary for outcome in outcomes}
    assert expected == {outcomes[0].canary}


@pytest.mark.parametrize("handed_on", [True, False], ids=["through", "not-through"])
def test_an_answer_counts_as_the_gateways_only_if_something_behind_the_gateway_tells_of_that_call(
    handed_on: bool,
) -> None:
    class Behind(FakeDataPlane):
        def seen(self, sent: Collection[str], expected: Collection[str]) -> set[str]:
            assert {behind(canary) for canary in self.noted} <= set(sent) & set(expected), "looked and waited for"
            return self.noted | {behind(canary) for canary in self.noted if handed_on}

    plane = Behind()
    outcome = only(replace(PERSON, through=True, change=traced(same)), subject(plane))
    assert (outcome.ok, outcome.reached) == (handed_on, True)
    assert ("no call through the gateway belongs to it" in outcome.reason) is not handed_on
    assert f"00-{outcome.canary}-" in dict(plane.sent[0].headers)["traceparent"]


class Silent(FakeDataPlane):
    """Its agent notes nothing."""

    def seen(self, sent: Collection[str], expected: Collection[str]) -> set[str]:
        super().seen(sent, expected)
        return set()


def test_silence_about_refused_calls_counts_only_where_a_good_call_is_heard() -> None:
    plane, silent = FakeDataPlane(), Silent()
    heard, unheard = only(NOBODY, subject(plane)), only(NOBODY, subject(silent))
    assert (heard.ok, heard.reached) == (True, False)
    assert (unheard.ok, unheard.reached, unheard.verdict) == (False, None, Verdict.REFUSED)
    assert unheard.reason == (
        "nothing proves that the call did not reach the agent (the agent did not note a good call at this door)"
    )
    [(_, expected)] = plane.looks
    assert expected == {canary_of(plane.sent[1])}, "the good call is waited for"


def test_refusals_of_a_door_that_refuses_a_good_call_too_prove_nothing() -> None:
    outcome = only(NOBODY, subject(FakeDataPlane(lambda request: MISSING)))
    assert (outcome.ok, outcome.reached) == (False, None)
    assert "a good call was answered 401" in outcome.reason


def test_where_no_good_caller_is_to_be_had_nothing_is_claimed_of_the_agent() -> None:
    missing = frozenset({Caller.PERSON, Caller.MACHINE})
    plane = FakeDataPlane()
    outcome = only(NOBODY, subject(plane, FakeSource(missing=missing)))
    assert (outcome.ok, outcome.reached, len(plane.sent)) == (True, None, 1)


def test_a_good_call_is_made_by_whom_the_door_lets_in() -> None:
    plane = FakeDataPlane()
    only(NOBODY, subject(plane, excluded={Caller.PERSON: "kept out by a rule"}))
    assert authorization(plane.sent[1]) == f"Bearer {subject(plane).kit.text(Caller.MACHINE)}"


# -- what an agent echoes


@pytest.mark.parametrize(
    "echo",
    [
        pytest.param(lambda token: token, id="whole"),
        pytest.param(lambda token: token.split(".")[2], id="signature"),
        pytest.param(lambda token: token.split(".")[2][:48], id="a-piece"),
        pytest.param(lambda token: f"x{token[30:60]}y", id="inside-a-word"),
        pytest.param(lambda token: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.", id="another-token"),
    ],
)
@pytest.mark.parametrize("status", [200, 401])
def test_what_an_agent_or_a_door_echoes_of_a_token_is_not_kept(echo: Callable[[str], str], status: int) -> None:
    def answers(request: Request) -> Reply:
        said = echo((authorization(request) or "").removeprefix("Bearer "))
        return Reply(200, answer(f"you sent {said}!")) if status == 200 else Reply(401, json.dumps({"message": said}))

    at = subject(FakeDataPlane(answers))
    outcome, token = only(PERSON, at), at.kit.text(Caller.PERSON)
    kept = outcome.reason + json.dumps(document_of(outcome))
    assert "<token>" in kept
    assert "eyJ" not in kept
    assert not any(token[i : i + 12] in kept for i in range(len(token) - 12))


def test_a_long_answer_is_cut() -> None:
    outcome = only(PERSON, subject(FakeDataPlane(lambda request: Reply(200, answer("word " * 10_000)))))
    assert len(outcome.reason) < 600


def test_where_nobody_can_tell_nothing_is_claimed() -> None:
    assert only(PERSON, subject(FakeDataPlane(), canaries=None)).reached is None


def test_a_call_that_the_agent_itself_refuses_must_have_reached_it() -> None:
    case = next(case for case in CASES if case.id == "session-of-another")
    refusal = Reply(424, '{"message": "Received error (403) from runtime."}', "RuntimeClientError")
    sessions: dict[str, str | None] = {}

    def answers(request: Request) -> Reply:
        owner = sessions.setdefault(session_of(request), authorization(request))
        return GOOD if owner == authorization(request) else refusal

    plane = FakeDataPlane(answers)
    outcome = only(case, subject(plane))
    assert (outcome.ok, outcome.verdict, outcome.reached) == (True, Verdict.REFUSED, True)
    assert [session_of(request) for request in plane.sent] == [session_of(plane.sent[0])] * 2
    assert [sent.method for sent in outcome.sent] == ["POST", "POST"]


# -- sessions


def test_a_session_is_opened_before_it_is_continued() -> None:
    plane = FakeDataPlane()
    outcome = only(CONTINUED, subject(plane))
    assert outcome.ok
    assert len(plane.sent) == 2
    assert session_of(plane.sent[0]) == session_of(plane.sent[1])


def test_a_session_that_cannot_be_opened_breaks_its_case() -> None:
    outcome = only(CONTINUED, subject(FakeDataPlane(lambda request: MISSING)))
    assert (outcome.verdict, outcome.ok) == (Verdict.BROKEN, False)
    assert "opens the session was answered 401" in outcome.reason


# -- skipped


@pytest.mark.parametrize(
    ("case", "changes", "words"),
    [
        pytest.param(SCOPED, {}, "there is no scope door here", id="no-door"),
        pytest.param(replace(NOBODY, only_locally="too much to send"), {"local": False}, "too much", id="not-on-aws"),
        pytest.param(PERSON, {"excluded": {Caller.PERSON: "kept out by a rule"}}, "kept out", id="meant-to-be-out"),
        pytest.param(
            CONTINUED, {"excluded": {Caller.PERSON: "kept out by a rule"}}, "kept out", id="opener-meant-to-be-out"
        ),
    ],
)
def test_a_case_that_makes_no_sense_here_is_skipped_and_never_passes(
    case: Case, changes: dict[str, Any], words: str
) -> None:
    plane = FakeDataPlane()
    outcome = only(case, subject(plane, **changes))
    assert words in (outcome.skipped or "")
    assert (outcome.ok, outcome.verdict, outcome.reached, plane.sent) == (False, None, None, [])


def test_a_caller_who_is_kept_out_can_still_be_refused() -> None:
    refused = replace(NOBODY, caller=Caller.PERSON)
    kept_out = {Caller.PERSON: "kept out by a rule", Caller.MACHINE: "kept out by a rule"}
    assert only(refused, subject(FakeDataPlane(lambda request: MISSING), excluded=kept_out)).ok


def test_locally_nothing_is_skipped_for_being_local() -> None:
    assert only(replace(NOBODY, only_locally="too much to send"), subject(FakeDataPlane())).skipped is None


def test_a_caller_that_is_not_to_be_had_is_skipped() -> None:
    outcome = only(PERSON, subject(FakeDataPlane(), FakeSource(missing=frozenset({Caller.PERSON}))))
    assert outcome.skipped == "no such caller"


# -- what can go wrong


def test_a_token_that_cannot_be_had_breaks_its_own_case_alone() -> None:
    class Refusing(FakeSource):
        def token(self, caller: Caller) -> str:
            raise TokenRefused("wrong password", remedy="none")

    outcomes = run([PERSON, NOBODY], subject(FakeDataPlane(), Refusing()))
    assert [(o.verdict, o.status, o.ok) for o in outcomes] == [
        (Verdict.BROKEN, None, False),
        (Verdict.REFUSED, 401, True),
    ]
    assert outcomes[0].reason == "wrong password"


def test_a_call_without_an_answer_breaks_its_own_case_alone() -> None:
    def answers(request: Request) -> Reply:
        if authorization(request):
            raise NoAnswer("ReadTimeout")
        return MISSING

    outcomes = run([PERSON, NOBODY], subject(FakeDataPlane(answers)))
    assert [(o.verdict, o.ok) for o in outcomes] == [(Verdict.BROKEN, False), (Verdict.REFUSED, True)]


@pytest.mark.parametrize("parallel", [1, 4])
def test_no_data_plane_at_all_ends_the_run(parallel: int) -> None:
    def answers(request: Request) -> Reply:
        raise Unfit("no answer", remedy="make up")

    with pytest.raises(Unfit):
        run([NOBODY, PERSON], subject(FakeDataPlane(answers)), parallel=parallel)


def test_the_time_covers_the_call_and_neither_the_token_nor_the_opening() -> None:
    clock = FakeClock()

    class Slow(FakeSource):
        def token(self, caller: Caller) -> str:
            clock.sleep(5.0)
            return super().token(caller)

    def answers(request: Request) -> Reply:
        clock.sleep(0.25)
        return GOOD

    [outcome] = run([CONTINUED], subject(FakeDataPlane(answers), Slow()), clock=clock)
    assert outcome.elapsed_ms == pytest.approx(250.0)


# -- what is kept and shown


def test_no_token_is_part_of_what_is_shown_of_an_outcome() -> None:
    plane = FakeDataPlane()
    at = subject(plane)
    outcomes = run([PERSON, replace(PERSON, id="query", change=token_in_query)], at)
    shown = repr(outcomes) + repr([document_of(outcome) for outcome in outcomes])
    assert at.kit.text(Caller.PERSON) not in shown
    assert at.kit.text(Caller.PERSON) not in "".join(sent.url for outcome in outcomes for sent in outcome.sent)


def test_the_exchange_is_kept_for_whoever_explains_it() -> None:
    exchange = only(NOBODY, subject(FakeDataPlane())).exchange
    assert exchange is not None
    assert (exchange.runtime_arn, exchange.reply) == (RUNTIME_ARN, MISSING)


def test_a_document_of_a_case_has_no_canary() -> None:
    outcome = replace(RIGHT, canary="c" * 32)
    assert "c" * 32 not in repr(document_of(outcome))


@pytest.mark.parametrize(
    ("ids", "tags", "found"),
    [
        pytest.param([], [], {case.id for case in CASES}, id="everything"),
        pytest.param(["person"], [], {"person"}, id="one"),
        pytest.param(["person"], ["session"], {"person"} | {c.id for c in CASES if "session" in c.tags}, id="or-a-tag"),
        pytest.param([], ["iam"], {case.id for case in CASES if case.door is Door.IAM}, id="a-door"),
        pytest.param(["nobody-of-that-name"], [], set(), id="none"),
    ],
)
def test_select(ids: list[str], tags: list[str], found: set[str]) -> None:
    assert {case.id for case in select(CASES, ids=ids, tags=tags)} == found


def test_what_only_our_own_agent_can_answer_is_not_asked_of_another() -> None:
    plane = FakeDataPlane()
    case = replace(PERSON, id="records", tags=frozenset({"agent"}))
    outcome = only(case, replace(subject(plane), foreign=True))
    assert (outcome.ok, outcome.verdict, outcome.skipped) == (False, None, "the agent there is not this project's")
    assert plane.sent == []
    assert only(case, subject(plane)).ok
