from __future__ import annotations

from dataclasses import replace

import pytest

from orchestration.checks.case import Case, Door, Family, Verdict, judge
from orchestration.checks.cases import CASES
from orchestration.checks.request import Reply
from tests.fakes.matrix import GOOD, MISSING, NOBODY, PERSON
from tests.fakes.orchestration import answer


@pytest.mark.parametrize(
    ("case", "reply", "verdict", "ok"),
    [
        pytest.param(PERSON, GOOD, Verdict.ADMITTED, True, id="admitted"),
        pytest.param(NOBODY, MISSING, Verdict.REFUSED, True, id="refused"),
        pytest.param(PERSON, MISSING, Verdict.REFUSED, False, id="refused-who-should-be-admitted"),
        pytest.param(NOBODY, GOOD, Verdict.ADMITTED, False, id="admitted-who-should-be-refused"),
        pytest.param(NOBODY, replace(MISSING, status=403), Verdict.REFUSED, False, id="wrong-status"),
        pytest.param(NOBODY, Reply(401, '{"message": "Forbidden"}'), Verdict.REFUSED, False, id="wrong-words"),
        pytest.param(NOBODY, Reply(401, ""), Verdict.REFUSED, False, id="no-words"),
        pytest.param(PERSON, replace(GOOD, status=201), Verdict.BROKEN, False, id="201"),
        pytest.param(PERSON, Reply(200, ""), Verdict.BROKEN, False, id="200-without-body"),
        pytest.param(PERSON, Reply(200, answer("")), Verdict.BROKEN, False, id="200-with-an-empty-answer"),
        pytest.param(PERSON, Reply(200, '{"result": {}}'), Verdict.BROKEN, False, id="200-without-answer"),
        pytest.param(NOBODY, Reply(200, "<html>"), Verdict.BROKEN, False, id="200-that-is-no-json"),
        *[
            pytest.param(case, Reply(status, MISSING.body), Verdict.BROKEN, False, id=f"{status}-for-{case.id}")
            for status in (400, 404, 424, 429, 500, 502, 504)
            for case in (PERSON, NOBODY)
        ],
    ],
)
def test_judge(case: Case, reply: Reply, verdict: Verdict, ok: bool) -> None:
    got, reason, as_expected = judge(case, reply)
    assert (got, as_expected) == (verdict, ok)
    assert ok or reason


def test_a_wrong_status_is_named_beside_the_right_ones() -> None:
    assert judge(NOBODY, replace(MISSING, status=403))[1].startswith("HTTP 403 instead of [401]")


def test_words_are_compared_without_regard_to_case() -> None:
    assert judge(NOBODY, Reply(401, '{"message": "MISSING AUTHENTICATION TOKEN"}'))[2]


def test_words_may_be_in_the_kind_of_error_alone() -> None:
    assert judge(NOBODY, Reply(401, "", "Missing authentication token"))[2]


def test_the_answer_is_the_reason_to_show_for_the_admitted() -> None:
    assert judge(PERSON, replace(GOOD, body=answer("742")))[1] == "742"


def test_whatever_the_agent_of_somebody_else_answers_is_an_answer() -> None:
    assert judge(PERSON, Reply(200, "<html>"), any_answer=True)[2]
    assert not judge(PERSON, Reply(403, "<html>"), any_answer=True)[2]
    assert not judge(NOBODY, Reply(200, "<html>"), any_answer=True)[2]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_case_can_fail(case: Case) -> None:
    other = MISSING if case.verdict is Verdict.ADMITTED else GOOD
    assert not judge(case, other)[2]
    assert not judge(case, Reply(500, MISSING.body))[2]
    if case.family.words:
        assert not judge(case, Reply(min(case.family.statuses), '{"message": "another reason"}'))[2]


def test_the_matrix_is_as_large_as_it_promises_to_be() -> None:
    assert len({case.id for case in CASES}) == len(CASES)
    assert sum(case.verdict is Verdict.ADMITTED for case in CASES) >= 10
    assert sum(case.verdict is Verdict.REFUSED for case in CASES) >= 38


def test_every_door_lets_somebody_in_and_keeps_somebody_out() -> None:
    for verdict in (Verdict.ADMITTED, Verdict.REFUSED):
        assert {case.door for case in CASES if case.verdict is verdict} == set(Door)


def test_every_refusal_has_a_cause_and_only_the_agents_own_reaches_it() -> None:
    refused = [case for case in CASES if case.verdict is Verdict.REFUSED]
    assert [case.id for case in refused if not case.cause] == []
    assert {case.cause for case in refused if case.reached} == {"session_owner"}
    unheard = [case.id for case in CASES if case.verdict is Verdict.ADMITTED and not case.reached]
    assert unheard == ["gateway-tools"], "a list of tools calls no function"


def test_an_answer_with_the_wrong_words_is_wrong_though_it_was_admitted() -> None:
    own = replace(PERSON, family=Family(frozenset({200}), r"\b742\b"))
    assert judge(own, replace(GOOD, body=answer("The score is 742.")))[2]
    assert judge(own, replace(GOOD, body=answer("The score is 7421."))) == (
        Verdict.ADMITTED,
        "admitted, but not with the expected words: The score is 7421.",
        False,
    )
