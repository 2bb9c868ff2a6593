from __future__ import annotations

import json
from dataclasses import replace

import pytest

from orchestration.checks.cases import CASES, Case, Credential, Verdict
from orchestration.checks.run import Outcome, Reply, answer_text, judge, new_session_id, refusal_text, run_cases
from orchestration.errors import Unfit
from orchestration.tokens import TokenBroker
from tests.fakes.orchestration import FakeCaller, FakeClock, FakeIdentityProvider, answer, settings

PERSON = Case("person", "a person", Credential.USER, Verdict.ADMITTED, frozenset({200}))
NOBODY = Case("nobody", "nobody", Credential.NONE, Verdict.REFUSED, frozenset({401}), "missing authentication token")
GOOD = Reply(200, answer("742"))
MISSING = Reply(401, '{"message": "Missing Authentication Token"}')


def broker(provider: FakeIdentityProvider | None = None) -> TokenBroker:
    return TokenBroker(settings(), provider or FakeIdentityProvider(), lambda *args: "machine-token")


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


def test_the_answer_is_the_reason_to_show_for_the_admitted() -> None:
    assert judge(PERSON, GOOD)[1] == "742"


@pytest.mark.parametrize(
    "body",
    ["", "null", "[]", '"text"', "{", '{"result": []}', '{"result": {"content": []}}', '{"result": {"content": [1]}}']
    + ['{"result": {"content": [{"text": 7}]}}', '{"result": {"content": [{"text": null}]}}'],
    ids=repr,
)
def test_a_body_of_another_shape_is_no_answer(body: str) -> None:
    assert answer_text(body) == ""


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        pytest.param(Reply(401, '{"message": "no"}'), "no", id="message"),
        pytest.param(Reply(403, '{"Message": "no"}'), "no", id="capital-message"),
        pytest.param(Reply(403, '{"jsonrpc": "2.0", "error": {"message": "no"}}'), "no", id="json-rpc"),
        pytest.param(Reply(400, '{"error": "no"}'), "no", id="error-text"),
        pytest.param(Reply(403, '{"message": "no"}', "AccessDeniedException"), "AccessDeniedException no", id="type"),
        pytest.param(Reply(403, "", "AccessDenied:http://x"), "AccessDenied", id="type-with-uri"),
        pytest.param(Reply(500, "<html>"), "", id="no-json"),
        pytest.param(Reply(500, "[1]"), "", id="list"),
        pytest.param(Reply(500, '{"message": null}'), "", id="null"),
        pytest.param(Reply(401, json.dumps({"message": "x" * 900})), "x" * 300, id="long"),
    ],
)
def test_refusal_text(reply: Reply, text: str) -> None:
    assert refusal_text(reply) == text


def test_session_ids_are_long_enough_and_differ() -> None:
    ids = {new_session_id() for _ in range(50)}
    assert len(ids) == 50
    assert all(33 <= len(session_id) <= 256 for session_id in ids)


def test_cases_run_in_order_each_told_when_it_is_done_with_its_own_session() -> None:
    caller, told = FakeCaller(GOOD, MISSING), list[Outcome]()
    outcomes = run_cases([PERSON, NOBODY, PERSON], caller, broker(), FakeClock(), told.append)
    assert [outcome.case.id for outcome in outcomes] == ["person", "nobody", "person"]
    assert told == outcomes
    assert all(outcome.ok for outcome in outcomes)
    assert len({session_id for *_, session_id in caller.sent}) == 3


def test_sigv4_goes_the_signed_way() -> None:
    caller = FakeCaller(GOOD, Reply(403, '{"message": "Authorization method mismatch"}'))
    sigv4 = next(case for case in CASES if case.credential is Credential.SIGV4)
    [outcome] = run_cases([sigv4], caller, broker(), FakeClock(), lambda outcome: None)
    assert [way for way, *_ in caller.sent] == ["sigv4"]
    assert outcome.ok


def test_a_token_that_cannot_be_had_breaks_its_own_case_alone() -> None:
    refused = FakeIdentityProvider(pool_password="other")
    outcomes = run_cases(
        [PERSON, NOBODY], FakeCaller(GOOD, MISSING), broker(refused), FakeClock(), lambda outcome: None
    )
    assert [(o.verdict, o.status, o.ok) for o in outcomes] == [
        (Verdict.BROKEN, None, False),
        (Verdict.REFUSED, 401, True),
    ]
    assert outcomes[0].reason == "wrong password"


def test_no_data_plane_at_all_ends_the_run() -> None:
    class Silent(FakeCaller):
        def with_bearer(self, *args: object) -> Reply:
            raise Unfit("no answer", remedy="make up")

    with pytest.raises(Unfit):
        run_cases([NOBODY], Silent(GOOD, MISSING), broker(), FakeClock(), lambda outcome: None)


def test_the_time_covers_the_call_and_not_the_token() -> None:
    clock = FakeClock()

    class SlowProvider(FakeIdentityProvider):
        def secret(self, secret_arn: str) -> str:
            clock.sleep(5.0)
            return super().secret(secret_arn)

    class SlowCaller(FakeCaller):
        def with_bearer(self, *args: object) -> Reply:
            clock.sleep(0.25)
            return GOOD

    [outcome] = run_cases([PERSON], SlowCaller(GOOD, MISSING), broker(SlowProvider()), clock, lambda outcome: None)
    assert outcome.elapsed_ms == pytest.approx(250.0)


def test_no_token_is_part_of_an_outcome() -> None:
    tokens = broker()
    outcomes = run_cases(CASES, FakeCaller(GOOD, MISSING), tokens, FakeClock(), lambda outcome: None)
    assert tokens.user().access not in repr(outcomes)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_case_of_the_smoke_test_can_fail(case: Case) -> None:
    other = MISSING if case.verdict is Verdict.ADMITTED else GOOD
    assert not judge(case, other)[2]
    assert not judge(case, Reply(404, MISSING.body))[2]
    if case.verdict is Verdict.REFUSED:
        assert not judge(case, Reply(min(case.statuses), '{"message": "another reason"}'))[2]


def test_the_smoke_test_has_admitted_and_refused_callers_under_different_names() -> None:
    assert {case.verdict for case in CASES} == {Verdict.ADMITTED, Verdict.REFUSED}
    assert len({case.id for case in CASES}) == len(CASES)
    assert {case.credential for case in CASES} == set(Credential)
