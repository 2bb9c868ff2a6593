"""What is not one well-formed token is refused before any key is looked at."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest

from agentcore_local.authorizer import Allow, token_key_id
from agentcore_local.bearer import MAX_TOKEN_BYTES
from tests.fakes.tokens import ABSENT, CLAIMS, ISSUER, KID, bearer, claims, compact, decide, reason

GOOD = bearer()
GOOD_TOKEN = GOOD.removeprefix("Bearer ")
HEAD, PAYLOAD, SIGNATURE = GOOD_TOKEN.split(".")


def raw(payload: bytes | str, head: bytes | str | None = None) -> str:
    """A correctly signed token over exactly these bytes."""
    payload = payload.encode() if isinstance(payload, str) else payload
    return "Bearer " + compact(payload, head.encode() if isinstance(head, str) else head)


def spare_bits(part: str) -> str:
    """The same bytes spelt otherwise: the bits beyond the last byte set."""
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    assert len(part) % 4 in (2, 3)
    return part[:-1] + alphabet[alphabet.index(part[-1]) ^ 1]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_scheme_is_admitted_in_any_case(scheme: str) -> None:
    assert isinstance(decide(f"{scheme} {GOOD_TOKEN}"), Allow)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param(None, "missing_token", id="no-header"),
        pytest.param("", "missing_token", id="empty-header"),
        pytest.param("   ", "missing_token", id="blank-header"),
        pytest.param("Bearer", "malformed_token", id="scheme-alone"),
        pytest.param("Bearer ", "malformed_token", id="scheme-and-space"),
        pytest.param("Bearer    ", "malformed_token", id="scheme-and-spaces"),
        pytest.param(f"Basic {GOOD_TOKEN}", "wrong_scheme", id="basic"),
        pytest.param(f"Token {GOOD_TOKEN}", "wrong_scheme", id="token"),
        pytest.param(f"JWT {GOOD_TOKEN}", "wrong_scheme", id="jwt"),
        pytest.param(f"Negotiate {GOOD_TOKEN}", "wrong_scheme", id="negotiate"),
        pytest.param(f"AWS4-HMAC-SHA256 {GOOD_TOKEN}", "wrong_scheme", id="sigv4"),
        pytest.param(f"Bearers {GOOD_TOKEN}", "wrong_scheme", id="longer-scheme"),
        pytest.param(GOOD_TOKEN, "wrong_scheme", id="no-scheme"),
        pytest.param(f"Bearer{GOOD_TOKEN}", "wrong_scheme", id="no-space"),
        pytest.param(f"Bearer\t{GOOD_TOKEN}", "malformed_token", id="tab-for-space"),
        pytest.param(f"Bearer  {GOOD_TOKEN}", "malformed_token", id="two-spaces"),
        pytest.param(f" {GOOD}", "malformed_token", id="leading-space"),
        pytest.param(f"{GOOD} ", "malformed_token", id="trailing-space"),
        pytest.param(f"\N{KELVIN SIGN}earer {GOOD_TOKEN}", "malformed_token", id="scheme-of-another-script"),
        pytest.param(f"Bearer {GOOD}", "malformed_token", id="scheme-twice"),
        pytest.param(f"{GOOD}, {GOOD}", "malformed_token", id="two-credentials"),
        pytest.param(f"{GOOD} {GOOD_TOKEN}", "malformed_token", id="two-tokens"),
        pytest.param(f"{GOOD},{GOOD_TOKEN}", "malformed_token", id="comma-joined"),
        pytest.param(f'Bearer "{GOOD_TOKEN}"', "malformed_token", id="quoted"),
        pytest.param("Bearer undefined", "malformed_token", id="word"),
        pytest.param(f"Bearer {HEAD}", "malformed_token", id="one-part"),
        pytest.param(f"Bearer {HEAD}.{PAYLOAD}", "malformed_token", id="two-parts"),
        pytest.param(f"{GOOD}.", "malformed_token", id="trailing-dot"),
        pytest.param(f"{GOOD}.{SIGNATURE}", "malformed_token", id="four-parts"),
        pytest.param(f"{GOOD}.{SIGNATURE}.{SIGNATURE}", "malformed_token", id="five-parts-as-a-jwe"),
        pytest.param("Bearer ..", "malformed_token", id="only-dots"),
        pytest.param(f"Bearer .{PAYLOAD}.{SIGNATURE}", "malformed_token", id="empty-head"),
        pytest.param(f"Bearer {HEAD}..{SIGNATURE}", "malformed_token", id="empty-payload"),
        pytest.param(f"Bearer {HEAD}.{PAYLOAD}.", "malformed_token", id="empty-signature"),
        pytest.param(f"{GOOD}==", "malformed_token", id="padded-signature"),
        pytest.param(f"Bearer {HEAD}=.{PAYLOAD}.{SIGNATURE}", "malformed_token", id="padded-head"),
        pytest.param(f"Bearer {HEAD}.{PAYLOAD[:9]}\n{PAYLOAD[9:]}.{SIGNATURE}", "malformed_token", id="newline"),
        pytest.param(f"Bearer {HEAD}.{PAYLOAD[:9]} {PAYLOAD[9:]}.{SIGNATURE}", "malformed_token", id="space"),
        pytest.param(f"Bearer {HEAD}.{PAYLOAD}\r\n.{SIGNATURE}", "malformed_token", id="folded"),
        pytest.param(f"{GOOD}\x00", "malformed_token", id="nul"),
        pytest.param(f"{GOOD}\N{LATIN SMALL LETTER E WITH ACUTE}", "malformed_token", id="latin-1"),
        pytest.param(f"{GOOD}\udcff", "malformed_token", id="surrogate-escaped-byte"),
        pytest.param(f"{GOOD}+", "malformed_token", id="plus-of-the-other-alphabet"),
        pytest.param(f"{GOOD}/w", "malformed_token", id="slash-of-the-other-alphabet"),
        pytest.param(f"{GOOD}!!!!", "malformed_token", id="foreign-characters-appended"),
        pytest.param(f"Bearer {HEAD}.{PAYLOAD}.{spare_bits(SIGNATURE)}", "malformed_token", id="spare-bits-set"),
        pytest.param(f"{GOOD}AAAA", "bad_signature", id="trailing-data"),
        pytest.param("Bearer " + "A" * (MAX_TOKEN_BYTES + 1), "oversized_token", id="oversized"),
        pytest.param("Bearer " + "." * 1_000_000, "oversized_token", id="a-million-dots"),
        pytest.param(GOOD + "A" * 1_000_000, "oversized_token", id="a-mebibyte-appended"),
    ],
)
def test_shape_is_refused(header: str | None, expected: str) -> None:
    assert reason(header) == expected


@pytest.mark.parametrize(
    "head",
    [
        pytest.param("garbage", id="not-json"),
        pytest.param("[]", id="list"),
        pytest.param('"RS256"', id="string"),
        pytest.param("null", id="null"),
        pytest.param(f'{{"alg":"RS256","kid":"{KID}"', id="cut"),
        pytest.param(f'{{"alg":"RS256","kid":"{KID}"}} x', id="trailing-data"),
        pytest.param(f'{{"alg":"RS256","kid":"{KID}",}}', id="trailing-comma"),
        pytest.param(f'{{"alg":"none","alg":"RS256","kid":"{KID}"}}', id="duplicate-alg"),
        pytest.param(f'{{"alg":"RS256","kid":"x","kid":"{KID}"}}', id="duplicate-kid"),
        pytest.param(f'\N{BOM}{{"alg":"RS256","kid":"{KID}"}}', id="byte-order-mark"),
        pytest.param(f'{{"alg":"RS256","kid":"{KID}"}}'.encode("utf-16"), id="utf-16"),
        pytest.param(b'{"alg":"RS256","kid":"' + KID.encode() + b'","x":"\xff"}', id="not-utf-8"),
        pytest.param(f'{{"alg":"RS256","kid":"{KID}","x":"\\ud800"}}', id="lone-surrogate"),
        pytest.param(f'{{"alg":"RS256","kid":"{KID}","x":NaN}}', id="nan"),
        pytest.param(f'{{"alg":"RS256","kid":"{KID}","x":{"[" * 40}{"]" * 40}}}', id="nested"),
    ],
)
def test_head_that_is_no_plain_object_is_refused(head: str | bytes) -> None:
    assert reason(raw(json.dumps(claims()), head)) == "malformed_token"


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param("garbage", id="not-json"),
        pytest.param("[]", id="list"),
        pytest.param('"text"', id="string"),
        pytest.param("7", id="number"),
        pytest.param(json.dumps(CLAIMS) + "{}", id="trailing-data"),
        pytest.param(json.dumps(CLAIMS)[:-1] + f',"iss":"{ISSUER}"}}', id="duplicate-iss"),
        pytest.param(json.dumps(CLAIMS)[:-1] + ',"client_id":"x"}', id="duplicate-client"),
        pytest.param(json.dumps(CLAIMS)[:-1] + ',"x":{"a":1,"a":2}}', id="duplicate-deep-inside"),
        pytest.param("\N{BOM}" + json.dumps(CLAIMS), id="byte-order-mark"),
        pytest.param(json.dumps(CLAIMS).encode("utf-16"), id="utf-16"),
        pytest.param(json.dumps(CLAIMS).encode()[:-1] + b',"x":"\xc0\x80"}', id="overlong-utf-8"),
        pytest.param(json.dumps(CLAIMS)[:-1] + ',"x":"\\udc00"}', id="lone-surrogate"),
        pytest.param(json.dumps(CLAIMS)[:-1] + ',"x":NaN}', id="nan"),
        pytest.param(json.dumps(CLAIMS)[:-1] + ',"x":-Infinity}', id="infinity"),
        pytest.param(json.dumps(CLAIMS)[:-1] + ',"x":1e400}', id="number-out-of-range"),
        pytest.param(json.dumps(CLAIMS)[:-1] + ',"x":' + "9" * 5000 + "}", id="number-of-5000-digits"),
        pytest.param(json.dumps(CLAIMS)[:-1] + ',"x":' + "[" * 5000 + "]" * 5000 + "}", id="nested-lists"),
        pytest.param('{"x":' * 1000 + "1" + "}" * 1000, id="nested-objects"),
        pytest.param("[" * 10_000, id="brackets-never-closed"),
        pytest.param(json.dumps(CLAIMS).replace('"', "'"), id="single-quotes"),
        pytest.param(json.dumps(CLAIMS)[:-1] + ',"x":"\n"}', id="raw-control-character"),
    ],
)
def test_payload_that_is_no_plain_object_is_refused(payload: str | bytes) -> None:
    assert reason(raw(payload)) == "malformed_token"


def test_brackets_inside_strings_are_no_nesting() -> None:
    assert isinstance(decide(bearer({"note": "[{" * 100 + '\\"'})), Allow)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        *[
            pytest.param({"alg": alg}, "bad_algorithm", id=f"alg-{alg if alg is not ABSENT else 'absent'}")
            for alg in ["none", "None", "NONE", "nOnE", "", ABSENT, None, "rs256", "RS256 ", "EdDSA", "ES256K"]
        ],
        pytest.param({"alg": ["RS256"]}, "bad_algorithm", id="alg-list"),
        pytest.param({"alg": {"RS256": 1}}, "bad_algorithm", id="alg-object"),
        pytest.param({"alg": True}, "bad_algorithm", id="alg-boolean"),
        *[
            pytest.param({"alg": alg}, "bad_algorithm", id=f"alg-{alg}-named-only")
            for alg in ["HS256", "HS384", "HS512", "RS384", "RS512", "PS256", "ES256"]
        ],
        pytest.param({"alg": "none", "kid": "other"}, "bad_algorithm", id="alg-none-with-another-kid"),
        pytest.param({"kid": ABSENT}, "unknown_key", id="kid-absent"),
        pytest.param({"kid": None}, "unknown_key", id="kid-null"),
        pytest.param({"kid": ""}, "unknown_key", id="kid-empty"),
        pytest.param({"kid": 1}, "unknown_key", id="kid-number"),
        pytest.param({"kid": True}, "unknown_key", id="kid-boolean"),
        pytest.param({"kid": [KID]}, "unknown_key", id="kid-list"),
        pytest.param({"kid": {KID: KID}}, "unknown_key", id="kid-object"),
        pytest.param({"kid": "other"}, "unknown_key", id="kid-other"),
        pytest.param({"kid": KID + " "}, "unknown_key", id="kid-with-space"),
        pytest.param({"kid": KID + "\n"}, "unknown_key", id="kid-with-newline"),
        pytest.param({"kid": KID + "\x00"}, "unknown_key", id="kid-with-nul"),
        pytest.param({"kid": KID.upper()}, "unknown_key", id="kid-other-case"),
        pytest.param({"kid": KID[:-1]}, "unknown_key", id="kid-prefix"),
        pytest.param({"kid": "../../dev/null"}, "unknown_key", id="kid-path"),
        pytest.param({"kid": "x' UNION SELECT 'k"}, "unknown_key", id="kid-sql"),
        pytest.param({"kid": "k" * 10_240}, "unknown_key", id="kid-10-KiB"),
        pytest.param({"crit": ["exp"]}, "unsupported_header", id="crit-known-name"),
        pytest.param({"crit": ["x-unknown"], "x-unknown": 1}, "unsupported_header", id="crit-unknown-name"),
        pytest.param({"crit": []}, "unsupported_header", id="crit-empty"),
        pytest.param({"crit": None}, "unsupported_header", id="crit-null"),
        pytest.param({"b64": False, "crit": ["b64"]}, "unsupported_header", id="b64-critical"),
        pytest.param({"b64": False}, "unsupported_header", id="b64-alone"),
        pytest.param({"zip": "DEF"}, "unsupported_header", id="zip"),
        pytest.param({"typ": "JOSE"}, "unsupported_header", id="typ-odd"),
        pytest.param({"typ": "dpop+jwt"}, "unsupported_header", id="typ-proof"),
        pytest.param({"typ": "logout+jwt"}, "unsupported_header", id="typ-logout"),
        pytest.param({"typ": ["JWT"]}, "unsupported_header", id="typ-list"),
        pytest.param({"typ": None}, "unsupported_header", id="typ-null"),
    ],
)
def test_jose_header_is_refused(header: dict[str, Any], expected: str) -> None:
    assert reason(bearer(None, **header)) == expected


@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", "application/at+jwt"])
def test_typ_of_a_jwt_is_admitted(typ: str) -> None:
    assert isinstance(decide(bearer(None, typ=typ)), Allow)


def test_key_id_is_read_from_a_sound_token_only() -> None:
    assert token_key_id(GOOD) == KID
    assert token_key_id(bearer({"exp": 0}, kid="theirs")) == "theirs"
    assert [token_key_id(bad) for bad in (None, "", "Bearer x", GOOD_TOKEN, bearer(None, kid="k" * 999))] == [None] * 5
