from __future__ import annotations

from pathlib import Path

import pytest

from scripts.terraform_docs import BEGIN, END, main, plain, tables, written

MODULE = """
variable "names" {
  description = "Names | aliases, each \\"quoted\\"."
  type        = map(object({ kind = optional(string, "a") }))
  default     = { a = { kind = "b" } }
}
variable "needed" {
  description = <<-TEXT
    Two lines
    of it.
  TEXT
  type = string
}
variable "nothing" {
  description = "Null means all."
  type        = list(string)
  default     = null
}
output "arn" {
  description = "Read by the root."
  value       = aws_x.y.arn
}
resource "aws_x" "y" {}
data "aws_region" "now" {}
module "inner" {
  source = "./inner"
}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in (tmp_path, tmp_path / "modules" / "one"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "main.tf").write_text(MODULE)
        (folder / "README.md").write_text(f"# Prose\n\n{BEGIN}\nold\n{END}\nmore prose\n")
    return tmp_path


def test_every_input_is_a_row_with_type_default_and_description(root: Path) -> None:
    rows = tables(root).splitlines()
    assert r'| `names` | `map(object({kind = optional(string, "a")}))` | `{ a = { kind = "b" } }` | ' in tables(root)
    assert any(r'Names \| aliases, each "quoted".' in row for row in rows)
    assert "| `needed` | `string` | required | Two lines of it. |" in rows
    assert "| `nothing` | `list(string)` | `null` | Null means all. |" in rows


def test_outputs_resources_data_and_modules_are_rows(root: Path) -> None:
    rows = tables(root).splitlines()
    assert "| `arn` | Read by the root. |" in rows
    assert "| `aws_x.y` | resource |" in rows
    assert "| `data.aws_region.now` | data source |" in rows
    assert "| `module.inner` | ./inner |" in rows


def test_only_what_is_between_the_marks_is_written(root: Path) -> None:
    assert main([], root) == 0
    text = (root / "modules/one/README.md").read_text()
    assert text.startswith(f"# Prose\n\n{BEGIN}\n### Inputs") and text.endswith(f"{END}\nmore prose\n")
    assert "old" not in text


def test_a_table_that_is_late_is_named_and_left_alone(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([], root)
    assert main(["--check"], root) == 0
    (root / "modules/one/main.tf").write_text(MODULE.replace("all", "none"))
    before = (root / "modules/one/README.md").read_text()
    assert main(["--check"], root) == 1
    assert "modules/one/README.md is out of date" in capsys.readouterr().err
    assert (root / "modules/one/README.md").read_text() == before


def test_a_readme_without_marks_is_an_error(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "README.md").write_text("# Prose\n")
    assert main([], root) == 1
    assert str(root / "README.md") in capsys.readouterr().err
    with pytest.raises(ValueError):
        written("", "x")


@pytest.mark.parametrize(("raw", "text"), [('"a"', "a"), ("a", "a"), ('"<<TEXT\na\n  b\nTEXT"', "a b"), ('""', "")])
def test_texts_lose_the_marks_of_the_parser(raw: str, text: str) -> None:
    assert plain(raw) == text
