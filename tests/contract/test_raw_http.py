"""What no SDK would send, byte by byte, on both planes. Each row says which answers are right; a word in the body
of each request must have reached the agent when it was admitted, and must not have when it was refused."""

from __future__ import annotations

import json
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import psutil
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.contract.cloud import REGION, Local, People, eventually
from tests.contract.deployed import Deployed
from tests.contract.rawhttp import RECORDER, Good, Spoil, body_with, talk

Create = Callable[..., Deployed]
SESSION = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"


@dataclass
class Doors:
    """A runtime behind each kind of door, and what its agent was sent."""

    local: Local
    people: People
    jwt: Deployed
    iam: Deployed

    def seen(self, runtime: Deployed) -> list[dict[str, Any]]:
        """Every request that the agent read whole."""
        if runtime is self.jwt:
            answer = self.local.invoke(runtime.arn, body=b"recall", headers=self.people.bearer()).body
        else:
            reply = self.local.data().invoke_agent_runtime(agentRuntimeArn=runtime.arn, payload=b"recall")
            answer = reply["response"].read()
        found: list[dict[str, Any]] = json.loads(answer)["seen"]
        return found

    def good(self, plane: str) -> Good:
        """A request that passes on a plane: jwt and iam are the two doors, control tags a runtime with the word."""
        word = f"word{secrets.token_hex(8)}"
        if plane == "control":
            path = f"/tags/{quote(self.iam.arn, safe='')}"
            return self.signed(self.local.control_port, path, json.dumps({"tags": {word: "1"}}).encode(), word)
        runtime = self.jwt if plane == "jwt" else self.iam
        path = f"/runtimes/{quote(runtime.arn, safe='')}/invocations"
        if plane == "iam":
            return self.signed(self.local.data_port, path, body_with(word), word)
        bearer = self.people.bearer()["Authorization"]
        body = body_with(word)
        fields = (("Host", "a"), ("Authorization", bearer), ("Content-Length", str(len(body))))
        return Good(path, fields, body, word, bearer, runtime.arn)

    def signed(self, port: int, path: str, body: bytes, word: str) -> Good:
        request = AWSRequest("POST", f"http://127.0.0.1:{port}{path}", data=body)
        credentials = Credentials(self.local.emulator.key, self.local.emulator.secret)
        SigV4Auth(credentials, "bedrock-agentcore", REGION).add_auth(request)
        own = tuple((str(n), str(v)) for n, v in request.headers.items())
        fields = (("Host", f"127.0.0.1:{port}"), *own, ("Content-Length", str(len(body))))
        return Good(path, fields, body, word, arn=self.iam.arn)

    def port(self, plane: str) -> int:
        return self.local.control_port if plane == "control" else self.local.data_port

    def reached(self, plane: str, word: str) -> int:
        """How often the word arrived where requests of the plane end."""
        if plane == "control":
            tags = self.iam.control.list_tags_for_resource(resourceArn=self.iam.arn)["tags"]
            if word in tags:
                self.iam.control.untag_resource(resourceArn=self.iam.arn, tagKeys=[word])
            return int(word in tags)
        seen = self.seen(self.jwt if plane == "jwt" else self.iam)
        return sum(word in json.dumps(entry) for entry in seen)


@pytest.fixture(scope="module")
def doors(local: Local, people: People, create: Create, upload: Callable[..., dict[str, Any]]) -> Doors:
    artifact = upload(main=RECORDER)
    jwt = create(agentRuntimeArtifact=artifact, authorizerConfiguration=people.authorizer())
    return Doors(local, people, jwt, create(agentRuntimeArtifact=artifact))


@pytest.fixture(scope="module", autouse=True)
def slow(doors: Doors) -> Iterator[dict[str, tuple[Good, Future[list[int]]]]]:
    """Begins before the tables and is looked at behind them: a request to each plane whose headers never end."""
    with ThreadPoolExecutor() as pool:
        goods = {plane: doors.good(plane) for plane in ("jwt", "control")}
        yield {
            plane: (good, pool.submit(talk, doors.port(plane), good.head()[:-2], patience_s=60))
            for plane, good in goods.items()
        }


def row(name: str, right: str, spoil: Spoil) -> Any:
    """right: the answers in order, alternatives with |, closed for none. Admitted when one of them is 200."""
    return pytest.param(right, spoil, id=name)


def judge(doors: Doors, plane: str, right: str, spoil: Spoil) -> None:
    good = doors.good(plane)
    sent = spoil(good)
    expected = [{0 if w == "closed" else int(w) for w in answer.split("|")} for answer in right.split()]
    got = talk(doors.port(plane), sent, len(expected))
    success = 204 if plane == "control" else 200
    named = [{success if status == 200 else status for status in answers} for answers in expected]
    assert len(got) == len(named) and all(g in n for g, n in zip(got, named, strict=True)), (got, right)
    assert doors.reached(plane, good.word) == got.count(success)


