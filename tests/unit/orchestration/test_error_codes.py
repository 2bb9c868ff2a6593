"""docs/troubleshooting.md has a row for each error that the code can end with, and for no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TABLE = ROOT / "docs/troubleshooting.md"
PACKAGES = ("orchestration", "cli", "scripts")
CODE = re.compile(r"[a-z][a-z0-9_]*")


def codes_of(tree: ast.AST) -> Iterator[str]:
    """What is given as `code`: in a class, by keyword or default, to doctor's `warning`; by a constant or a table."""
    constants = {
        target.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    tables = [node.elts[0] for node in ast.walk(tree) if isinstance(node, ast.Tuple) and len(node.elts) > 1]
    for node in ast.walk(tree):
        given: list[ast.expr | None] = []
        if isinstance(node, ast.ClassDef):
            given = [
                part.value
                for part in node.body
                if isinstance(part, ast.Assign) and [ast.unparse(name) for name in part.targets] == ["code"]
            ]
        elif isinstance(node, ast.Call):
            given = [word.value for word in node.keywords if word.arg == "code"]
            if [ast.unparse(value) for value in given if value] == ["slug"]:
                given += tables
            if isinstance(node.func, ast.Name) and node.func.id == "warning":
                given += node.args[:1]
        elif isinstance(node, ast.FunctionDef):
            names = [word.arg for word in node.args.args][len(node.args.args) - len(node.args.defaults) :]
            given = [value for name, value in zip(names, node.args.defaults, strict=True) if name == "code"]
        for value in given:
            for part in ast.walk(value) if value is not None else ():
                found = constants.get(part.id) if isinstance(part, ast.Name) else getattr(part, "value", None)
                if isinstance(found, str) and CODE.fullmatch(found):
                    yield found


@cache
def codes() -> set[str]:
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return {code for path in files for code in codes_of(ast.parse(path.read_text(encoding="utf-8")))}


def documented(text: str) -> list[str]:
    """Codes in the first column, of `error [code]`, `warning [code]` and further `[code]` beside it."""
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `") or line.startswith('| "')]
    return [code for row in rows for code in re.findall(r"`(?:error |warning )?\[([a-z0-9_]+)\]", row)]


def test_each_error_has_its_row() -> None:
    assert sorted(codes() - set(documented(TABLE.read_text(encoding="utf-8")))) == []


def test_no_row_is_of_an_error_that_is_no_more() -> None:
    assert sorted(set(documented(TABLE.read_text(encoding="utf-8"))) - codes()) == []


@pytest.mark.parametrize(
    "source",
    [
        pytest.param('class A(B):\n    code = "found"', id="class"),
        pytest.param('raise Unfit("x", remedy="y", code="found")', id="keyword"),
        pytest.param('FOUND = "found"\nraise Unfit("x", code=FOUND)', id="constant"),
        pytest.param('yield_(warning("found", "message", "remedy"))', id="warning"),
        pytest.param('Unfit("x", code="found" if here else "found")', id="choice"),
        pytest.param('T = {"X": ("found", "words")}\nslug, words = T["X"]\nE(words, code=slug)', id="table"),
        pytest.param('def f(message: str, code: str = "found") -> None: ...', id="default"),
    ],
)
def test_a_code_is_found_however_it_is_given(source: str) -> None:
    assert set(codes_of(ast.parse(source))) == {"found"}


def test_a_row_says_all_its_codes() -> None:
    assert documented("| `error [a]: text`, `[b]` (doctor) | not `[c]` | no `error [d]` |\n| 403 `[e]` | x | y |") == [
        "a",
        "b",
    ]
