import pytest

from agentcore_local.identity.workload import LIFETIME_S, SAME_S, WorkloadTokens


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_token_stands_for_its_runtime_until_it_ends() -> None:
    clock = Clock()
    tokens = WorkloadTokens(clock)
    token = tokens.mint("agent-0123456789")
    assert tokens.runtime(token) == "agent-0123456789"
    assert token != tokens.mint("agent-0123456789")
    assert "agent" not in token
    clock.now += LIFETIME_S
    assert tokens.runtime(token) is None


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:-4], lambda t: "A" + t[1:] if t[0] != "A" else "B" + t[1:], lambda t: ""]
)
def test_a_token_that_was_touched_is_none(spoil: object) -> None:
    tokens = WorkloadTokens(Clock())
    assert tokens.runtime(spoil(tokens.mint("a"))) is None  # type: ignore[operator]


@pytest.mark.parametrize("text", ["", "x", "é", "A" * 10_000, "=", "AAAA"])
def test_anything_else_is_none(text: str) -> None:
    assert WorkloadTokens(Clock()).runtime(text) is None


def test_another_process_knows_no_token_of_this_one() -> None:
    assert WorkloadTokens(Clock()).runtime(WorkloadTokens(Clock()).mint("a")) is None


def test_calls_of_a_runtime_are_handed_one_token_for_a_while() -> None:
    clock = Clock()
    tokens = WorkloadTokens(clock)

    def handed(runtime: str = "agent-0123456789") -> str:
        [(_, token)] = tokens.headers(runtime)
        return token

    first = handed()
    assert tokens.runtime(handed("other-0123456789")) == "other-0123456789"
    clock.now += SAME_S - 0.1
    assert handed() == first
    clock.now += 0.1
    second = handed()
    assert second != first
    assert (tokens.runtime(first), tokens.runtime(second)) == ("agent-0123456789", "agent-0123456789")
