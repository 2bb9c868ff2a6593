"""Refused for what the Authorization header is: its number, its scheme, its shape, its place."""

from __future__ import annotations

import base64
import json

from orchestration.checks.callers import Caller
from orchestration.checks.case import Case, Family, Verdict
from orchestration.checks.cases import families
from orchestration.checks.draft import (
    Change,
    headers_around,
    part,
    raw_header,
    rewritten,
    same,
    scheme,
    text,
    token_in_cookie,
    token_in_query,
    token_in_trailer,
)
from orchestration.checks.forge import Token, b64, raw
from orchestration.checks.request import Request


def refused(
    id: str,
    title: str,
    change: Change,
    cause: str = "shape",
    family: Family = families.UNREADABLE,
    tag: str = "credential",
    caller: Caller = Caller.PERSON,
) -> Case:
    return Case(id, title, caller, change, Verdict.REFUSED, family, cause, tags=frozenset({tag}))


def nobody(id: str, title: str, change: Change, cause: str, family: Family = families.NO_TOKEN) -> Case:
    return refused(id, title, change, cause, family, caller=Caller.NOBODY)


def _standard_alphabet(token: Token) -> Token:
    padded = base64.b64encode(raw(token.payload))
    return Token(token.header, padded.decode().rstrip("=") + "==", token.signature)


def _doubled_name(token: Token) -> Token:
    """Two readers of {"alg": "none", "alg": "RS256"} may take different ones."""
    rest = json.dumps(token.fields)[1:]
    return Token(b64(f'{{"alg": "none", {rest}'.encode()), token.payload, token.signature)


def _folded(request: Request) -> Request:
    """Authorization over two lines, as HTTP/1.1 no longer allows (RFC 9112, 5.2)."""
    headers = [
        (name, value.replace(" ", "\r\n ", 1) if name == "Authorization" else value) for name, value in request.headers
    ]
    counted = ("Content-Length", str(len(request.body)))
    return Request(request.method, request.target, (*headers, counted), request.body, verbatim=True)


CASES = (
    nobody("no-token", "no Authorization header", same, "header"),
    nobody("empty-header", "an empty Authorization header", raw_header(""), "header"),
    nobody("scheme-alone", "Bearer and nothing more", raw_header("Bearer"), "shape", families.UNREADABLE),
    nobody("scheme-basic", "Basic instead of Bearer", raw_header("Basic dXNlcjpwYXNz"), "scheme"),
    nobody("garbage", "a word that is no token", raw_header("Bearer garbage"), "shape", families.UNREADABLE),
    refused("scheme-token", "the good token behind another scheme", scheme("Token "), "scheme", tag="scheme"),
    refused("no-scheme", "the good token without a scheme", scheme(""), "scheme", tag="scheme"),
    refused(
        "two-headers-good-first",
        "a second Authorization header behind the good one",
        headers_around(after=("Bearer garbage",)),
        "one_credential",
        families.AMBIGUOUS,
    ),
    refused(
        "two-headers-good-last",
        "another Authorization header before the good one",
        headers_around(before=("Bearer garbage",)),
        "one_credential",
        families.AMBIGUOUS,
    ),
    refused("folded-header", "the good header over two lines", rewritten(_folded), "scheme", families.AMBIGUOUS),
    refused("token-in-trailer", "the good token in a trailer", token_in_trailer, "header", families.AMBIGUOUS),
    refused("token-in-query", "the good token in the query", token_in_query, "header", families.NO_TOKEN),
    refused("token-in-cookie", "the good token in a cookie", token_in_cookie, "header", families.NO_TOKEN),
    refused("two-tokens", "two tokens in one header", text(lambda good: f"{good}, Bearer garbage")),
    refused("two-parts", "a token without its signature", text(lambda good: good.rpartition(".")[0])),
    refused("four-parts", "a fourth part behind the signature", text(lambda good: f"{good}.e30")),
    refused("space-inside", "a blank inside the token", text(lambda good: f"{good[:40]} {good[40:]}")),
    refused("padding", "padding that base64url has not", part(lambda t: Token(t.header + "=", t.payload, t.signature))),
    refused("standard-base64", "a payload in padded base64", part(_standard_alphabet)),
    refused("header-no-json", "a header that is no JSON", part(lambda t: Token(b64(b"RS256"), t.payload, t.signature))),
    refused("header-doubled-name", "two alg in one header", part(_doubled_name), family=families.UNVERIFIED),
)
