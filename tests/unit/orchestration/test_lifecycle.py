from __future__ import annotations

import pytest

from orchestration.errors import LaunchFailed, Leftovers
from orchestration.runtime.lifecycle import FAILED, remove, require_mmds_v2, wait_ready
from orchestration.runtime.spec import ObservedRuntime
from tests.fakes.orchestration import RUNTIME_ID, FakeClock, FakeControl, observed, spec

MMDS_OFF = spec(require_mmds_v2=False)


class Waiting:
    """A control plane, a clock and the lines that were shown."""

    def __init__(self, control: FakeControl) -> None:
        self.control = control
        self.clock = FakeClock()
        self.notes: list[str] = []

    def ready(self, timeout_s: float = 60.0) -> ObservedRuntime:
        return wait_ready(self.control, RUNTIME_ID, self.clock, self.notes.append, timeout_s=timeout_s, poll_s=5.0)

    def mmds(self, runtime: ObservedRuntime) -> ObservedRuntime:
        return require_mmds_v2(self.control, runtime, spec(), self.clock, self.notes.append, timeout_s=60.0, poll_s=5.0)

    def removed(self, timeout_s: float = 60.0) -> None:
        remove(self.control, RUNTIME_ID, self.clock, self.notes.append, timeout_s=timeout_s, poll_s=5.0)


def test_ready_at_once_waits_for_nothing() -> None:
    waiting = Waiting(FakeControl(observed()))
    assert waiting.ready() == observed()
    assert waiting.clock.slept == []


def test_each_status_is_shown_once() -> None:
    waiting = Waiting(FakeControl(observed(), statuses=["CREATING", "CREATING", "UPDATING"]))
    assert waiting.ready().status == "READY"
    assert [line.split()[-1] for line in waiting.notes] == ["CREATING", "UPDATING", "READY"]
    assert waiting.clock.slept == [5.0, 5.0, 5.0]


@pytest.mark.parametrize("status", sorted(FAILED))
def test_a_failed_runtime_ends_the_wait_with_the_services_reason(status: str) -> None:
    waiting = Waiting(FakeControl(observed(failure_reason="no such module"), statuses=["CREATING", status]))
    with pytest.raises(LaunchFailed) as caught:
        waiting.ready()
    assert caught.value.message == f"runtime {RUNTIME_ID} is {status}: no such module"
    assert waiting.clock.slept == [5.0]


def test_a_runtime_that_vanishes_ends_the_wait() -> None:
    with pytest.raises(LaunchFailed, match="is gone"):
        Waiting(FakeControl(None)).ready()


def test_the_wait_ends_at_its_deadline_and_not_before() -> None:
    waiting = Waiting(FakeControl(observed(status="CREATING")))
    with pytest.raises(LaunchFailed) as caught:
        waiting.ready(timeout_s=20.0)
    assert caught.value.code == "launch_timed_out"
    assert sum(waiting.clock.slept) == 20.0


def test_a_runtime_that_becomes_ready_at_the_deadline_is_ready() -> None:
    waiting = Waiting(FakeControl(observed(), statuses=["CREATING"] * 4))
    assert waiting.ready(timeout_s=20.0).status == "READY"


def test_mmds_v2_that_is_on_is_left_alone() -> None:
    waiting = Waiting(FakeControl(observed()))
    waiting.mmds(observed())
    assert waiting.control.calls == []


def test_mmds_v2_is_turned_on_with_every_other_setting() -> None:
    waiting = Waiting(FakeControl(observed(MMDS_OFF), after_update=["UPDATING"]))
    assert waiting.mmds(observed(MMDS_OFF)).spec == spec()
    assert waiting.control.calls == [f"update {RUNTIME_ID}", f"get {RUNTIME_ID}", f"get {RUNTIME_ID}"]


def test_mmds_v2_that_stays_off_is_a_failure() -> None:
    waiting = Waiting(FakeControl(observed(MMDS_OFF), keeps_mmds_off=True))
    with pytest.raises(LaunchFailed, match="does not require MMDSv2"):
        waiting.mmds(observed(MMDS_OFF))


def test_removal_waits_until_the_runtime_is_gone() -> None:
    waiting = Waiting(FakeControl(observed(), gets_until_deleted=2))
    waiting.removed()
    assert waiting.control.calls.count(f"delete {RUNTIME_ID}") == 1
    assert waiting.control.live is None


def test_removal_waits_for_a_runtime_that_is_still_being_made() -> None:
    waiting = Waiting(FakeControl(observed(), statuses=["CREATING", "CREATING"]))
    waiting.removed()
    assert waiting.control.calls[:3] == [f"get {RUNTIME_ID}"] * 3


def test_removal_takes_named_endpoints_first() -> None:
    waiting = Waiting(FakeControl(observed(), endpoints={"legacy": "1"}))
    waiting.removed()
    deletions = [call for call in waiting.control.calls if call.startswith("delete")]
    assert deletions == ["delete_endpoint legacy", f"delete {RUNTIME_ID}"]


def test_a_runtime_that_stays_is_a_leftover() -> None:
    waiting = Waiting(FakeControl(observed(status="DELETING"), gets_until_deleted=1000))
    with pytest.raises(Leftovers) as caught:
        waiting.removed(timeout_s=20.0)
    assert caught.value.exit_code == 4
    assert "is still DELETING after 20 s" in caught.value.message
    assert sum(waiting.clock.slept) == 20.0
