"""Pages of a list: maxResults 1-100, and a nextToken that says where the next page begins."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from agentcore_local.wire import Refused

MAX_RESULTS = 100


def page(key: str, items: list[dict[str, Any]], params: Mapping[str, Any]) -> dict[str, Any]:
    """One page of items under the reply's list key."""
    start, size = _start(params.get("nextToken")), params.get("maxResults", MAX_RESULTS)
    reply: dict[str, Any] = {key: items[start : start + size]}
    if start + size < len(items):
        reply["nextToken"] = base64.urlsafe_b64encode(f"from:{start + size}".encode()).decode()
    return reply


def _start(token: str | None) -> int:
    if token is None:
        return 0
    try:
        label, _, number = base64.urlsafe_b64decode(token.encode()).decode("ascii").partition(":")
        if label == "from" and number.isdigit() and len(number) < 9:
            return int(number)
    except (ValueError, binascii.Error):
        pass
    raise Refused("validation", detail="nextToken is not valid", fields=[("nextToken", "is not valid")])
