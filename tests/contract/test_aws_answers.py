"""The doors answer as it was expected of AWS, and as AWS did where somebody asked it (scripts/first-run-on-aws)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from scripts.answers import ASKS, collect
from tests.contract.cloud import Local, People
from tests.contract.deployed import Deployed

Answers = dict[str, dict[str, Any]]

DOCUMENT: dict[str, Any] = json.loads(Path(__file__).with_name("aws_answers.json").read_text())
EXPECTED: Answers = DOCUMENT["expected"]
# What callers act on; words and further headers of AWS's may be others.
COMPARED = ("status", "error_type", "family")


def differences(
    expected: dict[str, dict[str, Any]], aws: dict[str, dict[str, Any]], known: list[str]
) -> dict[str, Any]:
    """{request: {member: (expected, AWS's)}} of those that nobody has put down as known."""
    found = {
        name: {m: (expected[name][m], told[m]) for m in COMPARED if expected[name][m] != told[m]}
        for name, told in aws.items()
    }
    return {name: members for name, members in found.items() if members and name not in known}


def test_the_runtimes_door_answers_as_expected(local: Local, create: Callable[..., Deployed], people: People) -> None:
    door = create(authorizerConfiguration=people.authorizer())
    url = f"{local.data_url}/runtimes/{door.arn.replace(':', '%3A').replace('/', '%2F')}/invocations"
    token = people.tokens(people.client_id)["AccessToken"]
    with httpx.Client(trust_env=False, timeout=30) as http:
        told = {name: one.document() for name, one in collect(http, {"runtime": url}, token).items()}
    assert told == {name: EXPECTED[name] for name in told}


def test_every_request_has_an_expected_answer() -> None:
    assert set(EXPECTED) == {ask.name for ask in ASKS}


def test_awss_answers_are_the_expected_ones_where_it_was_asked() -> None:
    aws = DOCUMENT["aws"] or {"answers": {}}
    assert differences(EXPECTED, aws["answers"], DOCUMENT["known_differences"]) == {}


@pytest.mark.parametrize(("known", "count"), [([], 1), (["no-token"], 0)])
def test_another_answer_of_awss_is_told_unless_it_is_known(known: list[str], count: int) -> None:
    aws = {"no-token": EXPECTED["no-token"] | {"status": 403}, "bad-signature": EXPECTED["bad-signature"]}
    assert len(differences(EXPECTED, aws, known)) == count
