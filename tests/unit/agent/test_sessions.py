import io
from typing import Any

import pytest
from mortgage.scripted_model import ScriptedModel
from mortgage.service import build_app
from mortgage.sessions import LIFETIME_S, NotYours, SessionOwners, TooMany
from starlette.testclient import TestClient

from tests.fakes import agent
from tests.fakes.agent import SESSION, desk, lines, post, text_of

CANARY = "0123456789abcdef" * 2


def bearer(**claims: Any) -> str:
    return agent.bearer(**{"sub": "ann", "client_id": None, **claims})


ANN, BOB = bearer(), bearer(sub="bob")


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_session_belongs_to_whom_it_began_with() -> None:
    owners = SessionOwners()
    owners.admit(SESSION, ANN)
    owners.admit(SESSION, bearer(jti="another token of hers", exp=7))
    with pytest.raises(NotYours):
        owners.admit(SESSION, BOB)
    owners.admit("t" * 36, BOB)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(bearer(iss="https://other"), id="same-name-at-another-issuer"),
        pytest.param(bearer(sub="Ann"), id="almost-the-same-name"),
        pytest.param(None, id="nobody"),
    ],
)
def test_who_is_not_the_same_is_another(other: str | None) -> None:
    owners = SessionOwners()
    owners.admit(SESSION, ANN)
    with pytest.raises(NotYours):
        owners.admit(SESSION, other)


def test_a_token_without_a_subject_is_its_clients() -> None:
    owners = SessionOwners()
    owners.admit(SESSION, bearer(sub=None, client_id="app"))
    with pytest.raises(NotYours):
        owners.admit(SESSION, bearer(sub=None, client_id="other-app"))


def test_signed_callers_share_their_sessions_and_nobody_elses() -> None:
    owners = SessionOwners()
    owners.admit(SESSION, None)
    owners.admit(SESSION, None)
    with pytest.raises(NotYours):
        owners.admit(SESSION, ANN)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer a.b",
        "Bearer a.!.c",
        "Bearer a.W10.c",
        bearer(iss=None),
        bearer(sub=7),
        bearer(sub=""),
        bearer().replace("Bearer", "Basic"),
        bearer().removeprefix("Bearer "),
        bearer().rpartition(".")[0],
        f"{bearer()}.more",
    ],
    ids=range(12),
)
def test_a_header_that_names_nobody_is_refused(header: str) -> None:
    with pytest.raises(NotYours):
        SessionOwners().admit(SESSION, header)


def test_without_a_session_nothing_is_remembered() -> None:
    owners = SessionOwners(limit=0)
    owners.admit(None, ANN)


def test_an_owner_is_forgotten_when_the_service_has_ended_the_session_for_sure() -> None:
    time = Time()
    owners = SessionOwners(time)
    owners.admit(SESSION, ANN)
    time.now = LIFETIME_S - 1
    with pytest.raises(NotYours):
        owners.admit(SESSION, BOB)
    time.now = LIFETIME_S
    owners.admit(SESSION, BOB)


def test_no_owner_is_forgotten_to_make_room() -> None:
    time = Time()
    owners = SessionOwners(time, limit=2)
    owners.admit("1" * 36, ANN)
    owners.admit("2" * 36, ANN)
    with pytest.raises(TooMany):
        owners.admit("3" * 36, BOB)
    with pytest.raises(NotYours):
        owners.admit("1" * 36, BOB)
    time.now = LIFETIME_S
    owners.admit("3" * 36, BOB)


def test_one_caller_cannot_take_the_room_of_all() -> None:
    time = Time()
    owners = SessionOwners(time, limit=10, limit_of_owner=2)
    for number in "12":
        owners.admit(number * 36, ANN)
    for _ in range(3):
        with pytest.raises(TooMany):
            owners.admit("3" * 36, ANN)
    owners.admit("1" * 36, ANN)
    owners.admit("3" * 36, BOB)
    time.now = LIFETIME_S
    owners.admit("4" * 36, ANN)
    owners.admit("5" * 36, ANN)
    with pytest.raises(TooMany):
        owners.admit("6" * 36, ANN)


def test_a_session_that_begins_anew_counts_once() -> None:
    time = Time()
    owners = SessionOwners(time, limit_of_owner=1)
    for _ in range(3):
        owners.admit(SESSION, ANN)
        time.now += LIFETIME_S


# -- in the service


@pytest.fixture
def _sockets(socket_enabled: None) -> None:
    """An event loop needs a socket pair."""


def ask(log: io.StringIO, *calls: tuple[str | None, object]) -> list[Any]:
    with TestClient(build_app(desk(ScriptedModel(), log))) as client:
        return [post(client, header, payload, SESSION) for header, payload in calls]


@pytest.mark.usefixtures("_sockets")
def test_another_caller_is_told_nothing_but_that_the_session_is_not_theirs() -> None:
    question = {"prompt": "what can you do?"}
    log = io.StringIO()
    first, second = ask(log, (ANN, question), (BOB, question))
    assert first.status_code == 200
    assert [line["code"] for line in lines(log, "refused")] == ["session_of_another"]
    assert second.status_code == 403
    assert second.json() == {"error": "this session belongs to another caller", "code": "session_of_another"}


@pytest.mark.usefixtures("_sockets")
def test_whoever_takes_over_a_forgotten_session_does_not_hear_what_was_said_in_it() -> None:
    time = Time()
    asked = desk(ScriptedModel(), io.StringIO(), owners=SessionOwners(time))  # its memory has a clock that runs on
    recall = {"prompt": "what did i just ask?"}
    with TestClient(build_app(asked)) as client:
        post(client, ANN, {"prompt": "what is escrow?"}, SESSION)
        time.now = LIFETIME_S
        later = post(client, BOB, recall, SESSION)
    assert "first question" in text_of(later)


@pytest.mark.usefixtures("_sockets")
def test_a_refused_payload_binds_no_session_and_is_not_looked_at_for_strangers() -> None:
    first, second, third = ask(io.StringIO(), (ANN, "no question"), (BOB, {"prompt": "hi"}), (ANN, "no question"))
    assert [reply.status_code for reply in (first, second, third)] == [400, 200, 403]


@pytest.mark.usefixtures("_sockets")
def test_every_call_that_arrives_leaves_its_canary_even_a_refused_one() -> None:
    log = io.StringIO()
    ask(log, (ANN, {"prompt": "hi", "canary": CANARY}), (BOB, {"prompt": "hi", "canary": CANARY[::-1]}))
    assert [line["canary"] for line in lines(log, "invoked")] == [CANARY, CANARY[::-1]]


@pytest.mark.usefixtures("_sockets")
@pytest.mark.parametrize("canary", ["secret", CANARY.upper(), CANARY + "\n", 7, [CANARY], None], ids=repr)
def test_nothing_else_of_a_payload_is_logged(canary: object) -> None:
    log = io.StringIO()
    ask(log, (ANN, {"prompt": "hi", "canary": canary}), (ANN, "secret"))
    assert [line["canary"] for line in lines(log, "invoked")] == [None, None]
    assert "secret" not in log.getvalue()
