from typing import Any

from mortgage.memory import Bounds, Memory


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def said(memory: Memory, session: str | None = "s") -> list[Any]:
    return [block["text"] for message in memory.messages(session) for block in message["content"]]


def test_a_session_remembers_what_was_said_and_by_whom() -> None:
    memory = Memory()
    memory.keep("s", "question", "answer")
    assert [message["role"] for message in memory.messages("s")] == ["user", "assistant"]
    assert said(memory) == ["question", "answer"]


def test_sessions_do_not_know_of_each_other() -> None:
    memory = Memory()
    memory.keep("s", "question", "answer")
    assert said(memory, "t") == []


def test_without_a_session_nothing_is_kept() -> None:
    memory = Memory()
    memory.keep(None, "question", "answer")
    assert said(memory, None) == []
    assert len(memory) == 0


def test_the_oldest_turns_go_first() -> None:
    memory = Memory(Bounds(turns=2))
    for number in "123":
        memory.keep("s", f"q{number}", f"a{number}")
    assert said(memory) == ["q2", "a2", "q3", "a3"]


def test_bytes_are_bounded_as_they_are_encoded() -> None:
    memory = Memory(Bounds(bytes=20))
    memory.keep("s", "first", "one")
    memory.keep("s", "é" * 5, "é" * 5)
    assert said(memory) == ["é" * 5, "é" * 5]
    memory.keep("s", "é" * 11, "")
    assert said(memory) == []


def test_the_session_used_longest_ago_makes_room() -> None:
    memory = Memory(Bounds(sessions=2))
    for session in "aba":
        memory.keep(session, "q", "a")
    memory.keep("c", "q", "a")
    assert [said(memory, session) != [] for session in "abc"] == [True, False, True]


def test_an_idle_session_is_forgotten() -> None:
    time = Time()
    memory = Memory(Bounds(idle_s=10), time)
    memory.keep("s", "q", "a")
    time.now = 9.9
    assert said(memory) == ["q", "a"]
    time.now = 10
    assert said(memory) == []
    assert len(memory) == 0


def test_a_session_in_use_is_kept_longer() -> None:
    time = Time()
    memory = Memory(Bounds(idle_s=10), time)
    memory.keep("s", "q", "a")
    time.now = 8
    memory.keep("s", "r", "b")
    time.now = 17
    assert said(memory) == ["q", "a", "r", "b"]
