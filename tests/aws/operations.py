"""Which operation a request is, by botocore's service models and AWS's three protocols."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from botocore.loaders import create_loader

from tests.aws.hosts import Place
from tests.aws.signatures import Wire

REST = frozenset({"bedrock-agentcore", "bedrock-agentcore-control", "lambda"})
# Methods and targets alone do not tell these apart from another operation; a parameter of the query does.
BY_QUERY = {
    ("PUT", "uploadId"): "UploadPart",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("POST", "uploads"): "CreateMultipartUpload",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("GET", "uploadId"): "ListParts",
    ("PUT", "lifecycle"): "PutBucketLifecycleConfiguration",
    ("GET", "lifecycle"): "GetBucketLifecycleConfiguration",
}
# Where IAM's prefix is not botocore's name of the service (Service Authorization Reference).
PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}
OBJECTS = {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
BUCKETS = {"GET": "ListObjects", "HEAD": "HeadBucket", "PUT": "CreateBucket", "DELETE": "DeleteBucket"}


@dataclass(frozen=True, slots=True)
class Call:
    """One operation. `service` is its IAM prefix; `params` as the API has them, of the query protocol flat."""

    service: str
    operation: str
    params: Mapping[str, Any]
    bucket: str = ""


def call_of(place: Place, wire: Wire) -> Call | None:
    """None for what is no operation of an API: OAuth endpoints, documents that anybody may read."""
    path, _, query = wire.target.partition("?")
    values = dict(parse_qsl(query, keep_blank_values=True))
    if place.service in ("gateway", "hosted-domain") or "/.well-known/" in path:
        return None
    if place.service == "s3":
        return Call("s3", _s3(place.bucket, wire.method, path, values), _s3_params(path, values, wire), place.bucket)
    if place.service in REST:
        return _rest(place.service, wire, path, values)
    prefix = PREFIXES.get(place.service, place.service)
    if target := wire.one("x-amz-target"):
        return Call(prefix, target.rpartition(".")[2], json.loads(wire.body or b"{}"))
    form = dict(parse_qsl(wire.body.decode(), keep_blank_values=True))
    return Call(place.service, form.pop("Action", "unknown"), form)


def _s3(bucket: str, method: str, path: str, query: Mapping[str, str]) -> str:
    if not bucket:
        return "ListBuckets"
    for (verb, name), operation in BY_QUERY.items():
        if verb == method and name in query:
            return operation
    uri = "/{Bucket}" if path == "/" else "/{Bucket}/{Key+}"
    for operation, (verb, template, literals) in _routes("s3").items():
        if verb == method and template in (uri, "/{Bucket}") and literals and literals.items() <= query.items():
            return operation
    return (BUCKETS if path == "/" else OBJECTS)[method]


def _s3_params(path: str, query: Mapping[str, str], wire: Wire) -> dict[str, Any]:
    params: dict[str, Any] = {"Key": unquote(path[1:])} if path != "/" else {}
    if "versionId" in query:
        params["VersionId"] = query["versionId"]
    if "delete" in query:
        text = wire.body.decode()
        params["Objects"] = [
            (re.findall("<Key>(.*?)</Key>", item), re.findall("<VersionId>(.*?)</VersionId>", item))
            for item in re.findall("<Object>(.*?)</Object>", text, re.DOTALL)
        ]
    return params


def _rest(service: str, wire: Wire, path: str, query: Mapping[str, str]) -> Call | None:
    for operation, (verb, template, literals) in _routes(service).items():
        found = _pattern(template).fullmatch(path) if verb == wire.method else None
        if found and literals.items() <= query.items():
            named = {name: unquote(value) for name, value in found.groupdict().items()}
            body = json.loads(wire.body) if wire.body and wire.one("content-type").startswith("application/") else {}
            prefix = service.removesuffix("-control")
            return Call(prefix, re.sub(r"\d{8}$", "", operation), {**body, **named, **query})
    return None


@cache
def _routes(service: str) -> dict[str, tuple[str, str, dict[str, str]]]:
    """{operation: (method, path template, literal query)}; those with more literals first."""
    model = create_loader().load_service_model(service, "service-2")
    routes = {}
    for name, operation in model["operations"].items():
        template, _, query = operation["http"]["requestUri"].partition("?")
        literals = dict(parse_qsl(query, keep_blank_values=True))
        literals.pop("x-id", None)
        routes[name] = (operation["http"]["method"], template, literals)
    return dict(sorted(routes.items(), key=lambda item: (-len(item[1][2]), item[1][1].count("{"))))


@cache
def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)(\+?)\}", template)
    text = ""
    for at in range(0, len(parts), 3):
        text += re.escape(parts[at].rstrip("/") if at + 3 > len(parts) else parts[at])
        if at + 1 < len(parts):
            text += f"(?P<{parts[at + 1]}>{'.+' if parts[at + 2] else '[^/]+'})"
    return re.compile(text + "/?")
