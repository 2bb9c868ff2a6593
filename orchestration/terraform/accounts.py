"""Which accounts may be touched, as Terraform's values say it: for the commands that run no Terraform."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestration.errors import BadInput

NAME = "allowed_account_ids"
VARIABLE = f"TF_VAR_{NAME}"
ACCOUNT = re.compile(r"[0-9]{12}")
# What says nothing of accounts and needs no parser, which takes longer to load than all of such a file to read.
PLAIN = re.compile(rf'\s*([#].*)?|\s*(?!{NAME}\b)[a-z_]+\s*=\s*("[^"\\$%]*"|[0-9]+|true|false)\s*')


def allowed_accounts(env: Mapping[str, str], source_dir: Path, var_files: Sequence[Path]) -> list[str]:
    """The list that Terraform would go by; empty: any account. Raises BadInput where it cannot be told.

    The last one given wins: TF_VAR_, the files that Terraform reads by itself, then `var_files` (Terraform: Input
    Variables, Variable Definition Precedence).
    """
    found: Any = []
    where = ""
    for place, value in _given(env, source_dir, var_files):
        found, where = ([] if value is None else value), place
    # Of a string in quotes python-hcl2 keeps the quotes; a number is a string to Terraform.
    ids = [str(item).strip('"') for item in found] if isinstance(found, list) else [str(found)]
    if wrong := [item for item in ids if not ACCOUNT.fullmatch(item)]:
        raise BadInput(
            f"{NAME} in {where} holds {wrong[0]!r}",
            remedy='use account ids of 12 digits in quotes, e.g. ["111122223333"]',
            code="bad_account",
        )
    return ids


def _given(env: Mapping[str, str], source_dir: Path, var_files: Sequence[Path]) -> Iterator[tuple[str, Any]]:
    if (text := env.get(VARIABLE)) is not None:
        yield VARIABLE, _values(f"{NAME} = {text}\n", VARIABLE).get(NAME)
    by_itself = [source_dir / "terraform.tfvars", source_dir / "terraform.tfvars.json"]
    by_itself += sorted(path for path in source_dir.glob("*.auto.tfvars*") if path.suffix in (".tfvars", ".json"))
    for path in (*by_itself, *var_files):
        if path.is_file() and NAME in (values := _values_of(path)):
            yield str(path), values[NAME]


def _values_of(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        values = json.loads(text) if path.suffix == ".json" else _values(text, str(path))
    except (OSError, ValueError) as e:
        raise BadInput(f"{path} cannot be read: {e}", remedy="correct that file", code="bad_values") from None
    return values if isinstance(values, dict) else {}


def _values(text: str, where: str) -> Mapping[str, Any]:
    if all(PLAIN.fullmatch(line) for line in text.splitlines()):
        return {}
    import hcl2
    from lark.exceptions import LarkError

    try:
        return hcl2.loads(text)
    except (LarkError, ValueError, RecursionError):
        raise BadInput(
            f"{where} is no Terraform value", remedy=f'e.g. {NAME} = ["111122223333"]', code="bad_values"
        ) from None
