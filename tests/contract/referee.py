"""botocore's service model as the judge: every reply that a boto3 client of these tests receives is compared."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

# What AWS answers before an operation is reached; no service model lists these.
UNMODELLED = {
    "MissingAuthenticationTokenException",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "IncompleteSignatureException",
    "UnknownOperationException",
    "ExpiredTokenException",
}
KINDS: dict[str, Any] = {"string": str, "integer": int, "boolean": bool, "list": list, "map": dict, "structure": dict}


def watch(client: Any) -> None:
    """Judge every reply of this client from now on; a fault fails the test that made the call."""
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"after-call.{service}", judge)


def judge(http_response: Any, model: Any, **_: Any) -> None:
    if faults := list(faults_of(http_response, model)):
        raise AssertionError(f"{model.name} answered against its model: {faults}")


def faults_of(http_response: Any, model: Any) -> Iterator[str]:
    status = http_response.status_code
    if not http_response.headers.get("x-amzn-requestid"):
        yield "no x-amzn-requestid"
    if status >= 300:
        yield from error_faults(http_response, model)
        return
    if status != model.http["responseCode"]:
        yield f"status {status}, not {model.http['responseCode']}"
    shape = model.output_shape
    if shape is None or model.has_streaming_output:
        return
    body = json.loads(http_response.content) if http_response.content else {}
    if shape.serialization.get("payload"):  # the whole body is one member, here always a free document
        if not isinstance(body, dict):
            yield "the document is no object"
        return
    members = {n: m for n, m in shape.members.items() if "location" not in m.serialization}
    yield from structure_faults(members, [n for n in shape.required_members if n in members], body, "")


def error_faults(http_response: Any, model: Any) -> Iterator[str]:
    kind, body = http_response.headers.get("x-amzn-errortype"), json.loads(http_response.content)
    if kind in UNMODELLED:
        return
    shapes = {s.name: s for s in model.error_shapes}
    if kind not in shapes:
        yield f"error {kind} is not modelled"
        return
    shape = shapes[kind]
    if http_response.status_code != shape.metadata["error"]["httpStatusCode"]:
        yield f"{kind} with status {http_response.status_code}"
    yield from structure_faults(shape.members, shape.required_members, body, kind)


def structure_faults(members: dict[str, Any], required: list[str], value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at} is not an object"
        return
    yield from (f"{at}.{n} is missing" for n in required if value.get(n) is None)
    yield from (f"{at}.{n} is not in the model" for n in value if n not in members)
    for name in set(members) & set(value):
        yield from value_faults(members[name], value[name], f"{at}.{name}")


def value_faults(shape: Any, value: Any, at: str) -> Iterator[str]:
    kind, rules = shape.type_name, shape.metadata
    if kind == "timestamp":
        if "timestampFormat" not in shape.serialization:  # Unix seconds, in JSON bodies
            if not isinstance(value, float | int):
                yield f"{at} is no number of seconds"
            return
        if not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is None:
            yield f"{at} is not an ISO 8601 moment"
        return
    if not isinstance(value, KINDS[kind]):
        yield f"{at} is not a {kind}"
        return
    if "enum" in rules and value not in rules["enum"]:
        yield f"{at} is none of its enum"
    # An absent description is required in lists and has no way to be absent: it is empty there.
    if "pattern" in rules and not re.fullmatch(rules["pattern"], value):
        yield f"{at} does not fit its pattern"
    if kind == "structure":
        yield from structure_faults(shape.members, shape.required_members, value, at)
    for i, item in enumerate(value if kind == "list" else []):
        yield from value_faults(shape.member, item, f"{at}[{i}]")
