from __future__ import annotations

import json

import pytest

from orchestration.checks.request import (
    Reply,
    Request,
    answer_text,
    bearer_request,
    invocation_target,
    new_session_id,
    refusal_text,
)
from tests.fakes.orchestration import RUNTIME_ARN, answer


@pytest.mark.parametrize(
    "body",
    ["", "null", "[]", '"text"', "{", '{"result": []}', '{"result": {"content": []}}', '{"result": {"content": [1]}}']
    + ['{"result": {"content": [{"text": 7}]}}', '{"result": {"content": [{"text": null}]}}', "data: {}", "data: "],
    ids=repr,
)
def test_a_body_of_another_shape_is_no_answer(body: str) -> None:
    assert answer_text(body) == ""


def test_the_answer_of_a_stream_is_its_last_event() -> None:
    stream = f'data: {{"text": "7"}}\n\ndata: {{"text": "42"}}\n\ndata: {answer("742")}\n\n'
    assert answer_text(stream) == "742"
    assert answer_text(stream + 'data: {"error": "internal error"}\n\n') == ""


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


def test_the_arn_is_one_segment_of_the_path() -> None:
    assert invocation_target(RUNTIME_ARN) == (
        "/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A000000000000%3Aruntime%2Fmortgage_dev-Ab12Cd34Ef"
        "/invocations?qualifier=DEFAULT"
    )


def test_a_call_with_a_token_is_a_json_post_in_a_session_of_its_own() -> None:
    one, two = (bearer_request(RUNTIME_ARN, "the-token", {"prompt": "hi"}) for _ in range(2))
    assert (one.method, one.body) == ("POST", b'{"prompt": "hi"}')
    assert ("Authorization", "Bearer the-token") in one.headers
    assert dict(one.headers)["Content-Type"] == "application/json"
    assert one.headers != two.headers


def test_what_a_request_is_shown_as_holds_no_token() -> None:
    assert "the-token" not in repr(bearer_request(RUNTIME_ARN, "the-token", {}))
    assert repr(Request("POST", "/?access_token=the-token", (), b"")) == "Request(POST, 0 headers, 0 bytes)"
