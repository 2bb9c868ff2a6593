from __future__ import annotations

import importlib.util
import io
import os
import re
import zipfile
from pathlib import Path

import pytest

from orchestration.errors import BadInput
from orchestration.runtime.function_package import PACKAGE, SCORES, SOURCES, package, write_package

REPOSITORY = Path(__file__).parents[3]
FILES = {
    SOURCES / "__init__.py": "",
    SOURCES / "handler.py": "def handle(event, context): ...\n",
    SOURCES / "tool_schema.json": "[]",
    SCORES: "{}",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "terraform").mkdir()
    return tmp_path


def opened(content: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(content))


def test_the_package_holds_the_modules_and_the_scores_and_nothing_else(root: Path) -> None:
    (root / SOURCES / "__pycache__").mkdir()
    (root / SOURCES / "notes.txt").write_text("mine")
    assert opened(package(root)).namelist() == [
        "credit_check/__init__.py",
        "credit_check/credit_scores.demo.json",
        "credit_check/handler.py",
    ]


def test_the_same_sources_give_the_same_bytes_whenever_and_however_they_were_written(root: Path) -> None:
    first = package(root)
    for name in FILES:
        os.utime(root / name, (0, 0))
        (root / name).chmod(0o600)
    assert package(root) == first
    (root / SOURCES / "handler.py").write_text("def handle(event, context): return None\n")
    assert package(root) != first


def test_nothing_in_it_is_compressed_or_tells_of_the_machine(root: Path) -> None:
    for entry in opened(package(root)).infolist():
        assert (entry.compress_type, entry.date_time, entry.external_attr >> 16, entry.create_system) == (
            zipfile.ZIP_STORED,
            (1980, 1, 1, 0, 0, 0),
            0o644,
            3,
        )


def test_the_function_that_is_packed_answers_without_the_repository(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opened(package(REPOSITORY)).extractall(tmp_path)
    [handler] = re.findall(r'handler += "(.*)"', (REPOSITORY / "terraform/modules/credit_check/main.tf").read_text())
    module, _, name = handler.rpartition(".")
    spec = importlib.util.spec_from_file_location("packed", tmp_path / f"{module.replace('.', '/')}.py")
    assert spec and spec.loader
    packed = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(packed)
    assert getattr(packed, name)({"customer_id": "1234"}, None) == {"customer_id": "1234", "credit_score": 742}
    assert "1234" not in capsys.readouterr().out


def test_what_is_there_already_is_left_alone_and_what_is_old_is_replaced_as_a_whole(root: Path) -> None:
    path = write_package(root)
    assert path == root / "terraform" / PACKAGE
    path.chmod(0o444)
    assert write_package(root).stat().st_mode & 0o777 == 0o444, "the same file"
    (root / SCORES).write_text('{"1234": 742}')
    assert write_package(root).read_bytes() == package(root)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("missing", [SOURCES / "handler.py", SCORES], ids=str)
def test_without_its_sources_there_is_no_package(root: Path, missing: Path) -> None:
    (root / missing).unlink()
    with pytest.raises(BadInput) as caught:
        write_package(root)
    assert caught.value.code == "no_function"
    assert caught.value.remedy == f"git checkout {SOURCES} {SCORES}"
    assert not (root / "terraform" / PACKAGE).exists()