# The framing of a request. The same on both planes, and at both doors.

FRAMING = [
    row("good", "200", Good.wire),
    row("no-host", "400", lambda g: g.less("host").wire()),
    row("two-hosts", "400", lambda g: g.plus(("Host", "b")).wire()),
    row("host-twice-the-same", "400", lambda g: g.first(g.headers[0]).wire()),
    row("length-and-chunked", "400", lambda g: g.plus(("Transfer-Encoding", "chunked")).wire()),
    row("chunked-and-length", "400", lambda g: g.first(("Transfer-Encoding", "chunked")).wire()),
    row("length-twice", "400", lambda g: g.plus(("Content-Length", str(len(g.body)))).wire()),
    row("two-lengths", "400", lambda g: g.plus(("Content-Length", "0")).wire()),
    row("length-list", "400", lambda g: g.swap("content-length", f"{len(g.body)}, {len(g.body)}").wire()),
    row("length-signed", "400", lambda g: g.swap("content-length", f"+{len(g.body)}").wire()),
    row("length-negative", "400", lambda g: g.swap("content-length", "-1").wire()),
    row("length-hex", "400", lambda g: g.swap("content-length", hex(len(g.body))).wire()),
    row("length-word", "400", lambda g: g.swap("content-length", "many").wire()),
    row("length-empty", "400", lambda g: g.swap("content-length", "").wire()),
    row("length-overflow", "400", lambda g: g.swap("content-length", "9" * 40).wire()),
    row("length-of-many-zeros", "400", lambda g: g.swap("content-length", "0" * 5_000 + str(len(g.body))).wire()),
    row("body-over-the-limit", "413", lambda g: g.swap("content-length", "100000001").wire()),
    row("chunked", "200", lambda g: g.chunked()),
    row("chunked-upper-case", "200|400", lambda g: g.chunked(coding="CHUNKED")),
    row("gzip-chunked", "400", lambda g: g.chunked(coding="gzip, chunked")),
    row("chunked-chunked", "400", lambda g: g.chunked(coding="chunked, chunked")),
    row("chunked-gzip", "400", lambda g: g.chunked(coding="chunked, gzip")),
    row("xchunked", "400", lambda g: g.chunked(coding="xchunked")),
    row("identity", "400", lambda g: g.chunked(coding="identity")),
    row("chunked-tab", "200|400", lambda g: g.chunked(coding="\tchunked")),
    row("chunked-vertical-tab", "400", lambda g: g.chunked(coding="\x0bchunked")),
    row("chunked-quoted", "400", lambda g: g.chunked(coding='"chunked"')),
    row("two-codings", "400", lambda g: g.plus(("Transfer-Encoding", "gzip")).chunked()),
    row("chunked-http-1.0", "400", lambda g: g.but(version="HTTP/1.0").chunked()),
    row("chunk-size-word", "400", lambda g: g.chunked(b"zz\r\n" + g.body + b"\r\n0\r\n\r\n")),
    row("chunk-size-signed", "400", lambda g: g.chunked(b"+%x\r\n%s\r\n0\r\n\r\n" % (len(g.body), g.body))),
    row("chunk-size-negative", "400", lambda g: g.chunked(b"-1\r\n" + g.body + b"\r\n0\r\n\r\n")),
    row("chunk-size-0x", "400", lambda g: g.chunked(b"0x%x\r\n%s\r\n0\r\n\r\n" % (len(g.body), g.body))),
    row("chunk-size-overflow", "400", lambda g: g.chunked(b"F" * 17 + b"\r\n" + g.body + b"\r\n0\r\n\r\n")),
    row("chunk-too-short", "400", lambda g: g.chunked(b"2\r\n" + g.body + b"\r\n0\r\n\r\n")),
    row("chunk-end-missing", "400", lambda g: g.chunked(b"%x\r\n%s0\r\n\r\n" % (len(g.body), g.body))),
    row("chunk-extension", "200|400", lambda g: g.chunked(b"%x;a=b\r\n%s\r\n0\r\n\r\n" % (len(g.body), g.body))),
    row("chunk-extension-bare-lf", "400", lambda g: g.chunked(b"%x;a\n%s\r\n0\r\n\r\n" % (len(g.body), g.body))),
    row("chunk-bare-lf", "400", lambda g: g.chunked(b"%x\n%s\n0\n\n" % (len(g.body), g.body))),
    row("bare-lf", "400", lambda g: g.but(end="\n").wire()),
    row("bare-cr", "400", lambda g: g.raw(b"X-A: 1\rX-B: 2\r\n")),
    row("bare-lf-in-a-header", "400", lambda g: g.raw(b"X-A: 1\nX-B: 2\r\n")),
    row("nul-in-a-value", "400", lambda g: g.raw(b"X-A: a\0b\r\n")),
    row("nul-in-a-name", "400", lambda g: g.raw(b"X\0A: a\r\n")),
    row("name-with-space", "400", lambda g: g.raw(b"X A: a\r\n")),
    row("space-before-colon", "400", lambda g: g.raw(b"X-A : a\r\n")),
    row("no-colon", "400", lambda g: g.raw(b"X-A\r\n")),
    row("no-name", "400", lambda g: g.raw(b": a\r\n")),
    row("folded", "400", lambda g: g.raw(b"X-A: 1\r\n 2\r\n")),
    row("folded-first", "400", lambda g: g.first((" X-A", "1")).wire()),
    row("http-0.9", "400|closed", lambda g: f"POST {g.target}\r\n\r\n".encode()),
    row("http-9.9", "400", lambda g: g.but(version="HTTP/9.9").wire()),
    row("http-lower-case", "400", lambda g: g.but(version="http/1.1").wire()),
    row("http-2-preface", "400|closed", lambda g: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + g.wire()),
    row("tls-hello", "400|closed", lambda g: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64)),
    row("two-spaces", "200|400", lambda g: g.but(method="POST ").wire()),
    row("method-lower-case", "400|404", lambda g: g.but(method="post").wire()),
    row("method-unknown", "400|404", lambda g: g.but(method="FOO").wire()),
    row("connect", "400", lambda g: g.but(method="CONNECT").wire()),
    row("connect-authority", "400", lambda g: g.but(method="CONNECT", target="127.0.0.1:1").wire()),
    row("trace", "403|404", lambda g: g.but(method="TRACE").wire()),
    row("options", "400|403|404", lambda g: g.but(method="OPTIONS").wire()),
    row("options-star", "400|403|404", lambda g: g.but(method="OPTIONS", target="*").wire()),
    row("a-mebibyte-of-header", "431|closed", lambda g: g.plus(("X-A", "a" * 2**20)).wire()),
    row("a-mebibyte-of-headers", "431|closed", lambda g: g.plus(*(("X-A", "a" * 1000),) * 1050).wire()),
    row("ten-thousand-headers", "431|closed", lambda g: g.plus(*(("X-A", "1"),) * 10_000).wire()),
    row("a-long-target", "431|400", lambda g: g.ask("x=" + "a" * 70_000).wire()),
    row("behind-a-refusal", "400", lambda g: g.less("host").wire() + g.wire()),
    row("in-a-refused-body", "400|401|403", lambda g: around(g, g.wire())),
]


