"""report.html: one file, no script, nothing fetched. The template engine escapes every text and makes it readable."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from orchestration.evidence import controls, plot
from orchestration.evidence.inputs import Door, EvidenceInputs
from orchestration.evidence.matrix import Mark, Matrix, readable
from orchestration.evidence.summary import SIGNS, reached

TEMPLATES = Path(__file__).resolve().parent / "templates"
CLASSES = {Mark.AS_EXPECTED: "good", Mark.WRONG: "bad", Mark.SKIPPED: "skip"}


def document(matrix: Matrix, inputs: EvidenceInputs, control_entries: dict[str, Any]) -> str:
    """The page. Its policy allows one style sheet, by hash, and nothing else (W3C CSP 3)."""
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return _template().render(
        matrix=matrix,
        inputs=inputs,
        controls=control_entries["controls"],
        controls_of=controls.of,
        plot=plot.layout(matrix),
        doors=[(door, _rules(door)) for door in inputs.doors],
        signs=SIGNS,
        classes=CLASSES,
        wrong=matrix.marked(Mark.WRONG),
        reached=reached,
        style=style,
        style_hash=digest,
    )


@cache
def _template() -> Template:
    """Compiled once: that takes longer than all the rest of the folder."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_readable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2")


def _readable(value: Any) -> Any:
    """Every text on its way into the page; markup is the template's own, or made of such texts."""
    return readable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _rules(door: Door) -> list[tuple[str, list[str]]]:
    """(name, values) of each rule of a JWT authorizer, names as the control plane has them."""
    rules = (door.authorizer or {}).get("customJWTAuthorizer") or {}
    return [
        (name, [_shown(v) for v in (value if isinstance(value, list) else [value])]) for name, value in rules.items()
    ]


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
