"""Tool schemas: what a target may declare, and whether a call's arguments fit it.

The service's schema language is a small part of JSON Schema (botocore model: SchemaDefinition): type, properties,
required, items, description. It has no way to forbid further members, so they pass.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MAX_DEPTH = 16
MAX_FAULTS = 10
# MCP specification: tool names; the target's name and the separator are put in front.
_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "object": dict,
    "array": list,
}


def tool_faults(tools: Sequence[Mapping[str, Any]], at: str) -> Iterator[tuple[str, str]]:
    """What is wrong with a toolSchema.inlinePayload that the service model does not say: (member, message)."""
    if not tools:
        yield at, "Member must have length greater than or equal to 1"
    names = [t["name"] for t in tools]
    for number, tool in enumerate(tools, start=1):
        here = f"{at}.{number}.member"
        if not _TOOL_NAME.fullmatch(tool["name"]):
            yield f"{here}.name", f"Member must satisfy regular expression pattern: {_TOOL_NAME.pattern}"
        if names.index(tool["name"]) != number - 1:
            yield f"{here}.name", "Tool names must be unique"
        if tool["inputSchema"]["type"] != "object":
            yield f"{here}.inputSchema.type", "Member must be object: a tool is called with named arguments"
        for name in ("inputSchema", "outputSchema"):
            if name in tool:
                yield from _schema_faults(tool[name], f"{here}.{name}", 0)


def _schema_faults(schema: Mapping[str, Any], at: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > MAX_DEPTH:
        yield at, f"Schemas nest at most {MAX_DEPTH} deep"
        return
    kind, properties = schema["type"], schema.get("properties") or {}
    if kind != "object" and (properties or schema.get("required")):
        yield at, "properties and required belong to type object"
    if kind != "array" and "items" in schema:
        yield at, "items belongs to type array"
    if undeclared := [n for n in schema.get("required") or [] if n not in properties]:
        yield f"{at}.required", f"names no property: {', '.join(undeclared)[:200]}"
    for name, below in properties.items():
        yield from _schema_faults(below, f"{at}.properties.{name[:100]}", depth + 1)
    if kind == "array" and "items" in schema:
        yield from _schema_faults(schema["items"], f"{at}.items", depth + 1)


def argument_faults(schema: Mapping[str, Any], arguments: Any) -> list[str]:
    """Why the arguments do not fit, at most ten reasons; none quotes a value."""
    faults: list[str] = []
    for fault in _value_faults(schema, arguments, "arguments"):
        faults.append(fault)
        if len(faults) == MAX_FAULTS:
            break
    return faults


def _value_faults(schema: Mapping[str, Any], value: Any, at: str) -> Iterator[str]:
    kind = schema["type"]
    boolean = isinstance(value, bool)  # which Python counts among the integers
    fits = isinstance(value, _KINDS[kind]) and boolean == (kind == "boolean")
    if not fits or (isinstance(value, float) and not math.isfinite(value)):
        yield f"{at} must be of type {kind}"
        return
    if kind == "object":
        properties = schema.get("properties") or {}
        yield from (f"{at}.{n} is required" for n in schema.get("required") or [] if n not in value)
        for name in properties.keys() & value.keys():
            yield from _value_faults(properties[name], value[name], f"{at}.{name}")
    elif kind == "array" and "items" in schema:
        for number, item in enumerate(value, start=1):
            yield from _value_faults(schema["items"], item, f"{at}[{number}]")