def around(good: Good, inner: bytes) -> bytes:
    """A refused request whose body is a request."""
    return good.less("authorization").swap("content-length", str(len(inner))).but(body=inner).wire()


@pytest.mark.parametrize("plane", ["jwt", "iam", "control"])
@pytest.mark.parametrize(("right", "spoil"), FRAMING)
def test_framing(doors: Doors, plane: str, right: str, spoil: Spoil) -> None:
    judge(doors, plane, right, spoil)


# Credentials that are not where, or not how, they should be.

AUTH = "Authorization"
CREDENTIALS = [
    row("lower-case-name", "200", lambda g: g.less("authorization").plus(("authorization", g.bearer)).wire()),
    row("upper-case-scheme", "200", lambda g: g.swap(AUTH, g.bearer.replace("Bearer", "BEARER")).wire()),
    row("good-first", "400", lambda g: g.plus((AUTH, "Bearer x")).wire()),
    row("good-last", "400", lambda g: g.first((AUTH, "Bearer x")).wire()),
    row("good-twice", "400", lambda g: g.plus((AUTH, g.bearer)).wire()),
    row("empty-and-good", "400", lambda g: g.first((AUTH, "")).wire()),
    row("two-cases", "400", lambda g: g.plus(("AUTHORIZATION", "Bearer x")).wire()),
    row("comma-joined", "403", lambda g: g.swap(AUTH, f"{g.bearer}, Bearer x").wire()),
    row("comma-joined-good-last", "403", lambda g: g.swap(AUTH, f"Bearer x, {g.bearer}").wire()),
    row("two-tokens", "403", lambda g: g.swap(AUTH, f"{g.bearer} x").wire()),
    row("folded-after-scheme", "400", lambda g: g.swap(AUTH, g.bearer.replace(" ", "\r\n ", 1)).wire()),
    row("folded-in-token", "400", lambda g: g.swap(AUTH, g.bearer[:60] + "\r\n " + g.bearer[60:]).wire()),
    row("two-spaces", "403", lambda g: g.swap(AUTH, g.bearer.replace(" ", "  ", 1)).wire()),
    row("tab", "401|403", lambda g: g.swap(AUTH, g.bearer.replace(" ", "\t", 1)).wire()),
    row("trailing-spaces", "200", lambda g: g.swap(AUTH, g.bearer + "  ").wire()),
    row("non-ascii-tail", "403", lambda g: g.swap(AUTH, g.bearer + "\xe9").wire()),
    row("no-break-space", "401|403", lambda g: g.swap(AUTH, g.bearer.replace(" ", "\xa0", 1)).wire()),
    row("padded", "403", lambda g: g.swap(AUTH, g.bearer + "=").wire()),
    row("in-the-query", "401", lambda g: g.less("authorization").ask(f"access_token={g.bearer[7:]}").wire()),
    row("in-the-form", "401", lambda g: as_form(g)),
    row("in-a-cookie", "401", lambda g: g.less("authorization").plus(("Cookie", f"Authorization={g.bearer}")).wire()),
    row("proxy-authorization", "401", lambda g: g.less("authorization").plus(("Proxy-Authorization", g.bearer)).wire()),
    row("x-authorization", "401", lambda g: g.less("authorization").plus(("X-Authorization", g.bearer)).wire()),
    row("underscore", "401", lambda g: g.less("authorization").plus(("Author_ization", g.bearer)).wire()),
    row("in-a-trailer", "401", lambda g: in_trailer(g)),
    row("named-by-connection", "200", lambda g: g.plus(("Connection", "authorization")).wire()),
    row("presigned-too", "400", lambda g: g.ask("X-Amz-Signature=00&X-Amz-Algorithm=AWS4-HMAC-SHA256").wire()),
    row("basic", "401", lambda g: g.swap(AUTH, "Basic YTpi").wire()),
    row("sigv4-words", "403", lambda g: g.swap(AUTH, "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request").wire()),
    row("wrong-host", "200", lambda g: g.swap("host", "evil.example").wire()),
    row("absolute-form", "200|400", lambda g: g.but(target=f"http://evil.example{g.target}").wire()),
    row("http-1.0", "200", lambda g: g.but(version="HTTP/1.0").wire()),
    row("expects-100", "200", lambda g: g.plus(("Expect", "100-continue")).wire()),
    row("expects-100-refused", "401", lambda g: g.less("authorization").plus(("Expect", "100-continue")).wire()),
    row("upgrade-h2c", "400", lambda g: g.plus(("Connection", "Upgrade"), ("Upgrade", "h2c")).wire()),
    row("pipelined", "401 200", lambda g: g.less("authorization").but(body=b"x" * len(g.body)).wire() + g.wire()),
    row("pipelined-good-first", "200 401", lambda g: g.wire() + g.less("authorization").but(body=b"{}  ").wire()),
    row("body-cut-short", "401 400", lambda g: g.less("authorization").swap("content-length", "1").wire()),
]


