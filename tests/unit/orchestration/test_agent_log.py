"""What agents wrote, as `invoke logs` shows it: from files that rotate here, from CloudWatch on AWS."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.stub import Stubber

from agentcore_local.output import LineLog
from agentcore_local.rotated import RotatedFile
from orchestration.aws import AccessKey, Clients, CloudWatchAgentLog
from orchestration.aws.agent_log import MOST_PAUSES
from orchestration.checks.agent_log import LogLine, stamped
from orchestration.checks.auth_log import MAX_DAYS
from orchestration.commands.logs import LINES, Logs, Stretch
from orchestration.console import Console
from orchestration.embedded.cloud import LocalCloud
from orchestration.errors import BadInput, OrchestrationError, Unfit
from orchestration.ledger import Ledger, LedgerFile, RuntimeRecord
from orchestration.settings import Target
from orchestration.steps import Steps, Tools
from tests.fakes.orchestration import LOCAL_ENDPOINTS, FakeClock, deployment

NOW = datetime.fromisoformat("2027-01-01T12:00:00Z").timestamp()
ARN = "arn:aws:bedrock-agentcore:us-east-1:000000000000:runtime"
MAIN, SCOPE = "mortgage_dev-Ab12Cd34Ef", "mortgage_dev_probe_scope-Ab12Cd34Ef"


class World:
    """One environment with a main runtime and a scope door, and what their agents print."""

    def __init__(self, root: Path, on_sleep: Callable[[float], None] = lambda _: None) -> None:
        self.deployment = deployment(root)
        self.clock, self.out, self.err = FakeClock(on_sleep), io.StringIO(), io.StringIO()
        self.clock.time = NOW
        self.cloud = LocalCloud(self.deployment, {}, self.clock, lambda _: None)
        self.steps = Steps(
            self.deployment, {}, cast(Tools, None), Console(self.clock, out=self.out, err=self.err), self.clock,
            self.cloud, None,
        )  # fmt: skip
        self.logs = Logs(self.steps)

    def launched(self) -> World:
        ledger = Ledger("local", "dev", "us-east-1").with_runtime(RuntimeRecord("mortgage_dev", MAIN, f"{ARN}/{MAIN}"))
        ledger = ledger.with_door(RuntimeRecord("mortgage_dev_probe_scope", SCOPE, f"{ARN}/{SCOPE}"))
        LedgerFile(self.deployment.ledger_path).save(ledger)
        return self

    def prints(self, moment: str, text: str, runtime: str = MAIN, version: str = "1", max_bytes: int = 10**6) -> None:
        path = self.cloud.runtime_folder / "agents" / runtime / version / "agent.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        log = LineLog(RotatedFile(path, max_bytes, 3), lambda: f"2027-01-01T{moment}.000Z")
        log.feed(text.encode())
        log.close()

    def shown(
        self,
        since: str = "10m",
        door: str = "main",
        *,
        lines: int | None = None,
        follow: bool = False,
        json: bool = False,
    ) -> list[str]:
        self.logs.show(Stretch(since, lines), door, follow=follow, json=json)
        return self.out.getvalue().splitlines()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path).launched()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        pytest.param("1970-01-01T00:01:00.500Z text", (60.5, "text"), id="stamped"),
        pytest.param("1970-01-01T00:01:00.500Z ", (60.5, ""), id="empty"),
        pytest.param("text", (None, "text"), id="older-than-stamps"),
        pytest.param("2027-99-01T00:01:00.500Z text", (None, "2027-99-01T00:01:00.500Z text"), id="no-time"),
    ],
)
def test_the_time_before_a_line_is_read(line: str, found: tuple[float | None, str]) -> None:
    assert stamped(line) == found


def test_a_line_steers_no_terminal_and_shows_no_token() -> None:
    line = LogLine(0.0, "main", "\x1b]0;mine\x07a\rb eyJhbGciOiJSUzI1NiJ9.ey\u200bJzdWIiOiIxIn0.c2ln end")
    assert line.shown(several=False) == "1970-01-01T00:00:00.000Z  ]0;minea b <token> end"
    assert line.document()["line"] == line.told(99) == "]0;minea b <token> end"


def test_lines_come_in_the_order_of_time_from_all_versions_since_the_moment(world: World) -> None:
    world.prints("11:49:59", "too old\n")
    world.prints("11:50:00", "one\n")
    world.prints("11:52:00", "three\n")
    world.prints("11:51:00", "two\n", version="2")
    assert world.shown("10m") == [
        "2027-01-01T11:50:00.000Z  one",
        "2027-01-01T11:51:00.000Z  two",
        "2027-01-01T11:52:00.000Z  three",
    ]


def test_what_was_rotated_away_is_read_too(world: World) -> None:
    for text in ("one\n", "two\n", "three\n"):
        world.prints("11:55:00", text, max_bytes=1)
    assert [line[-5:].strip() for line in world.shown()] == ["one", "two", "three"]


def test_without_a_wish_the_last_lines_are_shown_and_it_says_that_there_are_more(world: World) -> None:
    for number in range(LINES + 3):
        world.prints("11:55:00", f"{number}\n")
    assert [line.split()[-1] for line in world.shown(lines=LINES)] == [str(n) for n in range(3, LINES + 3)]
    assert f"the last {LINES} of {LINES + 3} lines" in world.err.getvalue()


@pytest.mark.parametrize(
    ("since", "lines", "all", "expected"),
    [
        pytest.param(None, None, False, Stretch("1d", LINES), id="nothing"),
        pytest.param("2h", None, False, Stretch("2h", None), id="since-alone-cuts-nothing"),
        pytest.param(None, "7", False, Stretch(f"{MAX_DAYS}d", 7), id="lines-alone-look-far-back"),
        pytest.param("2h", "7", False, Stretch("2h", 7), id="both"),
        pytest.param(None, None, True, Stretch(f"{MAX_DAYS}d", None), id="all"),
    ],
)
def test_flags_say_which_part_is_shown(since: str | None, lines: str | None, all: bool, expected: Stretch) -> None:
    assert Stretch.of(since, lines, all=all) == expected


@pytest.mark.parametrize("lines", ["0", "-1", "many", "٣", "9" * 40])
def test_a_number_of_lines_that_is_none_is_refused(lines: str) -> None:
    with pytest.raises(BadInput, match="--lines is"):
        Stretch.of(None, lines, all=False)
    with pytest.raises(BadInput, match="--all and"):
        Stretch.of(None, "7", all=True)


def test_all_doors_are_named_on_their_lines_and_one_is_not(world: World) -> None:
    world.prints("11:55:00", "mine\n")
    world.prints("11:56:00", "its\n", SCOPE)
    assert world.shown("10m", "all") == [
        "2027-01-01T11:55:00.000Z  main      mine",
        "2027-01-01T11:56:00.000Z  scope     its",
    ]
    world.out.truncate(0)
    assert "main" not in world.shown("10m", "scope")[-1]


def test_json_is_one_document_a_line(world: World) -> None:
    world.prints("11:55:00", "one\ntwo\n", version="3")
    assert [json.loads(line) for line in world.shown(json=True)] == [
        {"time": "2027-01-01T11:55:00.000Z", "door": "main", "version": "3", "line": text} for text in ("one", "two")
    ]


def test_an_empty_log_says_so_on_stderr(world: World) -> None:
    assert world.shown("30s") == []
    assert world.err.getvalue() == "no line in the last 30s\n"


def test_following_shows_each_new_line_once_until_ctrl_c(tmp_path: Path) -> None:
    later = iter(["two\n", "", "three\nfour\n"])

    def grows(_: float) -> None:
        text = next(later, None)
        if text is None:
            raise KeyboardInterrupt
        if text:
            following.prints("12:00:01", text, max_bytes=30)

    following = World(tmp_path, grows).launched()
    following.prints("11:59:59", "one\n")
    assert [line.split()[1] for line in following.shown("10m", follow=True)] == ["one", "two", "three", "four"]


def test_the_last_lines_of_the_own_agent_are_known_without_a_running_cloud(world: World) -> None:
    world.prints("10:00:00", "one\ntwo\nthree\n")
    assert [line.text for line in world.logs.last(2)] == ["two", "three"]


@pytest.mark.parametrize(
    ("door", "words"),
    [
        pytest.param("group", "invoke smoke-test", id="not-made-yet"),
        pytest.param("cellar", "use one of main, scope, all", id="unknown"),
        pytest.param("", "use one of main, scope, all", id="empty"),
    ],
)
def test_a_door_that_is_not_there_is_refused(world: World, door: str, words: str) -> None:
    with pytest.raises(BadInput) as raised:
        world.shown("10m", door)
    assert raised.value.code == "bad_door" and words in raised.value.remedy


def test_without_a_runtime_there_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(Unfit) as raised:
        World(tmp_path).shown("10m")
    assert (raised.value.code, raised.value.remedy) == ("not_launched", "make up")


def test_a_wrong_time_is_refused(world: World) -> None:
    with pytest.raises(BadInput, match="--since is 'yesterday'"):
        world.shown("yesterday")


# -- CloudWatch

GROUP = f"/aws/bedrock-agentcore/runtimes/{MAIN}-DEFAULT"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def watch(clock: FakeClock) -> Iterator[tuple[CloudWatchAgentLog, Stubber]]:
    clients = Clients("us-east-1", LOCAL_ENDPOINTS, AccessKey("AKIAEXAMPLE", "secret"))
    log = CloudWatchAgentLog(clients, "DEFAULT", {"main": MAIN}, 1000.0, clock)
    with Stubber(log._logs) as stub:
        yield log, stub
        stub.assert_no_pending_responses()


def page(*events: tuple[str, float, str], token: str | None = None) -> dict[str, Any]:
    listed = [{"eventId": name, "timestamp": int(at * 1000), "message": text} for name, at, text in events]
    return {"events": listed} | ({"nextToken": token} if token else {})


def asked(since: float, **more: str) -> dict[str, Any]:
    return {"logGroupName": GROUP, "startTime": int(since * 1000), **more}


def test_every_page_is_read_an_empty_one_too_and_late_lines_come_once(
    watch: tuple[CloudWatchAgentLog, Stubber],
) -> None:
    log, stub = watch
    stub.add_response("filter_log_events", page(("b", 1101.0, "two\n"), token="1"), asked(1000.0))
    stub.add_response("filter_log_events", page(token="2"), asked(1000.0, nextToken="1"))
    stub.add_response("filter_log_events", page(("a", 1100.0, "one")), asked(1000.0, nextToken="2"))
    assert log.new() == [LogLine(1100.0, "main", "one"), LogLine(1101.0, "main", "two")]
    late = page(("a", 1100.0, "one"), ("b", 1101.0, "two\n"), ("c", 1099.0, "late"))
    stub.add_response("filter_log_events", late, asked(1071.0))
    assert log.new() == [LogLine(1099.0, "main", "late")]


def test_throttling_is_waited_out_with_growing_pauses(
    watch: tuple[CloudWatchAgentLog, Stubber], clock: FakeClock
) -> None:
    log, stub = watch
    for _ in range(3):
        stub.add_client_error("filter_log_events", "ThrottlingException")
    stub.add_response("filter_log_events", page(("a", 1100.0, "one")), asked(1000.0))
    assert [line.text for line in log.new()] == ["one"]
    assert clock.slept == [1.0, 2.0, 4.0]


def test_throttling_without_end_ends_the_command(watch: tuple[CloudWatchAgentLog, Stubber]) -> None:
    log, stub = watch
    for _ in range(MOST_PAUSES + 1):
        stub.add_client_error("filter_log_events", "ThrottlingException")
    with pytest.raises(OrchestrationError, match="ThrottlingException"):
        log.new()


@pytest.mark.parametrize(
    ("code", "ends"),
    [
        pytest.param("ResourceNotFoundException", None, id="no-group-yet"),
        pytest.param("AccessDeniedException", "access_denied", id="not-allowed"),
    ],
)
def test_a_group_that_cannot_be_read(watch: tuple[CloudWatchAgentLog, Stubber], code: str, ends: str | None) -> None:
    log, stub = watch
    stub.add_client_error("filter_log_events", code, http_status_code=400)
    if ends is None:
        assert log.new() == []
        return
    with pytest.raises(Unfit) as raised:
        log.new()
    assert raised.value.code == ends


def test_on_aws_the_source_is_cloudwatch(tmp_path: Path) -> None:
    given: list[Any] = []

    class FakeTools:
        def agent_log(self, *wanted: Any) -> Any:
            given.extend(wanted)
            return self

        def new(self) -> list[LogLine]:
            return [LogLine(NOW - 1, "main", "from afar")]

        def close(self) -> None:
            given.append("closed")

    world = World(tmp_path)
    chosen = deployment(tmp_path, Target.AWS)
    ledger = Ledger("aws", "dev", "us-east-1").with_runtime(RuntimeRecord("mortgage_dev", MAIN, f"{ARN}/{MAIN}"))
    LedgerFile(chosen.ledger_path).save(ledger)
    steps = Steps(chosen, {}, cast(Tools, FakeTools()), world.steps.console, world.clock, None, LOCAL_ENDPOINTS)
    Logs(steps).show(Stretch("10m", None))
    assert given == [LOCAL_ENDPOINTS, {"main": MAIN}, NOW - 600, "closed"]
    assert world.out.getvalue().endswith("from afar\n")
