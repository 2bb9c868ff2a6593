import io
import json
import threading
import time

from mortgage.journal import Journal


def test_a_line_has_event_time_and_the_ids_of_its_call() -> None:
    out = io.StringIO()
    journal = Journal(out, clock=lambda: 0.5)
    journal.of_call("r-1", "s-1").note("invoked", canary=None)
    journal.note("invoked")
    first, second = [json.loads(line) for line in out.getvalue().splitlines()]
    assert first == {
        "event": "invoked",
        "canary": None,
        "time": "1970-01-01T00:00:00.500+00:00",
        "request": "r-1",
        "session": "s-1",
    }
    assert second == {"event": "invoked", "time": "1970-01-01T00:00:00.500+00:00"}


class Slow(io.StringIO):
    """Lets other threads in after each piece that is written."""

    def write(self, text: str) -> int:
        written = super().write(text[:1])
        time.sleep(0.001)
        return written + super().write(text[1:])


def test_lines_that_calls_write_at_once_stay_whole() -> None:
    journal = Journal(Slow())
    calls = [threading.Thread(target=journal.of_call(f"r-{n}", None).note, args=("invoked",)) for n in range(5)]
    for call in calls:
        call.start()
    for call in calls:
        call.join()
    assert isinstance(journal.out, Slow)
    lines = [json.loads(line) for line in journal.out.getvalue().splitlines()]
    assert {line["request"] for line in lines} == {f"r-{n}" for n in range(5)}


def test_whatever_a_session_is_called_it_stays_one_short_line() -> None:
    out = io.StringIO()
    Journal(out).of_call(None, '"\n{"event": "forged"}' * 100).note("invoked")
    (line,) = out.getvalue().splitlines()
    assert json.loads(line)["event"] == "invoked"
    assert len(line) < 1000


def test_a_pseudonym_is_the_same_within_a_process_and_another_in_the_next() -> None:
    one, other = Journal(io.StringIO()), Journal(io.StringIO())
    assert one.pseudonym("1234") == one.of_call("r", "s").pseudonym("1234")
    assert one.pseudonym("1234") != one.pseudonym("2222")
    assert one.pseudonym("1234") != other.pseudonym("1234")
    assert one.pseudonym("\ud800")


def test_the_key_is_not_shown() -> None:
    assert "hush" not in repr(Journal(io.StringIO(), key=b"hush"))
