"""What a door answers to requests about whose answers AWS's documents are silent: status, kind of body, header names.

No token is kept, and of a message nothing that is an id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

MASKED = (
    (re.compile(r"arn:aws[a-z-]*:[^\s\"',]+"), "ARN"),
    (re.compile(r"https?://[^\s\"',]+"), "URL"),
    (re.compile(r"\b\d{12}\b"), "ACCOUNT"),
    (re.compile(r"[A-Za-z0-9+/_=.-]{24,}"), "…"),
)
SESSION = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
# Of one connection or one machine, and no part of the service's answer.
UNTOLD = frozenset({"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"})
QUESTION = {"prompt": "what can you do?"}
LIST_TOOLS = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `authorization` may hold {token} or {forged}; `open` is what AWS's documents leave open."""

    name: str
    open: str
    door: str = "runtime"
    authorization: Sequence[str] = ()
    method: str = "POST"
    headers: Mapping[str, str] | None = None
    qualifier: str = "DEFAULT"


BEARER = "Bearer {token}"
ASKS = (
    Ask("no-token", "body and headers of the challenge"),
    Ask("unreadable-token", "status and words", authorization=("Bearer not-a-token",)),
    Ask("bad-signature", "status and words: nobody has told", authorization=("Bearer {forged}",)),
    Ask("other-scheme", "whether it is taken as no token", authorization=("Basic YTpi",)),
    Ask("two-authorizations", "whether it is refused, and how", authorization=(BEARER, BEARER)),
    Ask("good-token", "headers of an answer", authorization=(BEARER,)),
    Ask("unknown-qualifier", "words", authorization=(BEARER,), qualifier="nope"),
    Ask("short-session", "words", authorization=(BEARER,), headers={SESSION: "short"}),
    Ask("another-method", "status", authorization=(BEARER,), method="PUT"),
    Ask("preflight", "whether browsers are let in", method="OPTIONS", headers={"Origin": "https://app.example.com"}),
    Ask("gateway-no-token", "body and headers of the challenge", door="gateway"),
    Ask("gateway-unreadable-token", "status", door="gateway", authorization=("Bearer not-a-token",)),
    Ask("gateway-token-of-the-runtime", "401 or 403, and words", door="gateway", authorization=(BEARER,)),
)


@dataclass(frozen=True, slots=True)
class Told:
    """An answer without what differs from call to call."""

    status: int
    error_type: str
    family: str
    message: str
    headers: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        return asdict(self) | {"headers": list(self.headers)}


def collect(http: httpx.Client, urls: Mapping[str, str], token: str, asks: Iterable[Ask] = ASKS) -> dict[str, Told]:
    """Ask every door that has a URL ({"runtime": ..., "gateway": ...}, without a query). Raises httpx.HTTPError."""
    return {ask.name: _told(http.send(_request(http, urls[ask.door], token, ask))) for ask in asks if ask.door in urls}


def family_of(body: str) -> str:
    """What kind of body it is: "jsonrpc -32001", "object: message", "events", "empty" or "text"."""
    if not body.strip():
        return "empty"
    if body.startswith(("data:", "event:")):
        return "events"
    try:
        document = json.loads(body)
    except ValueError:
        return "text"
    if isinstance(document, dict) and isinstance(document.get("error"), dict) and "jsonrpc" in document:
        return f"jsonrpc {document['error'].get('code')}"
    return f"object: {', '.join(sorted(document))}" if isinstance(document, dict) else type(document).__name__


def forged(token: str) -> str:
    """The token with another signature of the same length."""
    head, dot, signature = token.rpartition(".")
    return f"{head}{dot}{'B' if signature.startswith('A') else 'A'}{signature[1:]}"


def masked(text: str) -> str:
    for pattern, word in MASKED:
        text = pattern.sub(word, text)
    return text[:300]


def table(document: Mapping[str, Any]) -> str:
    """Markdown of what is expected of AWS, and of what it answered."""
    aws = (document["aws"] or {}).get("answers", {})
    lines = ["| request | open | expected | AWS |", "|---|---|---|---|"]
    for ask in ASKS:
        expected = _said(document["expected"].get(ask.name))
        lines.append(f"| `{ask.name}` | {ask.open} | {expected} | {_said(aws.get(ask.name))} |")
    return "\n".join(lines) + "\n"


def _said(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return "not asked yet"
    return ", ".join(filter(None, (str(told["status"]), told["error_type"], told["family"])))


def _request(http: httpx.Client, url: str, token: str, ask: Ask) -> httpx.Request:
    query = {"qualifier": ask.qualifier} if ask.door == "runtime" else {}
    headers = [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")]
    headers += [("Authorization", text.format(token=token, forged=forged(token))) for text in ask.authorization]
    headers += list((ask.headers or {}).items())
    body = QUESTION if ask.door == "runtime" else LIST_TOOLS
    # In one string: given as a parameter, the query would have the path quoted anew.
    whole = url + ("?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else "")
    return http.build_request(ask.method, whole, headers=headers, content=json.dumps(body))


def _told(answer: httpx.Response) -> Told:
    body, good = answer.text, answer.status_code < 300
    message = "" if good else masked(_message(body))
    names = {name.lower() for name in answer.headers} - UNTOLD
    kind = answer.headers.get("x-amzn-errortype", "").split(":")[0]
    return Told(answer.status_code, kind, "agent's" if good else family_of(body), message, tuple(sorted(names)))


def _message(body: str) -> str:
    try:
        document = json.loads(body)
    except ValueError:
        return body
    found = document.get("message") or document.get("Message") if isinstance(document, dict) else None
    if found is None and isinstance(document, dict) and isinstance(document.get("error"), dict):
        found = document["error"].get("message")
    return str(found or "")


def doors_of(outputs: Mapping[str, Any]) -> dict[str, str]:
    """URLs from `invoke outputs --json`."""
    parts = urlsplit(outputs["runtime"]["invocation_url"])
    urls = {"runtime": f"{parts.scheme}://{parts.netloc}{parts.path}"}
    gateway = outputs.get("gateway") or {}
    return urls | ({"gateway": gateway["url"]} if gateway.get("url") else {})
