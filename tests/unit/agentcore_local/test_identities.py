import asyncio
import json
from typing import Any

import aiohttp
import pytest

from agentcore_local.callers import Claim
from agentcore_local.edge import Head
from agentcore_local.identities import Identities, forwarded
from agentcore_local.wire import Refused

SIGNED = ("content-type", "host", "x-amz-date")
CLAIM = Claim("AKIAUSER", False, SIGNED, "20261123T120000Z", "0" * 64)
ANNA = "arn:aws:iam::000000000000:user/anna"
HASH = "a" * 64


def head(path: bytes = b"/runtimes/", method: str = "POST", query: bytes = b"", **more: str) -> Head:
    headers = {"host": "127.0.0.1:1", "content-type": "application/json", "x-amz-date": CLAIM.stamp}
    headers |= {"authorization": "AWS4-HMAC-SHA256 x", "accept": "*/*"} | {
        k.replace("_", "-"): v for k, v in more.items()
    }
    return Head(method, path, query, tuple(headers.items()))


def test_the_emulator_sees_what_was_signed_and_no_body() -> None:
    headers = dict(forwarded(head(), CLAIM, HASH))
    assert headers == {
        "host": "127.0.0.1:1",
        "content-type": "application/json",
        "x-amz-date": CLAIM.stamp,
        "authorization": "AWS4-HMAC-SHA256 x",
        "x-amz-target": "AmazonSQS.ListQueueTags",
        "x-amz-content-sha256": HASH,
    }


@pytest.mark.parametrize(
    ("asked", "signed"),
    [
        (head(b"/_ministack/reset"), SIGNED),
        (head(b"/"), SIGNED),
        (head(b"/runtimes/\xff"), SIGNED),
        (head(method="OPTIONS"), SIGNED),
        (head(query=b"a=\xff"), SIGNED),
        (head(host="bucket.s3.amazonaws.com"), SIGNED),
        (head(host="127.0.0.1.evil.example"), SIGNED),
        (head(x_amz_target="AmazonSQS.DeleteQueue"), (*SIGNED, "x-amz-target")),
        (head(transfer_encoding="chunked"), (*SIGNED, "transfer-encoding")),
        (head(content_length="x"), (*SIGNED, "content-length")),
    ],
)
def test_what_the_emulator_could_misread_is_refused(asked: Head, signed: tuple[str, ...]) -> None:
    with pytest.raises(Refused) as e:
        forwarded(asked, Claim("AKIAUSER", False, signed, CLAIM.stamp, "0" * 64), HASH)
    assert e.value.row.status in (403, 404)


