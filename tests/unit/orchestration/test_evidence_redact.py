"""Requests lose every value that could be sent again, and keep what an auditor asks for."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from orchestration.evidence.redact import redacted, redacted_url
from tests.fakes.evidence import TOKEN, request

LONG = f"{TOKEN}{'s' * 300}"


def credential(*values: str) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = redacted(request(headers=[["Authorization", value] for value in values]))[
        "authorization"
    ]
    return shown


def test_a_token_becomes_scheme_length_and_the_start_of_its_hash() -> None:
    prefix = hashlib.sha256(LONG.encode()).hexdigest()[:16]
    assert credential(f"Bearer {LONG}") == [{"scheme": "Bearer", "characters": len(LONG) + 7, "sha256_prefix": prefix}]


def test_two_authorization_headers_are_two() -> None:
    assert [shown["scheme"] for shown in credential(f"Bearer {LONG}", "Basic dTpw")] == ["Bearer", "Basic"]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("Basic " + "dXNlcjpwYXNzd29yZA" * 9, id="password"),
        pytest.param("Bearer garbage", id="a-word"),
        pytest.param(LONG, id="no-scheme"),
        pytest.param("", id="empty"),
    ],
)
def test_what_could_be_guessed_from_its_hash_is_not_hashed(value: str) -> None:
    [shown] = credential(value)
    assert shown["sha256_prefix"] is None


def test_a_token_sent_without_a_scheme_is_not_taken_for_one() -> None:
    [shown] = credential(LONG)
    assert shown["scheme"] is None


def test_no_header_value_is_kept() -> None:
    names = ["Authorization", "Cookie", "X-Amz-Security-Token", "X-Api-Key", "authorization"]
    text = json.dumps(redacted(request(headers=[[name, LONG] for name in names])))
    assert LONG[:12] not in text
    assert all(name in text for name in names)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h/runtimes/arn%3Aaws/invocations?qualifier=DEFAULT", None),
        ("https://h/p?X-Amz-Signature=0a0a&qualifier=X", "https://h/p?X-Amz-Signature=REDACTED&qualifier=X"),
        ("https://h/p?access_token=abc#id_token=def", "https://h/p?access_token=REDACTED"),
        ("https://user:pass@h:1/p", "https://h:1/p"),
        ("https://h/%2e%2e/runtimes/..%2f", None),
        ("http://[broken", "REDACTED"),
    ],
)
def test_urls_keep_their_path_and_lose_what_signs_them(url: str, shown: str | None) -> None:
    assert redacted_url(url) == (shown or url)


def test_an_oversized_url_is_cut_and_says_so() -> None:
    assert redacted_url(f"https://h/{'a' * 9000}").endswith("... (9010 characters)")