def as_form(good: Good) -> bytes:
    body = good.body + f"&access_token={good.bearer[7:]}".encode()
    form = good.less("authorization").plus(("Content-Type", "application/x-www-form-urlencoded"))
    return form.swap("content-length", str(len(body))).but(body=body).wire()


def in_trailer(good: Good) -> bytes:
    trailer = f"0\r\nAuthorization: {good.bearer}\r\n\r\n".encode()
    framed = b"%x\r\n%s\r\n" % (len(good.body), good.body) + trailer
    return good.less("authorization").plus(("Trailer", "Authorization")).chunked(framed)


@pytest.mark.parametrize(("right", "spoil"), CREDENTIALS)
def test_credentials(doors: Doors, right: str, spoil: Spoil) -> None:
    judge(doors, "jwt", right, spoil)


SIGNED = [
    row("bearer-too", "400", lambda g: g.plus((AUTH, "Bearer x")).wire()),
    row("bearer-first", "400", lambda g: g.first((AUTH, "Bearer x")).wire()),
    row("bearer-instead", "403", lambda g: g.swap(AUTH, "Bearer e30.e30.AA").wire()),
    row("presigned-too", "400|403", lambda g: g.ask("X-Amz-Signature=00").wire()),
    row("wrong-host", "403", lambda g: g.swap("host", "evil.example").wire()),
    row("other-body", "403", lambda g: g.but(body=g.body.replace(b":", b";")).wire()),
    row("other-case-of-hex", "403", lambda g: g.but(target=g.target.replace("%3A", "%3a")).wire()),
    row("further-query", "403", lambda g: g.ask("a=b").wire()),
    row("amz-header-added", "403", lambda g: g.plus(("X-Amz-Meta", "1")).wire()),
    row("date-twice", "400", lambda g: g.plus(("X-Amz-Date", "20200101T000000Z")).wire()),
    row("get-with-body", "403|404", lambda g: g.but(method="GET").wire()),
    row("signature-upper-case", "403", lambda g: upper_signature(g)),
    row("folded", "400", lambda g: g.swap(AUTH, dict(g.headers)[AUTH].replace(", ", ",\r\n ", 1)).wire()),
    row("absolute-form", "200|400|403", lambda g: g.but(target=f"http://evil.example{g.target}").wire()),
]


