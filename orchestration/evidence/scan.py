"""Looks for tokens and secrets in what is about to be sealed. A finding names file and pattern, never the value."""

from __future__ import annotations

import base64
import html
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from orchestration.errors import BadInput

SHORTEST_SECRET = 6
# Random base64 of 40 characters has 4.5 to 5 bits each; paths and names of that length have less.
SECRET_KEY_BITS = 4.25
QUOTES = r"[\"']*"
ESCAPED = re.compile(r"\\([^A-Za-z0-9\s])")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """`pattern` is a name out of PATTERNS, or "value of <name of the secret>"."""

    file: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """`confirm` sees the text of each match and may say that it is none."""

    name: str
    expression: re.Pattern[str]
    confirm: Callable[[str], bool] = lambda text: True


def _random_looking(text: str) -> bool:
    mixed = all(re.search(kind, text) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    bits = -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())
    return mixed and bits >= SECRET_KEY_BITS


PATTERNS: tuple[Pattern, ...] = (
    # '{"', "{ " or "{" and a line end or tab in base64url, then at least one more part; the signature may be cut off.
    Pattern("jwt", re.compile(r"(?:ey[A-DI-L]|ew[k-r0-3])[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}")),
    Pattern("authorization-value", re.compile(r"\b(?:Bearer|Basic)\s+[A-Za-z0-9._~+/-]{24,}", re.I)),
    Pattern("sigv4-signature", re.compile(r"Signature=[0-9a-f]{64}", re.I)),
    Pattern(
        "aws-secret-access-key",
        re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"),
        _random_looking,
    ),
    # How tokens of AWS STS begin: "...origin..." and "...er/aws..." in base64.
    Pattern("aws-session-token", re.compile(r"(?:IQoJb3JpZ2lu|F[wQ]oGZXIvYXdz)[A-Za-z0-9/+=]{20,}")),
    Pattern(
        "assigned-secret",
        re.compile(
            rf"(?:client_?secret|secret_?access_?key|password){QUOTES}\s*[:=]\s*{QUOTES}[^\s\"'<>&\\]{{8,}}", re.I
        ),
    ),
    Pattern("pem-block", re.compile(r"-----BEGIN [A-Z0-9 ]+-----")),
)


def scan(folder: Path, secrets: Mapping[str, str]) -> list[Finding]:
    """Findings in every file below the folder, names of files included. `secrets`: {name: value} to look for as well.

    Raises BadInput for a value so short that it would be found everywhere.
    """
    if short := sorted(name for name, value in secrets.items() if len(value) < SHORTEST_SECRET):
        raise BadInput(
            f"too short to look for: {', '.join(short)}",
            remedy=f"a secret has at least {SHORTEST_SECRET} characters",
            code="secret_too_short",
        )
    texts = ((path.name, path.read_text(encoding="utf-8", errors="replace")) for path in sorted(folder.iterdir()))
    return sorted({finding for name, text in texts for finding in findings(name, f"{name}\n{text}", secrets)})


def findings(name: str, text: str, secrets: Mapping[str, str]) -> Iterator[Finding]:
    """What one text holds."""
    views = _views(text)
    for pattern in PATTERNS:
        if any(pattern.confirm(match[0]) for view in views for match in pattern.expression.finditer(view)):
            yield Finding(name, pattern.name)
    for secret, value in secrets.items():
        if any(form in view for form in _forms(value) for view in views):
            yield Finding(name, f"value of {secret}")


def _views(text: str) -> set[str]:
    """The text as it stands and as HTML, a URL, JSON or Markdown mean it."""
    return {text, html.unescape(text), unquote(text), ESCAPED.sub(r"\1", text)}


def _forms(value: str) -> set[str]:
    """The value, as ASCII JSON writes it, and in base64."""
    raw = value.encode()
    return {
        value,
        json.dumps(value)[1:-1],
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
    }
