"""Holds every JSON document of the folder to its committed schema before it is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from orchestration.errors import BadInput

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "schemas"
SHOWN = 10


def check(name: str, document: Any) -> None:
    """Raises BadInput with the place of each fault, never a value: documents hold texts of strangers."""
    schema = json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
    errors = sorted(Draft202012Validator(schema).iter_errors(document), key=lambda e: [str(p) for p in e.absolute_path])
    if not errors:
        return
    places = [f"/{'/'.join(str(p) for p in e.absolute_path)} breaks {e.validator!r}" for e in errors]
    more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
    raise BadInput(
        f"the {name} document is not as docs/schemas/{name}.schema.json says: {'; '.join(places[:SHOWN])}{more}",
        remedy=f"compare what made it with docs/schemas/{name}.schema.json",
        code="evidence_schema",
    )