def upper_signature(good: Good) -> bytes:
    start, _, signature = dict(good.headers)[AUTH].rpartition("=")
    return good.swap(AUTH, f"{start}={signature.upper()}0"[: len(start) + 65]).wire()


@pytest.mark.parametrize("plane", ["iam", "control"])
@pytest.mark.parametrize(("right", "spoil"), SIGNED)
def test_signatures(doors: Doors, plane: str, right: str, spoil: Spoil) -> None:
    judge(doors, plane, right, spoil)


# How a runtime may be spelled. A spelling that is none of ours is 404 to callers with a credential.


def at(spell: Callable[[str], str], query: str = "", rest: str = "/invocations") -> Spoil:
    return lambda g: g.but(target=f"/runtimes/{spell(g.arn)}{rest}{query}").wire()


def escaped(arn: str) -> str:
    return quote(arn, safe="")


def every_byte(arn: str) -> str:
    return "".join(f"%{byte:02x}" for byte in arn.encode())


def with_id(arn: str) -> str:
    return arn.rsplit("/", 1)[1]


TARGETS = [
    row("colons-plain", "200", at(lambda arn: quote(arn, safe=":"))),
    row("lower-case-hex", "200", at(lambda arn: escaped(arn).replace("%3A", "%3a").replace("%2F", "%2f"))),
    row("mixed-case-hex", "200", at(lambda arn: escaped(arn).replace("%3A", "%3a", 2))),
    row("every-byte-encoded", "200", at(every_byte)),
    row("by-id", "200", at(with_id, "?accountId=000000000000")),
    row("by-id-without-account", "400", at(with_id)),
    row("by-id-of-other-account", "404", at(with_id, "?accountId=111122223333")),
    row("by-id-account-twice", "400", at(with_id, "?accountId=000000000000&accountId=111122223333")),
    row("account-no-number", "400", at(with_id, "?accountId=root")),
    row("unencoded", "404", at(lambda arn: arn)),
    row("double-encoded", "400", at(lambda arn: escaped(escaped(arn)))),
    row("slash-double-encoded", "404", at(lambda arn: escaped(arn).replace("%2F", "%252F"))),
    row("two-slashes", "404", at(lambda arn: escaped(arn).replace("%2F", "%2F%2F"))),
    row("backslash", "404", at(lambda arn: escaped(arn).replace("%2F", "%5C"))),
    row("division-slash", "404", at(lambda arn: escaped(arn).replace("%2F", "%E2%88%95"))),
    row("overlong-slash", "400", at(lambda arn: escaped(arn).replace("%2F", "%C0%AF"))),
    row("trailing-slash", "404", at(lambda arn: escaped(arn) + "%2F")),
    row("trailing-dot", "404", at(lambda arn: escaped(arn) + ".")),
    row("trailing-space", "404", at(lambda arn: escaped(arn) + "%20")),
    row("trailing-newline", "404", at(lambda arn: escaped(arn) + "%0A")),
    row("trailing-nul", "404", at(lambda arn: escaped(arn) + "%00")),
    row("leading-nul", "400|404", at(lambda arn: "%00" + escaped(arn))),
    row("raw-nul", "400", at(lambda arn: escaped(arn) + "\0")),
    row("raw-non-ascii", "400|404", at(lambda arn: escaped(arn) + "\xe9")),
    row("utf-8", "404", at(lambda arn: escaped(arn) + "%C3%A9")),
    row("half-an-escape", "400", at(lambda arn: escaped(arn) + "%2")),
    row("no-escape", "400", at(lambda arn: escaped(arn) + "%zz")),
    row("dots-after", "404", at(escaped, rest="/../invocations")),
    row("dots-before", "404", at(lambda arn: "../" + escaped(arn))),
    row("dots-within", "404", at(lambda arn: "x/../" + escaped(arn))),
    row("encoded-dots", "400", at(lambda arn: "%2e%2e%2f" + escaped(arn))),
    row("encoded-dots-into-ours", "400", at(lambda arn: "x%2F..%2F" + escaped(arn))),
    row("other-case", "400", at(lambda arn: escaped(arn.upper()))),
    row("other-account", "404", at(lambda arn: escaped(arn.replace("000000000000", "111122223333")))),
    row("other-region", "404", at(lambda arn: escaped(arn.replace("us-east-1", "eu-west-1")))),
    row("other-partition", "404", at(lambda arn: escaped(arn.replace("arn:aws:", "arn:aws-cn:")))),
    row("other-service", "404", at(lambda arn: escaped(arn.replace("bedrock-agentcore", "bedrock")))),
    row("endpoint-arn", "404", at(lambda arn: escaped(arn + "/runtime-endpoint/DEFAULT"))),
    row("star", "404", at(lambda arn: escaped(arn[:-1] + "*"))),
    row("no-id", "404", at(lambda arn: escaped(arn.rsplit("/", 1)[0] + "/"))),
    row("empty", "404", at(lambda arn: "")),
    row("ten-kibibytes", "431", at(lambda arn: escaped(arn) + "a" * 10_240)),
    row("prefix", "404", lambda g: g.but(target="/v1" + g.target).wire()),
    row("two-leading-slashes", "404", lambda g: g.but(target="/" + g.target).wire()),
    row("slash-at-the-end", "404", lambda g: g.but(target=g.target + "/").wire()),
    row("encoded-operation", "404", lambda g: g.but(target=g.target.replace("invocations", "%69nvocations")).wire()),
    row("parameters", "404", lambda g: g.but(target=g.target + ";a=b").wire()),
    row("fragment", "200|400|404", lambda g: g.but(target=g.target + "#a").wire()),
    row("qualifier", "200", lambda g: g.ask("qualifier=DEFAULT").wire()),
    row("qualifier-encoded", "200", lambda g: g.ask("qualifier=%44EFAULT").wire()),
    row("qualifier-unknown", "404", lambda g: g.ask("qualifier=prod").wire()),
    row("qualifier-other-case", "404", lambda g: g.ask("qualifier=default").wire()),
    row("qualifier-empty", "400|404", lambda g: g.ask("qualifier=").wire()),
    row("qualifier-twice", "400", lambda g: g.ask("qualifier=DEFAULT&qualifier=prod").wire()),
    row("qualifier-twice-the-same", "400", lambda g: g.ask("qualifier=DEFAULT&qualifier=DEFAULT").wire()),
    row("qualifier-path", "404", lambda g: g.ask("qualifier=..%2FDEFAULT").wire()),
    row("query-unknown", "200", lambda g: g.ask("a=b").wire()),
    row("query-malformed", "400", lambda g: g.ask("a=%ff").wire()),
    row("query-semicolon", "404", lambda g: g.ask("qualifier=DEFAULT;qualifier=prod").wire()),
]


