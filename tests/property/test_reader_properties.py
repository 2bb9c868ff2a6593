"""The readers of what strangers send: each answers or refuses in its own way, and never in another."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import suppress
from string import Formatter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agentcore_local import base64url
from agentcore_local.fetch import BadOidcMap, OidcMap
from agentcore_local.jwks import BadDocument, UnusableKey, admit_key, parse_discovery, parse_key_set
from agentcore_local.keys import FetchFailed, KeyStore, KeysUnavailable
from agentcore_local.policy import InvalidPolicy, Policy, parse_policy
from agentcore_local.strict_json import MAX_DEPTH, NotStrictJson, parse_object
from agentcore_local.urls import BadUrl, is_loopback, require_fetchable, split_url
from agentcore_local.wire import ROWS, Refused
from tests.fakes.tokens import DISCOVERY_URL, ISSUER, JWKS_URI, ec_key, rsa_key

finite = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | st.integers() | finite | st.text(max_size=12)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)

# The policy of a deployed runtime.

MEMBERS = ["discoveryUrl", "allowedAudience", "allowedClients", "allowedScopes", "advertisedScopeMapping"]
CUSTOM = ["inboundTokenClaimName", "inboundTokenClaimValueType", "authorizingClaimMatchValue"]
rule_values = json_values | st.sampled_from(["STRING", "STRING_ARRAY", "EQUALS", "CONTAINS", "CONTAINS_ANY", "tier"])
match_values = st.dictionaries(
    st.sampled_from(["claimMatchOperator", "claimMatchValue"]),
    rule_values | st.dictionaries(st.sampled_from(["matchValueString", "matchValueStringList"]), rule_values),
)
rules = st.lists(st.dictionaries(st.sampled_from(CUSTOM), rule_values | match_values) | json_values, max_size=2)
likely = st.sampled_from([DISCOVERY_URL, ["a"], {"a": "b"}, [""], [None], "a", [["a"]], [DISCOVERY_URL]])
configurations = st.fixed_dictionaries(
    {},
    optional={name: likely | json_values for name in MEMBERS}
    | {"customClaims": rules | json_values, "privateEndpoint": json_values},
)


@given(configurations | st.dictionaries(st.text(max_size=8), json_values, max_size=4))
def test_a_policy_is_parsed_or_invalid(configuration: dict[str, Any]) -> None:
    try:
        policy = parse_policy(configuration)
    except InvalidPolicy as error:
        assert error.fields
        assert all(isinstance(name, str) and isinstance(message, str) for name, message in error.fields)
    else:
        assert isinstance(policy, Policy)
        assert policy.has_rules
        assert policy.discovery_url == configuration["discoveryUrl"]


@given(configurations)
def test_no_rule_of_an_accepted_policy_is_lost(configuration: dict[str, Any]) -> None:
    try:
        policy = parse_policy(configuration)
    except InvalidPolicy:
        return
    assert policy.clients == set(configuration.get("allowedClients", []))
    assert policy.audience == set(configuration.get("allowedAudience", []))
    assert policy.scopes == set(configuration.get("allowedScopes", []))
    assert len(policy.claims) == len(configuration.get("customClaims", []))


# JSON and base64url.


@given(st.binary() | json_values.map(lambda v: json.dumps(v).encode()) | st.text().map(lambda t: t.encode("utf-8")))
def test_an_object_is_read_as_the_library_reads_it_or_refused(raw: bytes) -> None:
    try:
        value = parse_object(raw)
    except NotStrictJson:
        return
    assert value == json.loads(raw)


@given(st.dictionaries(st.text(max_size=6), json_values, max_size=4))
def test_every_plain_object_is_read(value: dict[str, Any]) -> None:
    assert parse_object(json.dumps(value).encode()) == value
    assert parse_object(json.dumps(value, ensure_ascii=False).encode("utf-8")) == value


@given(st.text(max_size=6), json_values, json_values)
def test_a_name_that_appears_twice_is_refused(name: str, first: Any, second: Any) -> None:
    twice = f"{{{json.dumps(name)}:{json.dumps(first)},{json.dumps(name)}:{json.dumps(second)}}}"
    for raw in (twice, f'{{"outer":{twice}}}', f'{{"outer":[{twice}]}}'):
        with suppress(NotStrictJson):
            raise AssertionError(parse_object(raw.encode()))


@given(st.integers(1, 4 * MAX_DEPTH), st.sampled_from(["[]", "{}"]), st.text(alphabet='[]{}"\\', max_size=8))
def test_depth_is_bounded_whatever_strings_hold(depth: int, brackets: str, text: str) -> None:
    opened = "[" if brackets == "[]" else '{"a":'
    closed = brackets[1]
    raw = f'{{"text":{json.dumps(text)},"deep":{opened * depth}0{closed * depth}}}'.encode()
    try:
        parse_object(raw)
    except NotStrictJson:
        assert depth + 1 > MAX_DEPTH
    else:
        assert depth + 1 <= MAX_DEPTH


@given(st.text() | st.binary(min_size=1).map(lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"=").decode()))
def test_base64url_has_one_spelling(text: str) -> None:
    try:
        decoded = base64url.decode(text)
    except base64url.NotBase64Url:
        return
    assert base64.urlsafe_b64encode(decoded).decode().rstrip("=") == text


@given(st.binary(min_size=1))
def test_every_byte_string_has_a_base64url_spelling(raw: bytes) -> None:
    assert base64url.decode(base64.urlsafe_b64encode(raw).rstrip(b"=").decode()) == raw


# Keys and where they come from.

JWK_NAMES = ["kty", "kid", "use", "alg", "key_ops", "n", "e", "crv", "x", "y", "d", "k", "x5c"]
GOOD_KEYS = [rsa_key().as_dict(private=False), ec_key("P-256").as_dict(private=False)]
jwk_values = json_values | st.sampled_from(
    ["RSA", "EC", "oct", "OKP", "sig", "RS256", "P-256", "AQAB", "AQ", "a" * 400]
)
entries = st.dictionaries(st.sampled_from(JWK_NAMES), jwk_values, max_size=6)


@given(st.sampled_from([{}, *GOOD_KEYS]), entries)
def test_a_key_is_admitted_or_unusable(base: dict[str, Any], changes: dict[str, Any]) -> None:
    with suppress(UnusableKey):
        key = admit_key(base | changes)
        assert key.algorithms
        assert not {"none", "HS256", "HS384", "HS512"} & set(key.algorithms)


@given(st.lists(entries | json_values, max_size=4), st.binary(max_size=60))
def test_a_key_set_is_read_or_bad(keys: list[Any], raw: bytes) -> None:
    for body in (json.dumps({"keys": keys}).encode(), json.dumps(keys).encode(), raw):
        with suppress(BadDocument):
            parse_key_set(body)
        with suppress(BadDocument):
            parse_discovery(body)


hosts = st.sampled_from(["127.0.0.1", "localhost", "[::1]", "idp.example", "127.0.0.1.evil", "evil@127.0.0.1", "[", ""])
urls = st.text() | st.builds(
    lambda scheme, host, port, path: f"{scheme}{host}{port}{path}",
    st.sampled_from(["http://", "https://", "file://", "HTTP://", "//", "https:", "https:\\\\"]),
    hosts,
    st.sampled_from(["", ":0", ":80", ":x", ":99999", ":-1"]),
    st.text(alphabet="/.%2eE?#@\\ \t\né", max_size=8),
)


@given(urls)
def test_a_url_is_split_or_bad(url: str) -> None:
    with suppress(BadUrl):
        assert split_url(url).scheme in ("http", "https")
    for local in (True, False):
        try:
            require_fetchable(url, local=local)
        except BadUrl:
            continue
        assert url.lower().startswith("https://") or (local and is_loopback(url))
    with suppress(BadOidcMap):
        OidcMap([url])


@given(
    st.dictionaries(
        st.sampled_from([DISCOVERY_URL, JWKS_URI]),
        st.binary(max_size=80)
        | entries.map(lambda e: json.dumps({"keys": [e], "issuer": ISSUER, "jwks_uri": JWKS_URI}).encode())
        | st.sampled_from([FetchFailed("down"), OSError("down"), TimeoutError()]),
    ),
    st.text(max_size=4),
)
def test_a_key_store_knows_or_says_that_it_cannot(answers: dict[str, Any], kid: str) -> None:
    async def fetch(url: str) -> bytes:
        answer = answers.get(url, FetchFailed("nothing there"))
        if isinstance(answer, Exception):
            raise answer
        return bytes(answer)

    async def ask() -> None:
        store = KeyStore(fetch, lambda: 1.0)
        with suppress(KeysUnavailable):
            assert (await store.get(DISCOVERY_URL, kid)).keys

    asyncio.run(ask())


# What goes out.


@given(st.sampled_from(sorted(ROWS)), st.text())
def test_a_refusal_is_one_ascii_json_document(slug: str, text: str) -> None:
    words: dict[str, Any] = {name: text for _, name, _, _ in Formatter().parse(ROWS[slug].message) if name}
    refusal = Refused(slug, fields=[(text, text)], **words)
    assert refusal.slug == slug
    assert refusal.body().isascii()
    assert isinstance(json.loads(refusal.body()), dict)
    assert 400 <= refusal.row.status < 600