class Reply:
    """One answer of an emulator, as aiohttp gives it."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status, self.content, self._body = status, self, body

    async def read(self, limit: int) -> bytes:
        return self._body[:limit]

    async def __aenter__(self) -> "Reply":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


class Emulator:
    """Answers what it is told to; also the queue service."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self._answers, self.queues = list(answers), 0
        self.bodies: list[bytes] = []

    def request(self, method: str, url: Any, **options: Any) -> Reply:
        self.bodies.append(options["data"])
        status, answer = self._answers.pop(0)
        return Reply(status, answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    def create_queue(self, **_: Any) -> dict[str, str]:
        self.queues += 1
        return {"QueueUrl": "http://127.0.0.1/q"}


def ask(emulator: Emulator, asked: Head | None = None, claim: Claim = CLAIM) -> str:
    session: Any = emulator
    identities = Identities(session, "http://127.0.0.1:1", lambda: emulator, "us-east-1", "000000000000")
    return asyncio.run(identities.of(asked or head(), claim, HASH))


def denied(arn: str) -> tuple[int, dict[str, str]]:
    words = f"User: {arn} is not authorized to perform: sqs:listqueuetags on resource: q with an explicit deny"
    return 403, {"__type": "AccessDeniedException", "message": words}


ABSENT = (400, {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "absent"})


def test_a_refusal_of_the_queue_names_the_caller() -> None:
    assert ask(Emulator(denied(ANNA))) == ANNA


def test_a_lost_queue_is_made_again() -> None:
    emulator = Emulator(ABSENT, denied(ANNA))
    assert ask(emulator) == ANNA
    assert emulator.queues == 2


@pytest.mark.parametrize(
    "answers",
    [
        [ABSENT, ABSENT],
        [(200, {})] * 2,
        [(200, denied(ANNA)[1])] * 2,
        [(500, {"__type": "InternalError", "message": "x"})] * 2,
        [(403, b"<Error/>")],
        [(403, b"")],
        [(403, b"[]")] * 2,
        [(403, {"__type": 1, "message": 2})] * 2,
        [denied("arn:aws:iam::000000000000:root")],
        [denied("arn:aws:sts::000000000000:federated-user/anna")],
        [denied("arn:aws:iam::999999999999:user/anna")],
        [(403, {"__type": "X", "message": "I say: User: " + ANNA + " is not authorized to perform: sqs:x"})] * 2,
        [(403, {"__type": "SignatureDoesNotMatch", "message": "no"})],
        [(403, {"__type": "ExpiredToken", "message": "no"})],
        [(403, {"__type": "RequestTimeTooSkewed", "message": "no"})],
    ],
)
def test_any_other_answer_admits_nobody(answers: list[tuple[int, Any]]) -> None:
    with pytest.raises(Refused) as e:
        ask(Emulator(*answers))
    assert e.value.row.status == 403


def test_a_signed_length_stays_true() -> None:
    claim = Claim("AKIAUSER", False, (*SIGNED, "content-length"), CLAIM.stamp, "0" * 64)
    emulator = Emulator(denied(ANNA))
    assert ask(emulator, head(content_length="200"), claim) == ANNA
    assert len(emulator.bodies[0]) == 200
    with pytest.raises(Refused, match="could not be verified"):
        ask(Emulator(), head(content_length="2"), claim)


def test_a_long_signed_length_is_not_made_up() -> None:
    claim = Claim("AKIAUSER", False, (*SIGNED, "content-length"), CLAIM.stamp, "0" * 64)
    emulator = Emulator(denied(ANNA))
    with pytest.raises(Refused) as e:
        ask(emulator, head(content_length="100000000"), claim)
    assert e.value.log_reason == "signed_length_too_long"
    assert emulator.bodies == []


def test_a_body_other_than_declared_is_not_asked_about() -> None:
    with pytest.raises(Refused) as e:
        ask(Emulator(), head(x_amz_content_sha256="UNSIGNED-PAYLOAD"))
    assert e.value.slug == "bad_signature_v4"


class Gone:
    """An emulator that is not there; with or without its queue service."""

    def __init__(self, error: Exception, queues: bool) -> None:
        self._error, self._queues = error, queues

    def request(self, *_: Any, **__: Any) -> Reply:
        raise self._error

    def create_queue(self, **_: Any) -> dict[str, str]:
        if self._queues:
            return {"QueueUrl": "q"}
        raise self._error


@pytest.mark.parametrize("error", [aiohttp.ClientConnectionError(), TimeoutError(), OSError(), ValueError()])
@pytest.mark.parametrize("queues", [True, False])
def test_without_an_emulator_nobody_is_known(error: Exception, queues: bool) -> None:
    gone: Any = Gone(error, queues)
    with pytest.raises(Refused) as e:
        ask(gone)
    assert (e.value.slug, e.value.log_reason) == ("unproved_caller", "emulator_unreachable")


@pytest.mark.parametrize(
    ("answer", "confirmed"),
    [
        ((404, {"__type": "ResourceNotFoundException", "message": "no runtime"}), True),
        ((403, {"__type": "AccessDeniedException", "message": "no"}), False),
        ((200, {}), None),
        ((404, {"__type": "NoSuchBucket", "message": "x"}), None),
        ((404, b"<Error/>"), None),
        ((403, {"__type": "ExpiredTokenException", "message": "x"}), None),
        ((500, {"__type": "ResourceNotFoundException", "message": "x"}), None),
    ],
)
def test_only_a_clear_answer_confirms_a_session(answer: tuple[int, Any], confirmed: bool | None) -> None:
    session: Any = Emulator(answer)
    identities = Identities(session, "http://127.0.0.1:1", lambda: session, "us-east-1", "000000000000")
    call = identities.confirm(head(), CLAIM, HASH, "InvokeAgentRuntime")
    if confirmed is None:
        with pytest.raises(Refused):
            asyncio.run(call)
    else:
        assert asyncio.run(call) == confirmed
    assert session.bodies == [b""]