@pytest.mark.parametrize(("right", "spoil"), TARGETS)
def test_targets(doors: Doors, right: str, spoil: Spoil) -> None:
    judge(doors, "jwt", right, spoil)


@pytest.mark.parametrize(("right", "spoil"), TARGETS)
def test_targets_without_a_credential(doors: Doors, right: str, spoil: Spoil) -> None:
    """Nobody passes, and what is not there looks like an IAM door."""
    refused = {"200": "401", "404": "403|404"}
    without = " ".join("|".join(refused.get(w, w) for w in answer.split("|")) for answer in right.split())
    judge(doors, "jwt", without, lambda good: spoil(good.less("authorization")))


# Sessions and headers.

SESSIONS = [
    row("32", "400", lambda g: g.plus((SESSION, "s" * 32)).wire()),
    row("33", "200", lambda g: g.plus((SESSION, "s" * 33)).wire()),
    row("256", "200", lambda g: g.plus((SESSION, "s" * 256)).wire()),
    row("257", "400", lambda g: g.plus((SESSION, "s" * 257)).wire()),
    row("empty", "400", lambda g: g.plus((SESSION, "")).wire()),
    row("spaces", "400", lambda g: g.plus((SESSION, " " * 40)).wire()),
    row("twice", "400", lambda g: g.plus((SESSION, "s" * 33), (SESSION, "t" * 33)).wire()),
    row("twice-the-same", "400", lambda g: g.plus((SESSION, "s" * 33), (SESSION, "s" * 33)).wire()),
    row("tab", "400", lambda g: g.plus((SESSION, "s" * 20 + "\t" + "s" * 20)).wire()),
    row("escape", "400", lambda g: g.plus((SESSION, "s" * 20 + "\x1b" + "s" * 20)).wire()),
    row("delete", "400", lambda g: g.plus((SESSION, "s" * 20 + "\x7f" + "s" * 20)).wire()),
    row("non-ascii", "400", lambda g: g.plus((SESSION, "s" * 33 + "\xe9")).wire()),
    row("odd-printables", "200", lambda g: g.plus((SESSION, "../" * 11 + "%00\"'<>")).wire()),
    row("content-type-too-long", "400", lambda g: g.plus(("Content-Type", "a" * 257)).wire()),
    row("content-type-twice", "400", lambda g: g.plus(("Content-Type", "a/b"), ("Content-Type", "c/d")).wire()),
    row("trace-id-too-long", "400", lambda g: g.plus(("X-Amzn-Trace-Id", "a" * 129)).wire()),
]


