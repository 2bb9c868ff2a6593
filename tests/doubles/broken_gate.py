"""A second door, written apart from agentcore_local, that can be broken in one way at a time.

It keeps the matrix honest: without a switch every verdict is as expected, and with each switch exactly the cases that
are about it turn wrong. It takes requests as they would go over the wire, in process and without sockets.
"""

from __future__ import annotations

import json
import posixpath
import re
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, unquote

from orchestration.checks.request import SESSION_HEADER, Reply, Request
from tests.doubles import issuer
from tests.doubles.signed_door import Call, SignedDoor, Signer
from tests.doubles.switches import Switch
from tests.doubles.token_door import Keys, Refused, Rules, TokenDoor

MAX_HEADERS, MAX_BODY = 32_768, 100_000_000
_ROUTE = re.compile(r"/runtimes/([^/]+)/invocations")
_ANONYMOUS = "nobody"


@dataclass
class BrokenGate:
    """checks.request.Sender and checks.run.Canaries at once.

    `doors` maps runtime ARNs and gateway URLs to what they ask for, None for signed calls alone. `fetched` is what URLs
    of an attacker would bring.
    """

    doors: Mapping[str, Rules | None]
    now: int
    wrong: frozenset[Switch] = frozenset()
    fetched: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    keys_reachable: bool = True
    reached: set[str] = field(default_factory=set)
    owners: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def seen(self, sent: Collection[str], expected: Collection[str]) -> set[str]:
        return self.reached.intersection(sent)

    def send(self, request: Request) -> Reply:
        try:
            return self._serve(request)
        except Refused as e:
            if Switch.REFUSES_AND_FORWARDS in self.wrong:
                self._behind(request, _ANONYMOUS)
            if self._gateway(request) and e.status in (401, 403):
                e = _of_a_gateway(e)
            status = 409 if Switch.WRONG_STATUS in self.wrong else e.status
            if e.status == 401:
                return Reply(status, json.dumps({"jsonrpc": "2.0", "error": {"code": -32001, "message": e.words}}))
            return Reply(status, json.dumps({"message": e.words}), e.kind)

    def _serve(self, request: Request) -> Reply:
        self._check_form(request)
        arn, rules = self._door(request)
        caller = self._signed(request, arn) if rules is None else self._token(request, rules)
        self._check_session(request)
        if Switch.ANSWERS_WITHOUT_AGENT in self.wrong:
            return _answer("hello", request)
        return self._behind(request, caller)

    def _behind(self, request: Request, caller: str) -> Reply:
        return self._function(request) if self._gateway(request) else self._agent(request, caller)

    def _gateway(self, request: Request) -> str | None:
        """The URL of the gateway that is called, if one is."""
        path = request.target.partition("?")[0]
        return next((url for url in self.doors if not url.startswith("arn:") and url.endswith(path)), None)

    def _check_form(self, request: Request) -> None:
        names = [name.lower() for name, _ in request.headers]
        if {"content-length", "transfer-encoding"} <= set(names) and Switch.TWO_LENGTHS_ADMITTED not in self.wrong:
            raise Refused(400, "A length and chunks", "ValidationException")
        if Switch.OVERSIZE_ADMITTED not in self.wrong:
            if sum(len(name) + len(value) for name, value in request.headers) > MAX_HEADERS:
                raise Refused(431, "Request header fields are too large", "ValidationException")
            if int(_header(request, "content-length") or 0) > MAX_BODY:
                raise Refused(413, "Request body is too large", "ValidationException")
        choosing = {Switch.FIRST_HEADER_WINS, Switch.LAST_HEADER_WINS}
        if names.count("authorization") > 1 and not choosing & self.wrong:
            raise Refused(400, "Only one Authorization header is allowed", "ValidationException")
        if any("\n" in value for _, value in request.headers) and Switch.FOLDED_HEADER_JOINED not in self.wrong:
            raise Refused(400, "Folded header", "ValidationException")

    def _door(self, request: Request) -> tuple[str, Rules | None]:
        if url := self._gateway(request):
            return url, self.doors[url]
        path, _, query = request.target.partition("?")
        if Switch.ROUTE_NORMALISED in self.wrong:
            path = _normalised(path)
        match = _ROUTE.fullmatch(path)
        if match is None:
            raise Refused(404, "", "UnknownOperationException")
        arn = unquote(match[1])
        if Switch.ANY_RUNTIME in self.wrong and arn not in self.doors:
            arn = next(iter(self.doors))
        qualifiers = parse_qs(query).get("qualifier", ["DEFAULT"])
        if len(qualifiers) > 1 and Switch.QUALIFIER_IGNORED not in self.wrong:
            raise Refused(400, "Member must be given once", "ValidationException")
        known = qualifiers == ["DEFAULT"] or Switch.QUALIFIER_IGNORED in self.wrong
        if arn not in self.doors or not known:
            words = f"No endpoint or agent found with qualifier {qualifiers[0]!r}"
            raise Refused(404, words, "ResourceNotFoundException")
        return arn, self.doors[arn]

    def _token(self, request: Request, rules: Rules) -> str:
        header = self._authorization(request)
        if header.startswith("AWS4-HMAC-SHA256"):
            if Switch.SIGNED_CALLS_ADMITTED in self.wrong:
                return _ANONYMOUS
            raise Refused(403, "Authorization method mismatch.")
        token = self._bearer(request, header)
        if token is None:
            if Switch.EMPTY_ADMITTED in self.wrong and header in ("", "Bearer"):
                return _ANONYMOUS
            if Switch.BASIC_ADMITTED in self.wrong and header.startswith("Basic "):
                return _ANONYMOUS
            raise Refused(401, "Missing Authentication Token", "UnauthorizedException")
        own, other = ({k["kid"]: k} for k in map(issuer.public_jwk, (issuer.POOL, issuer.OTHER_POOL)))
        keys = Keys(own if self.keys_reachable else None, other, self.fetched)
        claims = TokenDoor(issuer.POOL, rules, keys, self.now, self.wrong).claims_of(token)
        return f"{claims.get('iss')} {claims.get('sub')}"

    def _authorization(self, request: Request) -> str:
        values = [value for name, value in request.headers if name.lower() == "authorization"] or [""]
        value = values[-1 if Switch.LAST_HEADER_WINS in self.wrong else 0]
        return re.sub(r"\r\n[ \t]+", " ", value).strip()

    def _bearer(self, request: Request, header: str) -> str | None:
        scheme, _, token = header.partition(" ")
        fits = scheme == "Bearer" if Switch.SCHEME_CASE_COUNTS in self.wrong else scheme.lower() == "bearer"
        if Switch.ANY_SCHEME in self.wrong and token.count(".") == 2:
            fits = True
        if Switch.NO_SCHEME_NEEDED in self.wrong and not token and header.count(".") == 2:
            fits, token = True, header
        if fits and token:
            return token.partition(",")[0] if Switch.FIRST_TOKEN_OF_A_LIST in self.wrong else token
        return self._elsewhere(request)

    def _elsewhere(self, request: Request) -> str | None:
        """A token from where none belongs (RFC 6750, 2.2 and 2.3; RFC 9110, 6.5.1)."""
        if Switch.TOKEN_FROM_QUERY in self.wrong and (found := re.search(r"access_token=([^&]+)", request.target)):
            return found[1]
        cookie = _header(request, "cookie") or ""
        if Switch.TOKEN_FROM_COOKIE in self.wrong and cookie.startswith("access_token="):
            return cookie.partition("=")[2]
        trailer = re.search(rb"\r\nAuthorization: Bearer ([^\r]+)", request.body)
        if Switch.TOKEN_FROM_TRAILER in self.wrong and trailer:
            return trailer[1].decode()
        return None

    def _signed(self, request: Request, arn: str) -> str:
        header = self._authorization(request)
        if header.startswith("Bearer "):
            if Switch.TOKENS_AT_SIGNED_DOOR in self.wrong:
                return _ANONYMOUS
            raise Refused(403, "Authorization method mismatch.")
        if not header.startswith("AWS4-HMAC-SHA256"):
            if Switch.UNSIGNED_ADMITTED in self.wrong:
                return _ANONYMOUS
            raise Refused(403, "Missing Authentication Token")
        signers = {
            given.key_id: Signer(given.secret, given.token, arn if caller.name == "INVOKER" else "")
            for caller, given in issuer.ROLES.items()
        }
        headers = {name.lower(): value for name, value in request.headers}
        headers.setdefault("host", issuer.BASE_URL.removeprefix("http://"))
        call = Call(request.method, request.target, headers, request.body)
        return SignedDoor(arn, signers, issuer.REGION, self.now, self.wrong).admit(call)

    def _check_session(self, request: Request) -> None:
        session = _header(request, SESSION_HEADER)
        if session and not 33 <= len(session) <= 256 and Switch.SESSION_LENGTH_IGNORED not in self.wrong:
            raise Refused(400, "runtimeSessionId failed to satisfy constraint", "ValidationException")

    def _agent(self, request: Request, caller: str) -> Reply:
        """What the agent does: notes the canary, and keeps a session for the one who began it."""
        body = _body(request)
        with self.lock:
            self.reached.update(re.findall(r'"canary": "([0-9a-f]{32})"', body))
            session = _header(request, SESSION_HEADER) or ""
            owner = self.owners.setdefault(session, caller) if session else caller
        if owner != caller and Switch.SESSION_UNBOUND not in self.wrong:
            return Reply(424, json.dumps({"message": "Received error (403) from runtime."}), "RuntimeClientError")
        return _answer("hello", request)

    def _function(self, request: Request) -> Reply:
        """A list of tools is the gateway's own to answer."""
        if b'"tools/list"' in request.body:
            return Reply(200, json.dumps({"result": {"tools": [{"name": "credit-check___get_credit_score"}]}}))
        with self.lock:
            self.reached.update(re.findall(r'"id": "([0-9a-f]{32})"', _body(request)))
        return _answer('{"customer_id": "1234", "credit_score": 742}', request)


def _of_a_gateway(refused: Refused) -> Refused:
    """AgentCore devguide: gateway-inbound-auth."""
    if "'scope'" in refused.words:
        return Refused(403, "insufficient_scope")
    return Refused(401, "Invalid Bearer token", "UnauthorizedException")


def _answer(text: str, request: Request) -> Reply:
    document = json.dumps({"result": {"content": [{"text": text}]}})
    return Reply(200, f"data: {document}\n\n" if b'"stream": true' in request.body else document)


def _header(request: Request, name: str) -> str | None:
    return next((value for key, value in request.headers if key.lower() == name.lower()), None)


def _body(request: Request) -> str:
    """The body's text; chunks are near enough to it for what is looked for here."""
    return request.body.decode("utf-8", "replace")


def _normalised(path: str) -> str:
    """Unquoted until nothing is left to unquote, way back taken, slashes and NUL at the end dropped, quoted again."""
    while (once := unquote(path)) != path:
        path = once
    inside = posixpath.normpath(path.replace("\0", "")).removeprefix("/runtimes/").removesuffix("/invocations")
    return f"/runtimes/{quote(inside.strip('/'), safe='')}/invocations"
