from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.errors import BadInput
from orchestration.runtime.requirements import check_requirements

OWN = Path(__file__).resolve().parents[3] / "agent/requirements.txt"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(OWN.read_bytes(), id="ours"),
        pytest.param(b"", id="none"),
        pytest.param(b"# a note\n\nhttpx==0.28.1  # why\n", id="notes"),
        pytest.param(b"a==1 \\\n    --hash=sha256:00\nb[x]>=2; python_version > '3'\r\n", id="hashes-and-markers"),
        pytest.param(b"--only-binary :all:\n-c limits.txt\n", id="options"),
        pytest.param(b"ours @ https://example.com/ours.whl", id="from-a-url"),
    ],
)
def test_lists_as_pip_takes_them_are_left_alone(content: bytes) -> None:
    check_requirements("agent/requirements.txt", content)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"\xff\xfeh\0", "no UTF-8 at byte 0", id="other-encoding"),
        pytest.param(b"httpx\n=== no ==", "'=== no ==' as its entry 2", id="no-name"),
        pytest.param(b"boto\x003==1", r"'boto\\x003==1'", id="nul"),
        pytest.param("bоto3==1".encode(), "'bоto3==1'", id="look-alike-letter"),
        pytest.param(b"httpx=0.28.1", "'httpx=0.28.1'", id="one-equals-sign"),
        pytest.param(b"x" * 500 + b"!", "'" + "x" * 80 + "'", id="long"),
    ],
)
def test_what_is_no_requirement_is_told_with_its_place(content: bytes, told: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_requirements("agent/requirements.txt", content)
    assert told.replace("\\\\", "\\") in caught.value.message
    assert caught.value.code == "bad_requirements"
