"""Program: what the door would answer to one credential, and by which rule. Nothing is served, stored or logged.

    python -m agentcore_local.decide [--oidc-map ISSUER_BASE=LOCAL_BASE]... [--proxies] < request.json

Standard input holds one document, or a list of them that share the fetched keys:

    {"authorizer": {...} or null, "authorization_header": "..." or null, "now": Unix seconds, if not the clock's}

`authorizer` is a `customJWTAuthorizer` as GetAgentRuntime gives it, null for a runtime without one. The answer has the
same form: `decision` is allow, deny, or unknown where it takes more than the header (a signature to be checked, an
authorizer with members that are not played here). Exit code 2 for input of another form.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TextIO
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from agentcore_local.authorizer import Deny, InvalidPolicy, Policy, parse_policy, token_key_id
from agentcore_local.fetch import AiohttpFetch, BadOidcMap, OidcMap
from agentcore_local.gate import kind_of
from agentcore_local.jwks import IssuerKeys
from agentcore_local.keys import Fetch, KeyStore, KeysUnavailable
from agentcore_local.trace import KeysFault, Row, trace
from agentcore_local.wire import ROWS

EXIT_USAGE = 2
Document = dict[str, Any]


class BadRequest(ValueError):
    """The input is not of the form above. The message never quotes it."""


class Decider:
    """Decides requests one by one. `fetch` and `is_mapped` as for keys.KeyStore; `clock` in Unix seconds."""

    def __init__(self, fetch: Fetch, clock: Callable[[], float], is_mapped: Callable[[str], bool]) -> None:
        self._fetch, self._clock = fetch, clock
        self._fetched: set[str] = set()
        self._keys = KeyStore(self._recorded, time.monotonic, is_mapped=is_mapped)

    async def decide(self, request: Mapping[str, Any]) -> Document:
        """The answer to one request. Raises BadRequest."""
        authorizer, header, now = _read(request, self._clock)
        kind = kind_of(header)
        if authorizer is None:
            return _iam_door(kind)
        if kind == "sigv4":
            return _answer("jwt", "deny", "method_mismatch", rows=[_method_row("SigV4", "a bearer token")])
        try:
            policy = parse_policy(authorizer)
        except InvalidPolicy as e:
            row = Row("policy", "failed", "an authorizer that is played here", str(e), "no_policy")
            return _answer("jwt", "unknown", "no_policy", rows=[row])
        walked = trace(header, policy, await self._known(policy, header), now)
        if isinstance(walked.decision, Deny):
            reason, also = walked.decision.reason.value, [r.value for r in walked.decision.also]
            return _answer("jwt", "deny", reason, also, walked.rows, walked.verified)
        return _answer("jwt", "allow", rows=walked.rows, verified=walked.verified)

    async def close(self) -> None:
        await self._keys.close()

    async def _known(self, policy: Policy, header: str | None) -> IssuerKeys | KeysFault:
        url = policy.discovery_url
        self._fetched.discard(url)
        try:
            return await self._keys.get(url, token_key_id(header))
        except KeysUnavailable as e:
            # The discovery document is at fault unless it was had and read: then its key set is.
            read = url in self._fetched and e.cause != "issuer_mismatch"
            followed = len(self._fetched) > 1 or e.cause != "bad_document"
            return KeysFault("keys" if read and followed else "discovery", str(e))

    async def _recorded(self, url: str) -> bytes:
        body = await self._fetch(url)
        self._fetched.add(url)
        return body


def _read(request: Mapping[str, Any], clock: Callable[[], float]) -> tuple[Document | None, str | None, int]:
    if not isinstance(request, dict) or "authorizer" not in request:
        raise BadRequest("a request is an object with the member authorizer")
    authorizer, header = request["authorizer"], request.get("authorization_header")
    now = request.get("now", int(clock()))
    if not isinstance(authorizer, dict | None):
        raise BadRequest("authorizer must be an object or null")
    if not isinstance(header, str | None):
        raise BadRequest("authorization_header must be a text or null")
    if type(now) is not int or now < 0:
        raise BadRequest("now must be whole Unix seconds")
    return authorizer, header, now


def _method_row(seen: str, wanted: str) -> Row:
    return Row("method", "failed", wanted, seen, "method_mismatch")


def _iam_door(kind: str) -> Document:
    if kind == "bearer":
        return _answer("iam", "deny", "method_mismatch", rows=[_method_row("a bearer token", "SigV4")])
    if kind == "sigv4":
        return _answer("iam", "unknown")
    seen = "none" if kind == "none" else "another scheme"
    row = Row("header", "failed", "a request signed with SigV4", seen, "iam_no_credentials")
    return _answer("iam", "deny", "iam_no_credentials", rows=[row])


def _answer(
    door: str,
    decision: str,
    reason: str | None = None,
    also: Sequence[str] = (),
    rows: Sequence[Row] = (),
    verified: bool = False,
) -> Document:
    row = ROWS.get(reason) if reason and decision == "deny" else None
    return {
        "door": door,
        "decision": decision,
        "reason": reason,
        "also": list(also),
        "status": row.status if row else None,
        "words": row.message if row else None,
        "sure": row.sure if row else None,
        "verified": verified,
        "rules": [{k: v for k, v in asdict(r).items() if v is not None} for r in rows],
    }


async def answer_all(decider: Decider, given: object) -> object:
    """One answer for one request, a list for a list. Raises BadRequest."""
    try:
        if isinstance(given, list):
            return [await decider.decide(request) for request in given]
        return await decider.decide(given)  # type: ignore[arg-type]
    finally:
        await decider.close()


def _proxy(url: str) -> str | None:
    """The one that the environment names for that URL."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)


def main(argv: Sequence[str], source: TextIO, sink: TextIO, errors: TextIO, clock: Callable[[], float]) -> int:
    parser = argparse.ArgumentParser(prog="agentcore_local.decide", allow_abbrev=False)
    parser.add_argument("--oidc-map", action="append", default=[], metavar="ISSUER_BASE=LOCAL_BASE")
    parser.add_argument("--proxies", action="store_true", help="fetch through the proxies of the environment")
    args = parser.parse_args(argv)
    try:
        oidc_map = OidcMap(args.oidc_map)
        fetch = AiohttpFetch(oidc_map, proxy=_proxy) if args.proxies else AiohttpFetch(oidc_map)
        decider = Decider(fetch, clock, oidc_map.maps)
        given = json.load(source)
        answer = asyncio.run(answer_all(decider, given))
    except (BadOidcMap, BadRequest) as e:
        print(f"agentcore_local.decide: {e}", file=errors)
        return EXIT_USAGE
    except (ValueError, RecursionError):
        print("agentcore_local.decide: standard input is not JSON", file=errors)
        return EXIT_USAGE
    json.dump(answer, sink)
    sink.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdin, sys.stdout, sys.stderr, time.time))
