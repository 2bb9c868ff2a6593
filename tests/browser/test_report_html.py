"""report.html in a real browser: it is styled, whole, silent and asks the network for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.evidence import write
from tests.browser.browser import Seen, look
from tests.fakes.evidence import admitted, case, inputs, skipped, wrong

pytestmark = pytest.mark.browser

GOOD = (26, 127, 75)
BAD = (180, 35, 24)
DARK_PAGE = (17, 21, 26)
HOSTILE = "<img src=http://evil.example/p.png><script>console.error('ran')</script><svg onload=console.error('ran')>"
CASES = [admitted(), *(case(f"refused-{n}") for n in range(40)), admitted("scoped", door="scope"), skipped()]


def report(folder: Path, *cases: dict[str, object]) -> Path:
    return write(folder / "evidence", inputs(*cases)) / "report.html"


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder = tmp_path_factory.mktemp("held")
    return look(report(folder, *CASES), folder)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder = tmp_path_factory.mktemp("broken")
    return look(report(folder, admitted(reason=HOSTILE), wrong(reason=HOSTILE, explanation=HOSTILE)), folder)


def test_every_case_is_a_row_of_the_table(held: Seen) -> None:
    assert held.dom.count("data-case=") == len(CASES)
    assert all(f'data-case="{row["id"]}"' in held.dom for row in CASES)


def test_nothing_is_asked_of_the_network_and_nothing_is_complained_of(held: Seen) -> None:
    assert (held.asked, held.console) == ([], [])


def test_a_hostile_answer_neither_runs_nor_fetches(broken: Seen) -> None:
    assert (broken.asked, broken.console) == ([], [])
    assert "&lt;img src=http://evil.example/p.png&gt;" in broken.dom


def test_the_picture_shows_whether_the_door_held(held: Seen, broken: Seen) -> None:
    good, bad = held.colours(), broken.colours()
    assert good[GOOD] > 1000 and good[BAD] == 0
    assert bad[BAD] > 1000


def test_the_page_follows_a_dark_screen(tmp_path: Path) -> None:
    seen = look(report(tmp_path, *CASES), tmp_path, "--blink-settings=preferredColorScheme=0")
    assert seen.colours()[DARK_PAGE] > 10_000


def test_a_page_that_fetches_or_complains_would_be_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        "<img src=http://evil.example/p.png><img src=http://127.0.0.1:8000/q.png><script>console.error('ran')</script>"
    )
    seen = look(page, tmp_path)
    assert any("evil.example" in line for line in seen.asked)
    assert any("127.0.0.1:8000" in line for line in seen.asked)
    assert any("ran" in line for line in seen.console)
