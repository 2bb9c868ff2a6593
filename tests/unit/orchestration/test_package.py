from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestration.errors import BadInput
from orchestration.runtime.package import DROPPED_BY_TOOLKIT, agent_files, digest, stage

FILES = {
    "main.py": "print()",
    "requirements.txt": "strands-agents",
    "mortgage/tools.py": "x = 1",
    "data/rates.csv": "1",
}


@pytest.fixture
def agent(tmp_path: Path) -> Path:
    folder = tmp_path / "agent"
    for name, text in FILES.items():
        put(folder, name, text)
    return folder


def put(folder: Path, name: str, text: str = "x") -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def digest_of(agent: Path) -> str:
    return digest(agent, agent_files(agent))


def test_the_agents_files_are_listed_relative_and_sorted(agent: Path) -> None:
    assert [file.as_posix() for file in agent_files(agent)] == sorted(FILES)


@pytest.mark.parametrize(
    "name",
    [
        "id_rsa",
        "server.pem",
        "server.key",
        "terraform.tfstate",
        "terraform.tfstate.backup",
        "plan.tfplan",
        ".env",
        "agent.zip",
        "mortgage/notes.db",
        "__pycache__/main.cpython-312.pyc",
        ".venv/lib/site.py",
        "tests/test_main.py",
        "mortgage/__pycache__/x.py",
        ".bedrock_agentcore.yaml",
        ".idea/workspace.json",
    ],
)
def test_what_is_no_part_of_the_agent_stays_here(agent: Path, tmp_path: Path, name: str) -> None:
    before = digest_of(agent)
    put(agent, name)
    staged = stage(agent, tmp_path / "build")
    assert staged.file_count == len(FILES)
    assert staged.digest == before
    assert not (staged.source_dir / name).exists()


@pytest.mark.parametrize("folder", sorted(DROPPED_BY_TOOLKIT))
@pytest.mark.parametrize("above", ["", "mortgage/"])
def test_a_folder_that_the_toolkit_would_leave_out_is_refused(agent: Path, folder: str, above: str) -> None:
    put(agent, f"{above}{folder}/x.py")
    with pytest.raises(BadInput) as caught:
        agent_files(agent)
    assert f"agent/{above}{folder}/x.py" in caught.value.message
    assert repr(folder) in caught.value.message


def test_a_file_of_such_a_name_is_no_folder(agent: Path) -> None:
    put(agent, "build.py")
    assert Path("build.py") in agent_files(agent)


@pytest.mark.parametrize("name", ["main.py", "requirements.txt"])
def test_a_missing_entry_point_or_requirements_is_named(agent: Path, name: str) -> None:
    (agent / name).unlink()
    put(agent, f"mortgage/{name}")
    with pytest.raises(BadInput, match=f"^agent/{name} is missing$"):
        agent_files(agent)


def test_the_digest_depends_on_neither_place_nor_time(agent: Path, tmp_path: Path) -> None:
    first = stage(agent, tmp_path / "one")
    os.utime(agent / "main.py", (1, 1))
    second = stage(agent, tmp_path / "two")
    assert first.digest == second.digest == digest_of(agent)


def renamed(agent: Path) -> None:
    (agent / "mortgage" / "tools.py").rename(agent / "mortgage" / "tool.py")


def edited(agent: Path) -> None:
    put(agent, "mortgage/tools.py", "x = 2")


def added(agent: Path) -> None:
    put(agent, "mortgage/empty.py", "")


def removed(agent: Path) -> None:
    (agent / "data" / "rates.csv").unlink()


def swapped(agent: Path) -> None:
    put(agent, "main.py", FILES["mortgage/tools.py"])
    put(agent, "mortgage/tools.py", FILES["main.py"])


@pytest.mark.parametrize("change", [renamed, edited, added, removed, swapped], ids=lambda change: change.__name__)
def test_every_change_changes_the_digest(agent: Path, change: type) -> None:
    before = digest_of(agent)
    change(agent)
    assert digest_of(agent) != before


def test_staging_replaces_the_last_copy_and_keeps_caches(agent: Path, tmp_path: Path) -> None:
    build = tmp_path / "build"
    stage(agent, build)
    put(build, "cache/wheel.whl")
    removed(agent)
    staged = stage(agent, build)
    copied = {p.relative_to(staged.source_dir).as_posix() for p in staged.source_dir.rglob("*") if p.is_file()}
    assert copied == FILES.keys() - {"data/rates.csv"}
    assert (build / "cache" / "wheel.whl").exists()
    assert (staged.source_dir / "main.py").read_text() == FILES["main.py"]
