from __future__ import annotations

import threading

import pytest

from orchestration.checks.cases import CASES
from orchestration.commands.abreast import side_by_side
from orchestration.commands.matrix import Choice
from orchestration.commands.proof import Foreign
from orchestration.errors import BadInput
from tests.fakes.orchestration import DISCOVERY_URL, RUNTIME_ARN


def test_nothing_chosen_is_everything() -> None:
    assert Choice().cases() == list(CASES)


def test_cases_are_chosen_by_id_tag_and_door() -> None:
    assert [case.id for case in Choice(ids=("person",)).cases()] == ["person"]
    assert {case.door.value for case in Choice(tags=("iam",)).cases()} == {"iam"}


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        pytest.param(Choice(ids=("person", "nobody-at-all")), "--case 'nobody-at-all'", id="case"),
        pytest.param(Choice(tags=("colour",)), "--tag 'colour'", id="tag"),
        pytest.param(Choice(parallel=0), "--parallel is 0", id="none-at-a-time"),
        pytest.param(Choice(parallel=33), "--parallel is 33", id="too-many"),
    ],
)
def test_what_is_not_known_is_named(choice: Choice, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        choice.cases()
    assert words in caught.value.message


def test_work_is_done_side_by_side_and_results_are_kept_apart() -> None:
    meeting = threading.Barrier(3, timeout=30)

    def work(item: int) -> int:
        meeting.wait()
        return item * 10

    assert side_by_side(work, [1, 2, 3]) == {1: 10, 2: 20, 3: 30}
    assert side_by_side(work, []) == {}


def test_a_failure_waits_for_the_others() -> None:
    done: list[int] = []

    def work(item: int) -> None:
        if item == 1:
            raise BadInput("no", remedy="none")
        done.append(item)

    with pytest.raises(BadInput):
        side_by_side(work, [1, 2, 3])
    assert sorted(done) == [2, 3]


@pytest.mark.parametrize(
    ("arn", "url", "client", "words"),
    [
        pytest.param("arn:aws:x", DISCOVERY_URL, "c", "--runtime-arn is 'arn:aws:x'", id="arn"),
        pytest.param(RUNTIME_ARN + "/x", DISCOVERY_URL, "c", "--runtime-arn is", id="arn-and-more"),
        pytest.param(RUNTIME_ARN, "", "c", "--discovery-url is ''", id="no-url"),
        pytest.param(RUNTIME_ARN, DISCOVERY_URL.replace("https", "http"), "c", "--discovery-url is", id="plain-http"),
        pytest.param(RUNTIME_ARN, DISCOVERY_URL, "", "--client is missing", id="no-client"),
    ],
)
def test_a_runtime_of_somebody_else_must_be_named_in_full(arn: str, url: str, client: str, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        Foreign(arn, url, client).checked()
    assert words in caught.value.message


def test_its_token_is_shown_nowhere() -> None:
    foreign = Foreign(RUNTIME_ARN, DISCOVERY_URL, "c", "the-token")
    assert foreign.checked() == (RUNTIME_ARN, DISCOVERY_URL, "c")
    assert "the-token" not in repr(foreign)
