"""Many callers at once, briefly: no wrong verdict. `make load` does it for a minute and looks at memory as well."""

from pathlib import Path

from scripts.load import measure, runtime
from tests.contract.cloud import Emulator


def test_no_caller_gets_another_callers_verdict(emulator: Emulator, tmp_path: Path) -> None:
    with runtime(emulator, tmp_path) as (local, arn):
        report = measure(local, arn, seconds=5, connections=64, bad_percent=30, warm_up_s=0, settle_s=0)
    assert report["wrong_verdicts"] == 0, report["examples"]
    assert report["bad"] > 0
    assert report["by_kind"]["good"] > 0
