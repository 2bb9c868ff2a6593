from __future__ import annotations

import io
import threading
from collections.abc import Callable

import pytest

from orchestration.checks.cases import CASES
from orchestration.checks.given import read_token
from orchestration.commands.abreast import side_by_side
from orchestration.commands.matrix import Choice
from orchestration.commands.proof import Foreign
from orchestration.errors import BadInput
from tests.fakes.orchestration import DISCOVERY_URL, RUNTIME_ARN, jwt


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


def line(text: str) -> Callable[[int], str]:
    """A readline of standard input."""
    return lambda size: text[:size]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        pytest.param(("", DISCOVERY_URL, "abc", None), "--runtime-arn is ''", id="empty-arn"),
        pytest.param((None, DISCOVERY_URL, None, None), "--discovery-url is only for", id="url-without-arn"),
        pytest.param((None, "", None, None), "--discovery-url is only for", id="empty-url-without-arn"),
        pytest.param((None, None, "abc", None), "--client is only for", id="client-without-arn"),
        pytest.param((None, None, None, line("t")), "--token-stdin is only for", id="token-without-arn"),
        pytest.param((RUNTIME_ARN, DISCOVERY_URL, "", None), "--client is missing", id="empty-client"),
        pytest.param((RUNTIME_ARN, DISCOVERY_URL, "abc", line("")), "no token on stdin", id="empty-token"),
        pytest.param((RUNTIME_ARN, DISCOVERY_URL, "abc", line("a.b.c")), "no signed JWT", id="garbage"),
        pytest.param((RUNTIME_ARN, DISCOVERY_URL, "abc", line("e30.e30.")), "no signed JWT", id="unsigned"),
        pytest.param((RUNTIME_ARN, DISCOVERY_URL, "abc", line("W10.e30.c2ln")), "no signed JWT", id="no-object"),
    ],
)
def test_flags_of_a_foreign_runtime_that_name_nothing_are_no_test_of_our_own(
    flags: tuple[str | None, str | None, str | None, Callable[[int], str] | None], words: str
) -> None:
    with pytest.raises(BadInput) as caught:
        Foreign.of(*flags)
    assert words in caught.value.message


def test_no_such_flag_means_the_deployments_own() -> None:
    assert Foreign.of(None, None, None, None) is None


def test_a_good_token_is_taken_from_stdin() -> None:
    foreign = Foreign.of(RUNTIME_ARN, DISCOVERY_URL, "abc", line(f" {jwt()}\n"))
    assert foreign == Foreign(RUNTIME_ARN, DISCOVERY_URL, "abc", jwt())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("\n", "no token on stdin", id="empty"),
        pytest.param("x" * 40_000, "longer than", id="huge"),
        pytest.param("x" * 10_000_000, "longer than", id="read-without-end"),
        pytest.param("Bearer a.b.c", "begins with the word Bearer", id="scheme"),
        pytest.param('"a.b.c"', "in quotes", id="quotes"),
        pytest.param("a.b.c d.e.f", "blanks within", id="two"),
        pytest.param("a.b.\u20ac", "other characters", id="not-ascii"),
        pytest.param("a.b.\x1b[2J", "other characters", id="escape"),
        pytest.param("a.\ud800.c", "other characters", id="half-a-character"),
    ],
)
def test_what_is_no_token_is_named_and_never_repeated(text: str, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_token(line(text))
    assert words in caught.value.message
    assert caught.value.code == "bad_token"


def test_bytes_that_are_no_text_are_no_token() -> None:
    stdin = io.TextIOWrapper(io.BytesIO(b"a.\xff.c\n"), encoding="utf-8")
    with pytest.raises(BadInput, match="other characters"):
        read_token(stdin.readline)


@pytest.mark.parametrize("parallel", ["abc", "", "-1", "4.5", "\u0664", "100"])
def test_another_number_of_calls_at_a_time_is_one_line(parallel: str) -> None:
    with pytest.raises(BadInput, match="--parallel is"):
        Choice.of((), (), parallel)


def test_the_flags_make_a_choice() -> None:
    assert Choice.of(["person"], ["iam"], "8") == Choice(("person",), ("iam",), 8)
