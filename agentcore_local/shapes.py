"""Requests read and checked by botocore's own service model: routes, members, patterns, lengths, enums.

Words of the messages: as AWS services phrase constraint failures (observed, not promised).
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

import botocore.loaders
import botocore.model

from agentcore_local.wire import Refused

_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "long": int,
    "boolean": bool,
    "list": list,
    "map": dict,
    "structure": dict,
    "double": (int, float),
}


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: its verb, its path as a pattern over the undecoded path, and its model."""

    name: str
    method: str
    pattern: re.Pattern[bytes]
    model: Any

    @property
    def status(self) -> int:
        return int(self.model.http["responseCode"])


def load_routes(operations: list[str], service_name: str = "bedrock-agentcore-control") -> list[Route]:
    """Routes of the named operations, from the service model that boto3 itself uses."""
    document = botocore.loaders.Loader().load_service_model(service_name, "service-2")
    service = botocore.model.ServiceModel(document, service_name)
    routes = []
    for name in operations:
        model = service.operation_model(name)
        text = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(model.http["requestUri"]))
        routes.append(Route(name, model.http["method"], re.compile(text.encode("ascii")), model))
    return routes


def decode_segment(raw: bytes) -> str | None:
    """A path segment, percent-decoded exactly once; None when it is not well-formed UTF-8 or encoding."""
    if re.search(rb"%(?![0-9A-Fa-f]{2})", raw):
        return None
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        return None


def read_query(raw: bytes) -> dict[str, list[str]]:
    """Query parameters, each with all its values. Raises Refused on malformed bytes."""
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise _unreadable("Malformed query string") from None
    query: dict[str, list[str]] = {}
    for name, value in pairs:
        query.setdefault(name, []).append(value)
    return query


def read_request(route: Route, match: re.Match[bytes], query: dict[str, list[str]], body: bytes) -> dict[str, Any]:
    """Gather an operation's members from path, query and JSON body, and validate all of them at once."""
    shape = route.model.input_shape
    params = _read_body(shape, body)
    for name, member in shape.members.items():
        place, wire_name = member.serialization.get("location"), member.serialization.get("name", name)
        if place == "uri":
            value = decode_segment(match[wire_name])
            if value is None:
                raise _unreadable(f"Malformed path parameter {wire_name}")
            params[name] = value
        elif place == "querystring" and wire_name in query:
            params[name] = _from_query(member, wire_name, query[wire_name])
    validate(shape, params)
    return params


def _read_body(shape: Any, body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        document = json.loads(body, object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError):
        raise _unreadable("The request body is not valid JSON") from None
    if not isinstance(document, dict):
        raise _unreadable("The request body must be a JSON object")
    in_body = {n for n, m in shape.members.items() if "location" not in m.serialization}
    # A member that belongs in path or query is not taken from the body, and a misspelt one is not ignored.
    if unknown := sorted(set(document) - in_body):
        raise _failed([(n[:100], "is not a member of this operation's body") for n in unknown])
    return {k: v for k, v in document.items() if v is not None}


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [n for n, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError("duplicate member")
    return dict(pairs)


def _from_query(member: Any, name: str, values: list[str]) -> Any:
    if member.type_name == "list":
        return values
    if len(values) != 1:
        raise _failed([(name, "Member must be given once")])
    if member.type_name == "integer":
        return int(values[0]) if re.fullmatch(r"-?[0-9]{1,9}", values[0], re.ASCII) else values[0]
    return values[0]


def validate(shape: Any, params: Mapping[str, Any]) -> None:
    """Raise the service's ValidationException naming every failing member."""
    if faults := list(_faults(shape, params, "")):
        raise _failed(faults)


def _unreadable(detail: str) -> Refused:
    return Refused("validation", detail=detail, reason="CannotParse")


def _failed(faults: list[tuple[str, str]]) -> Refused:
    plural = "error" if len(faults) == 1 else "errors"
    text = "; ".join(f"Value at '{n}' failed to satisfy constraint: {m}" for n, m in faults)
    return Refused("validation", detail=f"{len(faults)} validation {plural} detected: {text}", fields=faults)


def _faults(shape: Any, value: Any, at: str) -> Iterator[tuple[str, str]]:
    kind = shape.type_name
    wanted = _KINDS.get(kind)
    boolean = isinstance(value, bool)  # which Python counts among the integers
    if wanted is not None and (not isinstance(value, wanted) or boolean != (kind == "boolean")):
        yield at or "body", f"Member must be of type {kind}"
        return
    yield from _constraint_faults(shape, value, at)
    if kind == "structure":
        yield from _structure_faults(shape, value, at)
    elif kind == "list":
        for i, item in enumerate(value[:1000]):
            yield from _faults(shape.member, item, f"{at}.{i + 1}.member")
    elif kind == "map":
        for i, (key, item) in enumerate(list(value.items())[:1000]):
            yield from _faults(shape.key, key, f"{at}.{i + 1}.key")
            yield from _faults(shape.value, item, f"{at}.{i + 1}.value")


def _structure_faults(shape: Any, value: dict[str, Any], at: str) -> Iterator[tuple[str, str]]:
    prefix = f"{at}." if at else ""
    given = {k: v for k, v in value.items() if v is not None}
    for name in shape.required_members:
        if name not in given:
            yield prefix + name, "Member must not be null"
    if shape.metadata.get("union") and len(given) != 1:
        yield at or "body", "Exactly one member of a union must be set"
    for name, item in given.items():
        if name not in shape.members:
            yield prefix + name[:100], "is not a member of this structure"
        else:
            yield from _faults(shape.members[name], item, prefix + name)


def _constraint_faults(shape: Any, value: Any, at: str) -> Iterator[tuple[str, str]]:
    rules = shape.metadata
    size = value if shape.type_name == "integer" else len(value) if hasattr(value, "__len__") else None
    what = "value" if shape.type_name == "integer" else "length"
    if size is not None and "min" in rules and size < rules["min"]:
        yield at, f"Member must have {what} greater than or equal to {rules['min']}"
    elif size is not None and "max" in rules and size > rules["max"]:
        yield at, f"Member must have {what} less than or equal to {rules['max']}"
    elif "pattern" in rules and not re.fullmatch(rules["pattern"], value, re.ASCII):
        yield at, f"Member must satisfy regular expression pattern: {rules['pattern']}"
    elif "enum" in rules and value not in rules["enum"]:
        yield at, f"Member must satisfy enum value set: [{', '.join(rules['enum'])}]"
