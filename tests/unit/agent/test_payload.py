from typing import Any

import pytest
from mortgage.payload import MAX_PROMPT_CHARACTERS, BadPayload, Question, parse_payload


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        pytest.param({"prompt": "hi"}, Question("hi"), id="plain"),
        pytest.param({"prompt": "hi", "stream": True}, Question("hi", stream=True), id="stream"),
        pytest.param({"prompt": "hi", "stream": False}, Question("hi", stream=False), id="no-stream"),
        pytest.param({"prompt": "hi", "canary": "0f" * 16}, Question("hi"), id="canary"),
        pytest.param({"prompt": "नमस्ते 🏠"}, Question("नमस्ते 🏠"), id="unicode"),
        pytest.param({"prompt": "a" * MAX_PROMPT_CHARACTERS}, Question("a" * MAX_PROMPT_CHARACTERS), id="longest"),
    ],
)
def test_a_question_is_read(payload: Any, expected: Question) -> None:
    assert parse_payload(payload) == expected


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        pytest.param(None, "the body is null", id="null"),
        pytest.param(["prompt"], "the body is an array", id="array"),
        pytest.param("hi", "the body is a string", id="string"),
        pytest.param(7, "the body is a number", id="number"),
        pytest.param(True, "the body is a boolean", id="boolean"),
        pytest.param({}, "prompt is missing", id="empty-object"),
        pytest.param({"Prompt": "hi"}, "prompt is missing", id="other-case"),
        pytest.param({"prompt": None}, "prompt is null", id="prompt-null"),
        pytest.param({"prompt": 1.5}, "prompt is a number", id="prompt-number"),
        pytest.param({"prompt": ["hi"]}, "prompt is an array", id="prompt-array"),
        pytest.param({"prompt": {"text": "hi"}}, "prompt is an object", id="prompt-object"),
        pytest.param({"prompt": " \n\t"}, "prompt is blank", id="prompt-blank"),
        pytest.param({"prompt": "a" * (MAX_PROMPT_CHARACTERS + 1)}, "at most 16000", id="one-too-long"),
        pytest.param({"prompt": "x\ud800"}, "unpaired surrogate", id="surrogate"),
        pytest.param({"prompt": "hi\0there"}, "holds a NUL", id="nul"),
        pytest.param({"prompt": "hi", "strеam": True}, r"1 unknown member\(s\)", id="look-alike-letter-in-a-name"),
        pytest.param({"prompt": "hi", "canary": "а" * 32}, "canary is not 32 hexadecimal", id="look-alike-digits"),
        pytest.param({"prompt": "hi", "canary": "٣" * 32}, "canary is not 32 hexadecimal", id="other-digits"),
        pytest.param({"prompt": "hi", "stream": "yes"}, "stream is a string", id="stream-string"),
        pytest.param({"prompt": "hi", "secret": 1}, r"1 unknown member\(s\); use prompt, stream, canary", id="unknown"),
        pytest.param({"prompt": "hi", "canary": "0F" * 16}, "canary is not 32 hexadecimal", id="canary-in-capitals"),
        pytest.param({"prompt": "hi", "canary": None}, "canary is not 32 hexadecimal", id="canary-null"),
        pytest.param({"prompt": "hi", "stream": None}, "stream is null", id="stream-null"),
    ],
)
def test_anything_else_is_refused_by_name(payload: Any, fault: str) -> None:
    with pytest.raises(BadPayload, match=fault):
        parse_payload(payload)
