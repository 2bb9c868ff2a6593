"""The tools that the gateway offers, from the file beside the function that answers them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestration.errors import BadInput

SCHEMA = Path("agent", "gateway", "credit_check", "tool_schema.json")


def load_tools(root: Path) -> Sequence[Mapping[str, Any]]:
    """The list for ToolSchema.inlinePayload. Raises BadInput for a file that holds none."""
    path = root / SCHEMA
    try:
        tools = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as e:
        raise _bad(path, str(e)) from None
    if not isinstance(tools, list) or not tools or not all(isinstance(tool, dict) and "name" in tool for tool in tools):
        raise _bad(path, "not a list of tools with names")
    return tools


def _bad(path: Path, why: str) -> BadInput:
    return BadInput(f"{path}: {why}", remedy=f"git checkout -- {SCHEMA}", code="bad_tool_schema")
