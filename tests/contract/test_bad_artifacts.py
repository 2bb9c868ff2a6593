"""Archives that would do harm or are none: the runtime fails with a reason, nothing is unpacked, the next one works."""

import io
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.agents import archive
from tests.contract.cloud import Local, People
from tests.contract.deployed import Deployed

LEAVES, LINK, TWICE = "a file name that leaves its folder", "a link or a special file", "one file twice"
MORE, NO_ZIP, NO_ENTRY = "more files of its own", "not a readable zip archive", "entrypoint could not be found"


def with_name(name: str) -> bytes:
    return archive(**{name: "x"})


def with_entry(info: zipfile.ZipInfo, content: str = "/etc/passwd") -> bytes:
    buffer = io.BytesIO(archive())
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as z:
        z.writestr(info, content)
    return buffer.getvalue()


def special(kind: int) -> bytes:
    info = zipfile.ZipInfo("link")
    info.external_attr = (kind | 0o777) << 16
    return with_entry(info)


def bomb() -> bytes:
    buffer = io.BytesIO(archive())
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as z, z.open("zeros", "w") as out:
        for _ in range(65):
            out.write(bytes(1024 * 1024))
    return buffer.getvalue()


def many_files() -> bytes:
    return archive(**{f"f{number}.txt": "" for number in range(2001)})


def spoiled_inside() -> bytes:
    """The directory is whole, the compressed bytes of main.py are not."""
    whole = bytearray(archive(main="# \n" * 5000))
    with zipfile.ZipFile(io.BytesIO(bytes(whole))) as z:
        info = z.getinfo("main.py")
    name, extra = struct.unpack("<HH", whole[info.header_offset + 26 : info.header_offset + 30])
    begin = info.header_offset + 30 + name + extra
    whole[begin : begin + info.compress_size] = b"\xff" * info.compress_size
    return bytes(whole)


def locked() -> bytes:
    """Every entry says that it is encrypted."""
    whole = bytearray(archive())
    with zipfile.ZipFile(io.BytesIO(bytes(whole))) as z:
        for info in z.infolist():
            whole[info.header_offset + 6] |= 1
    place = whole.find(b"PK\x01\x02")
    while place >= 0:
        whole[place + 8] |= 1
        place = whole.find(b"PK\x01\x02", place + 4)
    return bytes(whole)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(with_name("/etc/cron.d/x"), LEAVES, id="absolute"),
        pytest.param(with_name("../../x"), LEAVES, id="parent"),
        pytest.param(with_name("a/../../x"), LEAVES, id="parent-inside"),
        pytest.param(with_name("C:/x"), LEAVES, id="drive"),
        pytest.param(with_name("a\nb"), LEAVES, id="line-end"),
        pytest.param(with_name("n" * 5000), LEAVES, id="long-name"),
        pytest.param(special(stat.S_IFLNK), LINK, id="link"),
        pytest.param(special(stat.S_IFIFO), LINK, id="pipe"),
        pytest.param(special(stat.S_IFBLK), LINK, id="device"),
        pytest.param(with_name("own.py/below.py"), NO_ZIP, id="file-and-folder-of-one-name"),
        pytest.param(bomb(), MORE, id="bomb"),
        pytest.param(many_files(), MORE, id="many-files"),
        pytest.param(b"", NO_ZIP, id="empty"),
        pytest.param(b"\0" * 4096, NO_ZIP, id="nul"),
        pytest.param(archive()[:200], NO_ZIP, id="cut-off"),
        pytest.param(spoiled_inside(), NO_ZIP, id="spoiled-inside"),
        pytest.param(locked(), NO_ZIP, id="encrypted"),
    ],
)
def test_a_harmful_archive_fails_its_runtime_and_leaves_nothing(
    content: bytes,
    reason: str,
    local: Local,
    create: Callable[..., Deployed],
    upload: Callable[..., dict[str, Any]],
) -> None:
    made = create(agentRuntimeArtifact=upload(content))
    found = made.get()
    assert (found["status"], reason in found["failureReason"]) == ("CREATE_FAILED", True), found
    assert "Traceback" not in found["failureReason"] and "\n" not in found["failureReason"]
    folder = local.folder / "state/agents" / made.id
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert not Path("/etc/cron.d/x").exists()


def test_after_all_of_them_a_good_archive_runs(local: Local, create: Callable[..., Deployed], people: People) -> None:
    runtime = create(authorizerConfiguration=people.authorizer())
    assert local.invoke(runtime.arn, headers=people.bearer()).status == 200
