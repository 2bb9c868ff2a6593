"""Writes the tables of terraform's READMEs from the HCL; with --check, exits 1 naming those that are out of date."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import hcl2

ROOT = Path(__file__).resolve().parent.parent
TERRAFORM = ROOT / "terraform"
BEGIN, END = "<!-- BEGIN TABLES -->", "<!-- END TABLES -->"
REQUIRED = "required"


def blocks(folder: Path) -> dict[str, list[Any]]:
    """Every block of a module's files, by its kind: {"variable": [{'"name"': {...}}, ...]}."""
    found: dict[str, list[Any]] = {}
    for path in sorted(folder.glob("*.tf")):
        with path.open(encoding="utf-8") as file:
            for kind, entries in hcl2.load(file).items():
                if isinstance(entries, list):
                    found.setdefault(kind, []).extend(entries)
    return found


def tables(folder: Path) -> str:
    """Inputs, outputs, then what the module makes and reads, each in the order of the alphabet."""
    module = blocks(folder)
    parts = [
        table("Inputs", ("name", "type", "default", "description"), inputs(module)),
        table("Outputs", ("name", "description"), outputs(module)),
        table("Makes and reads", ("address", "kind"), addresses(module)),
    ]
    return "\n\n".join(part for part in parts if part)


def table(title: str, heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """A Markdown table, or "" without rows."""
    lines = [f"| {' | '.join(row)} |" for row in sorted(rows, key=lambda row: row[0].strip("`"))]
    if not lines:
        return ""
    return "\n".join([f"### {title}", "", f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *lines])


def inputs(module: Mapping[str, list[Any]]) -> Iterator[tuple[str, ...]]:
    for name, body in named(module.get("variable", [])):
        default = code(shown(body["default"])) if "default" in body else REQUIRED
        yield code(name), code(shown(body.get("type", "any"))), default, cell(plain(body.get("description", "")))


def outputs(module: Mapping[str, list[Any]]) -> Iterator[tuple[str, ...]]:
    for name, body in named(module.get("output", [])):
        yield code(name), cell(plain(body.get("description", "")))


def addresses(module: Mapping[str, list[Any]]) -> Iterator[tuple[str, ...]]:
    for kind, prefix in (("resource", ""), ("ephemeral", "ephemeral."), ("data", "data.")):
        for type_, body in named(module.get(kind, [])):
            for name in (plain(name) for name in body if not name.startswith("__")):
                yield code(f"{prefix}{type_}.{name}"), {"data": "data source"}.get(kind, kind)
    for name, body in named(module.get("module", [])):
        yield code(f"module.{name}"), cell(plain(body["source"]))


def named(entries: list[Any]) -> Iterator[tuple[str, Any]]:
    for entry in entries:
        for name, body in entry.items():
            if not name.startswith("__"):
                yield plain(name), body


def plain(value: Any) -> str:
    """A text of the parser, which keeps its quotes or heredoc marks, on one line."""
    text = str(value)
    if heredoc := re.fullmatch(r'"?<<-?(\w+)\n(.*?)\n?\s*\1"?', text, re.S):
        text = heredoc[2]
    elif len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('\\"', '"')
    return " ".join(text.split())


def shown(value: Any) -> str:
    """An expression as it is written: a type, or a default."""
    if isinstance(value, str):
        inner = re.fullmatch(r"\$\{(.*)\}", value, re.S)
        return " ".join((inner[1] if inner else value).split())
    if isinstance(value, Mapping):
        pairs = [f"{plain(key)} = {shown(item)}" for key, item in value.items() if not str(key).startswith("__")]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    if isinstance(value, list):
        return f"[{', '.join(shown(item) for item in value)}]"
    return json.dumps(value)


def code(text: str) -> str:
    return f"`{cell(text)}`"


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def written(readme: str, made: str) -> str:
    """The README with the tables between its marks. Raises ValueError without them."""
    head, begin, rest = readme.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{BEGIN} and {END} are not there")
    return f"{head}{BEGIN}\n{made}\n{END}{tail}"


def main(arguments: list[str], root: Path = TERRAFORM) -> int:
    late = 0
    for folder in [root, *sorted(path for path in (root / "modules").glob("*") if path.is_dir())]:
        path = folder / "README.md"
        try:
            now = path.read_text(encoding="utf-8")
            text = written(now, tables(folder))
        except (OSError, ValueError) as e:
            print(f"{path}: {e}\nremedy: put the two marks where the tables belong", file=sys.stderr)
            return 1
        if text == now:
            continue
        if "--check" in arguments:
            print(f"{path} is out of date\nremedy: .venv/bin/python scripts/terraform_docs.py", file=sys.stderr)
            late = 1
        else:
            path.write_text(text, encoding="utf-8")
    return late


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
