"""Who may speak to the emulator at all, decided before it reads anything of the request. Pure.

The emulator takes the access key "test" and every key of twelve digits for its root without a look at the signature,
and any bearer token for root at its JSON services (ministack: iam_evaluator.is_root_access_key). It also runs Lambda
functions as the user who started it, so without this any program or web page of the machine could run code as that
user. What gets past is judged by the emulator: real keys by their signature and their policies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl

LOOPBACK_HOST = re.compile(rb"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?")
SHORT_CUT = re.compile(r"(test)?|[0-9]{12}")
CREDENTIAL = re.compile(r"Credential=([^/,\s]*)", re.IGNORECASE)
OWN_PATHS = ("/_ministack/changes", "/_ministack/health", "/_ministack/save")
OAUTH_PATHS = "/oauth2/"


def refusal(path: str, query: bytes, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Why a request must not reach the emulator; None if it may. Names of headers are in lower case, as ASGI has them.

    A browser names the page that sends in Origin, and the name that it believes to call in Host.
    """
    fields = list(headers)
    hosts = [value for name, value in fields if name == b"host"]
    if len(hosts) != 1 or not LOOPBACK_HOST.fullmatch(hosts[0]):
        return "the Host header names no loopback address"
    if any(name == b"origin" and value != b"http://" + hosts[0] for name, value in fields):
        return "a page of another origin may not call the emulator"
    if "/_ministack" in path and path not in OWN_PATHS:
        return "the emulator's own administration is closed"
    kinds = [value.lower() for name, value in fields if name == b"content-type"]
    if any(b"multipart/" in kind for kind in kinds):
        # S3's form upload carries its key in the body, where the emulator takes a short-cut too.
        return "uploads by a form are not served"
    given = [value.decode("latin-1").strip() for name, value in fields if name == b"authorization"]
    return _refused_credentials(given, path) or _refused_keys(query)


def _refused_credentials(given: list[str], path: str) -> str | None:
    for value in given:
        scheme = value.partition(" ")[0].lower()
        if scheme.startswith("aws4-"):
            keys = CREDENTIAL.findall(value)
            if not keys or any(SHORT_CUT.fullmatch(key) for key in keys):
                return "the access key is one of the emulator's short-cuts"
        elif not (scheme in ("bearer", "basic") and path.startswith(OAUTH_PATHS)):
            return "only signed requests are served"
    return None


def _refused_keys(query: bytes) -> str | None:
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name.lower() in ("x-amz-credential", "awsaccesskeyid") and SHORT_CUT.fullmatch(value.partition("/")[0]):
            return "the access key is one of the emulator's short-cuts"
    return None
