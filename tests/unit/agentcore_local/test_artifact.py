import io
import stat
import zipfile
from pathlib import Path

import pytest

from agentcore_local import artifact
from agentcore_local.artifact import ArtifactError, entry_script, own_files, unpack

RECORD = "dep/a.py,,\nshadow.py,,\n"


def packed(**files: str) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as z:
        for name, text in files.items():
            z.writestr(name, text)
    buffer.seek(0)
    return buffer


def dependency(**more: str) -> io.BytesIO:
    parts = {"dep/a.py": "", "dep-1.dist-info/RECORD": RECORD, "dep-1.dist-info/METADATA": "", "shadow.py": ""}
    return packed(**(parts | {"main.py": "", "tools/x.py": "", ".lock": "", "bin/x": ""} | more))


def test_only_files_that_no_distribution_claims_are_its_own() -> None:
    with zipfile.ZipFile(dependency()) as z:
        assert sorted(e.filename for e in own_files(z)) == ["main.py", "tools/x.py"]


def test_unpacked_files_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "code"
    assert unpack(dependency(), folder, "main.py") == ["main.py", "tools/x.py"]
    assert {oct(p.stat().st_mode & 0o777) for p in folder.rglob("*.py")} == {"0o600"}
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../x", "a/./x", "a\\x", "C:/x", "a\nb", "a//b", "a" * 256])
def test_a_name_that_could_leave_the_folder_refuses_the_archive(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArtifactError, match="leaves its folder"):
        unpack(packed(**{"main.py": "", name: ""}), tmp_path / "code", "main.py")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_a_link_or_device_refuses_the_archive(tmp_path: Path, kind: int) -> None:
    buffer = packed(**{"main.py": ""})
    with zipfile.ZipFile(buffer, "a") as z:
        info = zipfile.ZipInfo("link")
        info.external_attr = (kind | 0o777) << 16
        z.writestr(info, "/etc/passwd")
    with pytest.raises(ArtifactError, match="link"):
        unpack(buffer, tmp_path / "code", "main.py")


def test_a_file_held_twice_refuses_the_archive(tmp_path: Path) -> None:
    buffer = packed(**{"main.py": "1"})
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(buffer, "a") as z:
        z.writestr("main.py", "2")
    with pytest.raises(ArtifactError, match="twice"):
        unpack(buffer, tmp_path / "code", "main.py")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact, "MAX_OWN_BYTES", 1000)
    with pytest.raises(ArtifactError, match="more files"):
        unpack(packed(**{"main.py": "", "big": "0" * 1001}), tmp_path / "code", "main.py")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x00" * 100])
def test_what_is_no_zip_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ArtifactError, match="zip"):
        unpack(io.BytesIO(content), tmp_path / "code", "main.py")


def test_an_entry_script_must_be_an_own_file(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="entrypoint"):
        unpack(dependency(), tmp_path / "code", "shadow.py")


@pytest.mark.parametrize(
    ("entry_point", "script"),
    [(["main.py"], "main.py"), (["opentelemetry-instrument", "main.py"], "main.py"), (["src/a.py"], "src/a.py")],
)
def test_the_script_is_the_last_of_the_entry_point(entry_point: list[str], script: str) -> None:
    assert entry_script(entry_point) == script


@pytest.mark.parametrize("entry_point", [["main"], ["../a.py"], ["/a.py"], ["-c.py"]])
def test_an_odd_entry_point_is_refused(entry_point: list[str]) -> None:
    with pytest.raises(ArtifactError):
        entry_script(entry_point)
