"""Looks for tokens and secrets in what is about to be sealed. A finding names file and pattern, never the value."""

from __future__ import annotations

import binascii
import math
import re
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestration.errors import BadInput
from orchestration.evidence.views import WrappedTooOften, forms, squeezed, views

SHORTEST_SECRET = 6
# Random base64 of 40 characters has 4.5 to 5 bits each; paths and names of that length have less.
SECRET_KEY_BITS = 4.25
QUOTES = r"[\"']*"


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


JWT = r"(?:ey[A-DI-L]|ew[k-r0-3])[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}"
# Where blanks are taken out words meet, so each start is looked at by itself, and what it begins is decoded.
SQUEEZED_JWT = re.compile(rf"(?=({JWT}))")

PATTERNS: tuple[Pattern, ...] = (
    # '{"', "{ " or "{" and a line end or tab in base64url, then at least one more part; the signature may be cut off.
    Pattern("jwt", re.compile(JWT)),
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
    if short := sorted(name for name, value in secrets.items() if len(squeezed(value)) < SHORTEST_SECRET):
        raise BadInput(
            f"too short to look for: {', '.join(short)}",
            remedy=f"a secret has at least {SHORTEST_SECRET} characters",
            code="secret_too_short",
        )
    texts = ((path.name, path.read_text(encoding="utf-8", errors="replace")) for path in sorted(folder.iterdir()))
    return sorted({finding for name, text in texts for finding in findings(name, f"{name}\n{text}", secrets)})


def findings(name: str, text: str, secrets: Mapping[str, str]) -> Iterator[Finding]:
    """What one text holds, in whatever it is wrapped."""
    try:
        seen = views(text)
    except WrappedTooOften:
        yield Finding(name, "wrapped-too-often")
        return
    for pattern in PATTERNS:
        if any(pattern.confirm(match[0]) for view in seen for match in pattern.expression.finditer(view)):
            yield Finding(name, pattern.name)
    joined = {squeezed(view) for view in seen}
    if any(_has_header(match[1]) for view in joined for match in SQUEEZED_JWT.finditer(view)):
        yield Finding(name, "jwt")
    for secret, value in secrets.items():
        if any(squeezed(form) in view for form in forms(value) for view in joined):
            yield Finding(name, f"value of {secret}")


def _has_header(token: str) -> bool:
    """Whether it begins with the JSON header that each signed or encrypted token has (RFC 7515, 7516: "alg")."""
    header = token.partition(".")[0]
    try:
        return b'"alg"' in urlsafe_b64decode(header + "=" * (-len(header) % 4))
    except binascii.Error:
        return False