@pytest.mark.parametrize("plane", ["jwt"])
@pytest.mark.parametrize(("right", "spoil"), SESSIONS)
def test_sessions_and_members(doors: Doors, plane: str, right: str, spoil: Spoil) -> None:
    judge(doors, plane, right, spoil)


SPOOFED = {
    "X-Amzn-Bedrock-AgentCore-Runtime-User-Id": "root",
    "X-Amzn-Bedrock-AgentCore-Runtime-Request-Id": "spoofed",
    "X-Amzn-Bedrock-AgentCore-Runtime-Workload-AccessToken": "spoofed",
    "WorkloadAccessToken": "spoofed",
    "OAuth2CallbackUrl": "https://evil.example",
    "X-Amzn-Bedrock-AgentCore-Runtime-Custom-Unlisted": "spoofed",
    "X-Forwarded-For": "10.0.0.1",
    "X-Forwarded-Host": "evil.example",
    "Forwarded": "for=10.0.0.1",
    "X-Real-Ip": "10.0.0.1",
    "X-Original-Url": "/admin",
    "X-Http-Method-Override": "DELETE",
    "Proxy-Authorization": "Basic YTpi",
    "Cookie": "a=b",
    "Te": "trailers",
    "Keep-Alive": "timeout=1000",
    "Proxy": "http://evil.example",
    "Range": "bytes=0-1",
    "Content-Encoding": "gzip",
}


@pytest.mark.parametrize("name", SPOOFED)
def test_a_spoofed_header_stays_at_the_door(doors: Doors, name: str) -> None:
    good = doors.good("jwt")
    assert talk(doors.local.data_port, good.plus((name, SPOOFED[name])).wire()) == [200]
    (arrived,) = (entry for entry in doors.seen(doors.jwt) if good.word in entry["body"])
    headers = dict(arrived["headers"])
    assert SPOOFED[name] not in headers.values()
    assert "authorization" not in headers
    assert not any("smuggled" in value for value in headers.values())


@pytest.mark.parametrize("name", ["Authorization", "Host", SESSION, "Content-Length", "Transfer-Encoding"])
def test_a_header_named_by_connection_keeps_its_meaning(doors: Doors, name: str) -> None:
    good = doors.good("jwt").plus(("Connection", name))
    assert talk(doors.local.data_port, good.wire()) == [200]
    assert talk(doors.local.data_port, good.less("authorization").wire()) == [401]


# WebSocket handshakes.


