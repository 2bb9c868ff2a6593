from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.errors import BadInput
from orchestration.terraform.mirror import SEARCH_DEPTH, cli_configuration, find_mirror, shallow, usual_folders

AWS = Path("registry.terraform.io", "hashicorp", "aws")


def unpacked(folder: Path) -> Path:
    binary = folder / AWS / "6.0.0" / "linux_amd64" / "terraform-provider-aws_v6.0.0_x5"
    binary.parent.mkdir(parents=True)
    binary.touch()
    return folder


def packed(folder: Path) -> Path:
    (folder / AWS).mkdir(parents=True)
    for name in ("index.json", "6.0.0.json", "terraform-provider-aws_6.0.0_linux_amd64.zip"):
        (folder / AWS / name).touch()
    return folder


def at_home(tmp_path: Path, **more: str) -> dict[str, str]:
    """An environment whose usual folders are all below tmp_path."""
    return {"HOME": str(tmp_path / "home"), "XDG_DATA_DIRS": str(tmp_path / "share"), **more}


@pytest.mark.parametrize("layout", [unpacked, packed])
def test_the_variable_names_a_mirror_of_either_layout(tmp_path: Path, layout: type) -> None:
    mirror = layout(tmp_path / "mirror")
    assert find_mirror(at_home(tmp_path, TF_PROVIDER_MIRROR=str(mirror)), []) == mirror


def test_the_variable_wins_over_the_usual_folders_and_the_search(tmp_path: Path) -> None:
    unpacked(tmp_path / "home" / ".terraform.d" / "plugins")
    unpacked(tmp_path / "opt")
    wish = unpacked(tmp_path / "wish")
    assert find_mirror(at_home(tmp_path, TF_PROVIDER_MIRROR=str(wish)), [tmp_path / "opt"]) == wish


@pytest.mark.parametrize("content", ["nothing", "other-provider", "provider-folder-empty"])
def test_a_wrong_variable_is_refused_although_another_mirror_exists(tmp_path: Path, content: str) -> None:
    unpacked(tmp_path / "home" / ".terraform.d" / "plugins")
    wish = tmp_path / "wish"
    if content == "other-provider":
        (wish / "registry.terraform.io" / "hashicorp" / "random" / "3.0.0").mkdir(parents=True)
    if content == "provider-folder-empty":
        (wish / AWS).mkdir(parents=True)
    with pytest.raises(BadInput) as caught:
        find_mirror(at_home(tmp_path, TF_PROVIDER_MIRROR=str(wish)), [])
    assert caught.value.code == "bad_provider_mirror"
    assert str(wish) in caught.value.message


def test_an_empty_variable_is_no_wish(tmp_path: Path) -> None:
    mirror = unpacked(tmp_path / "home" / ".terraform.d" / "plugins")
    assert find_mirror(at_home(tmp_path, TF_PROVIDER_MIRROR=""), []) == mirror


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param("home/.terraform.d/plugins", id="terraform.d"),
        pytest.param("home/.local/share/terraform/plugins", id="data-home"),
        pytest.param("share/terraform/plugins", id="data-dirs"),
    ],
)
def test_terraforms_implied_folders_are_found(tmp_path: Path, folder: str) -> None:
    mirror = unpacked(tmp_path / folder)
    assert find_mirror(at_home(tmp_path), []) == mirror


def test_implied_folders_come_in_terraforms_order() -> None:
    env = {"HOME": "/h", "XDG_DATA_HOME": "/data", "XDG_DATA_DIRS": "/one::/two"}
    assert [str(folder) for folder in usual_folders(env)] == [
        "/h/.terraform.d/plugins",
        "/data/terraform/plugins",
        "/one/terraform/plugins",
        "/two/terraform/plugins",
    ]


def test_the_search_goes_a_few_levels_down_and_no_further(tmp_path: Path) -> None:
    prefix = tmp_path / "opt"
    deep = prefix.joinpath(*"abc"[:SEARCH_DEPTH])
    mirror = unpacked(deep)
    assert find_mirror(at_home(tmp_path), [prefix]) == mirror
    deeper = tmp_path / "srv"
    unpacked(deeper.joinpath(*"abcd"[: SEARCH_DEPTH + 1]))
    assert find_mirror(at_home(tmp_path), [deeper]) is None


def test_the_search_takes_the_first_prefix(tmp_path: Path) -> None:
    first, second = unpacked(tmp_path / "one" / "x"), unpacked(tmp_path / "two" / "x")
    assert find_mirror(at_home(tmp_path), [first.parent, second.parent]) == first


def test_the_search_follows_no_link(tmp_path: Path) -> None:
    loop = tmp_path / "opt"
    loop.mkdir()
    (loop / "again").symlink_to(loop)
    assert list(shallow(loop, 3)) == [loop]


def test_the_search_passes_over_a_folder_that_cannot_be_listed(tmp_path: Path) -> None:
    """One that is gone since it was seen: root may list every folder that is there."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    found = shallow(tmp_path, 3)
    assert (next(found), next(found)) == (tmp_path, tmp_path / "a")
    (tmp_path / "a").rmdir()
    assert list(found) == [tmp_path / "b"]


def test_no_mirror_is_none(tmp_path: Path) -> None:
    assert find_mirror(at_home(tmp_path), [tmp_path / "absent"]) is None


def test_the_configuration_takes_the_provider_from_nowhere_else() -> None:
    text = cli_configuration(Path("/opt/mirror"))
    assert 'path = "/opt/mirror"' in text
    assert "filesystem_mirror" in text
    assert "direct" not in text