def handshake(good: Good) -> Good:
    fields = (("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"))
    made = good.less("content-length").plus(*fields, ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="))
    return made.but(method="GET", target=good.target.replace("/invocations", "/ws"), body=b"")


HANDSHAKES = [
    row("no-token", "401", lambda g: g.less("authorization").wire()),
    row("bad-token", "403", lambda g: g.swap(AUTH, "Bearer e30.e30.AA").wire()),
    row("two-tokens", "400", lambda g: g.plus((AUTH, "Bearer x")).wire()),
    row("two-tokens-good-last", "400", lambda g: g.first((AUTH, "Bearer x")).wire()),
    row("presigned-too", "400", lambda g: g.ask("X-Amz-Signature=00").wire()),
    row("in-the-query", "401", lambda g: g.less("authorization").ask(f"access_token={g.bearer[7:]}").wire()),
    row("in-a-cookie", "401", lambda g: g.less("authorization").plus(("Cookie", f"Authorization={g.bearer}")).wire()),
    row("no-host", "400", lambda g: g.less("host").wire()),
    row("two-hosts", "400", lambda g: g.plus(("Host", "b")).wire()),
    row("post", "400", lambda g: g.but(method="POST").wire()),
    row("with-a-body", "400", lambda g: g.plus(("Content-Length", "2")).but(body=b"{}").wire()),
    row("with-chunks", "400", lambda g: g.plus(("Transfer-Encoding", "chunked")).but(body=b"0\r\n\r\n").wire()),
    row("no-key", "400", lambda g: g.less("sec-websocket-key").wire()),
    row("short-key", "400", lambda g: g.swap("sec-websocket-key", "AA==").wire()),
    row("old-version", "400|426", lambda g: g.swap("sec-websocket-version", "8").wire()),
    row("http-1.0", "400|404|closed", lambda g: g.but(version="HTTP/1.0").wire()),
    row("other-runtime", "404", lambda g: g.but(target=g.target.replace("runtime%2F", "runtime%2Fx")).wire()),
    row("double-encoded", "400", lambda g: g.but(target=g.target.replace("%", "%25")).wire()),
    row("at-invocations", "400|404", lambda g: g.but(target=g.target.replace("/ws", "/invocations")).wire()),
    row("qualifier-twice", "400", lambda g: g.ask("qualifier=DEFAULT&qualifier=DEFAULT").wire()),
    row("short-session", "400", lambda g: g.plus((SESSION, "s" * 32)).wire()),
    row("many-headers", "431", lambda g: g.plus(*(("X-A", "1"),) * 200).wire()),
    row("long-header", "431|closed", lambda g: g.plus(("X-A", "a" * 40_000)).wire()),
    row("request-behind", "401", lambda g: g.less("authorization").wire() + g.wire()),
]


@pytest.mark.parametrize(("right", "spoil"), HANDSHAKES)
def test_a_refused_handshake_reaches_nobody(doors: Doors, right: str, spoil: Spoil) -> None:
    before = len(doors.seen(doors.jwt))
    judge(doors, "jwt", right, lambda good: spoil(handshake(good)))
    assert len(doors.seen(doors.jwt)) == before


# Connections that are slow, half-closed or gone.


def trickle(data: bytes, pieces: int, pause_s: float) -> Iterator[bytes]:
    size = -(-len(data) // pieces)
    for start in range(0, len(data), size):
        yield data[start : start + size]
        time.sleep(pause_s)


@pytest.mark.parametrize("plane", ["jwt", "iam", "control"])
def test_a_request_in_small_pieces_is_one_request(doors: Doors, plane: str) -> None:
    good = doors.good(plane)
    assert talk(doors.port(plane), trickle(good.wire(), 40, 0.005)) == [204 if plane == "control" else 200]
    assert doors.reached(plane, good.word) == 1


@pytest.mark.parametrize("plane", ["jwt", "iam", "control"])
def test_a_body_that_breaks_off_reaches_nobody(doors: Doors, plane: str) -> None:
    good = doors.good(plane)
    with socket.create_connection(("127.0.0.1", doors.port(plane)), timeout=10) as s:
        s.sendall(good.wire()[:-1])
        time.sleep(0.1)
    assert doors.reached(plane, good.word) == 0


def test_a_chunked_body_that_breaks_off_reaches_nobody(doors: Doors) -> None:
    good = doors.good("jwt")
    with socket.create_connection(("127.0.0.1", doors.local.data_port), timeout=10) as s:
        s.sendall(good.chunked(b"%x\r\n%s\r\n" % (len(good.body), good.body)))
        time.sleep(0.1)
    assert doors.reached("jwt", good.word) == 0


@pytest.mark.parametrize("plane", ["jwt", "control"])
def test_a_half_closed_caller_leaves_nothing_behind(doors: Doors, plane: str) -> None:
    good = doors.good(plane)
    with socket.create_connection(("127.0.0.1", doors.port(plane)), timeout=10) as s:
        s.sendall(good.less("authorization").wire())
        s.shutdown(socket.SHUT_WR)
        reply = b""
        while chunk := s.recv(65536):
            reply += chunk
    assert not reply or reply.split(b" ")[1] in (b"401", b"403")
    assert doors.reached(plane, good.word) == 0


def test_a_reset_connection_is_forgotten(doors: Doors) -> None:
    assert doors.local.process is not None
    process = psutil.Process(doors.local.process.pid)
    before = process.num_fds()
    for _ in range(50):
        good = doors.good("jwt")
        s = socket.create_connection(("127.0.0.1", doors.local.data_port), timeout=10)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        s.sendall(good.wire()[: -secrets.randbelow(len(good.wire()) - 1) - 1])
        s.close()
    eventually(lambda: process.num_fds() < before + 20, "descriptors are given back")


def test_headers_that_never_end_were_cut_off(doors: Doors, slow: dict[str, tuple[Good, Future[list[int]]]]) -> None:
    assert [call.result() for _, call in slow.values()] == [[0], [0]]
    assert [doors.reached(plane, good.word) for plane, (good, _) in slow.items()] == [0, 0]


def test_the_tables_are_as_large_as_promised() -> None:
    rows = 3 * len(FRAMING) + len(CREDENTIALS) + 2 * len(SIGNED) + 2 * len(TARGETS) + len(SESSIONS) + len(SPOOFED)
    assert rows >= 80
