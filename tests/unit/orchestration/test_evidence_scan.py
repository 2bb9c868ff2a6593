"""The scanner: it finds each kind of secret in each format, and does not cry over what evidence is made of."""

from __future__ import annotations

import base64
import json
from html import escape
from pathlib import Path
from urllib.parse import quote

import pytest

from orchestration.errors import BadInput
from orchestration.evidence.scan import Finding, findings, scan
from tests.fakes.evidence import ARN, DISCOVERY_URL, TOKEN

# Made up for this test; shaped like AWS's own example keys.
SECRET_KEY = "q8Zt3Kd0/vYxR2LmNp7Wb+Hs5Jc1FgUe9AoTiQ4X"
SESSION_TOKEN = "IQoJb3JpZ2luX2VjE" + "Zm9vYmFy" * 8
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"


def unsigned(header: str) -> str:
    return f"{base64.urlsafe_b64encode(header.encode()).decode().rstrip('=')}.eyJzdWIiOiJ1MSJ9."


PLANTED = [
    pytest.param(TOKEN, "jwt", id="jwt"),
    pytest.param(TOKEN.rpartition(".")[0], "jwt", id="jwt-without-its-signature"),
    pytest.param(unsigned('{"alg":"none"}'), "jwt", id="alg-none"),
    pytest.param(unsigned('{ "alg": "none" }'), "jwt", id="header-with-a-space"),
    pytest.param(unsigned('{\n "alg": "none" }'), "jwt", id="header-with-a-line-end"),
    pytest.param(unsigned('{\t"alg": "none" }'), "jwt", id="header-with-a-tab"),
    pytest.param("eyJjdHkiOiJKV1QifQ.Zm9vYmFy.YmFy.YmF6.cXV4", "jwt", id="encrypted-refresh-token"),
    pytest.param(f"Bearer {'x1' * 20}", "authorization-value", id="opaque-bearer"),
    pytest.param(f"basic {'dXNlcjpwYXNzd29yZDEyMzQ1Ng'}", "authorization-value", id="basic"),
    pytest.param(f"Signature={'0a' * 32}", "sigv4-signature", id="sigv4"),
    pytest.param(f"X-Amz-Signature={'0a' * 32}", "sigv4-signature", id="presigned"),
    pytest.param(SECRET_KEY, "aws-secret-access-key", id="secret-key"),
    pytest.param(SESSION_TOKEN, "aws-session-token", id="session-token"),
    pytest.param("client_secret=1a2b3c4d5e", "assigned-secret", id="form"),
    pytest.param('{"clientSecret": "1a2b3c4d5e"}', "assigned-secret", id="json"),
    pytest.param("Password : hunter2hunter2", "assigned-secret", id="password"),
    pytest.param(PEM, "pem-block", id="private-key"),
]


@pytest.mark.parametrize(("text", "pattern"), PLANTED)
@pytest.mark.parametrize(
    "wrap", [str, json.dumps, escape, lambda t: f"<code>{t}</code>"], ids=["raw", "json", "html", "tag"]
)
def test_a_planted_secret_is_found_in_every_format(text: str, pattern: str, wrap: object) -> None:
    assert callable(wrap)
    assert Finding("f", pattern) in list(findings("f", f"before {wrap(text)} after", {}))


@pytest.mark.parametrize(
    "text",
    [
        ARN,
        DISCOVERY_URL,
        "0123456789abcdef0123456789abcdef01234567",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  result.json",
        "style-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
        "access token of a person (password flow)",
        "UnauthorizedException Missing Authentication Token",
        "Bearer realm required; a Basic header is refused",
        "/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1/invocations",
        "orchestration/Checks/Cases2/some/Long/path",
        "a client_secret is needed, client_secret: none",
        "-----",
        "eyJhbGciOiJub25lIn0 alone says nothing of a caller",
        "eyelashes.example",
    ],
)
def test_what_evidence_is_made_of_is_no_finding(text: str) -> None:
    assert list(findings("f", text, {})) == []


SECRET = "p\"ä<s>&'w/d+9"


@pytest.mark.parametrize(
    "shown",
    [
        SECRET,
        json.dumps({"x": SECRET}),
        json.dumps({"x": SECRET}, ensure_ascii=False),
        escape(SECRET),
        escape(SECRET, quote=False),
        "p&#34;ä&lt;s&gt;&amp;&#39;w/d+9",
        "p%22%C3%A4%3Cs%3E%26%27w%2Fd%2B9",
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
        "p\\\"ä\\<s\\>\\&'w/d+9",
    ],
    ids=["raw", "json", "json-utf8", "html", "xml", "template", "url", "base64", "base64url", "markdown"],
)
def test_a_known_secret_is_found_however_it_is_written(shown: str) -> None:
    assert Finding("f", "value of password") in list(findings("f", f"x{shown}x", {"password": SECRET}))


# Its header alone begins like a token's, as in an encrypted one.
LONG = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=")
    for part in (b'{"alg":"RS256","kid":"one"}', bytes(range(7, 135)), bytes(range(99)))
)


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(f"{LONG[:9]}\n{LONG[9:]}", id="line-end"),
        pytest.param(json.dumps({"x": f"{LONG[:9]}\n  {LONG[9:]}"}), id="line-end-in-json"),
        pytest.param(f"{LONG[:9]}\u200b{LONG[9:]}", id="zero-width"),
        pytest.param(json.dumps({"x": f"{LONG[:9]}\u200b{LONG[9:]}"}), id="zero-width-in-json"),
        pytest.param(f"{LONG[:9]}\ufffd{LONG[9:]}", id="replaced"),
        pytest.param(LONG.replace(".", "&amp;#46;"), id="html-twice"),
        pytest.param(LONG.replace(".", "%252e"), id="url-twice"),
        pytest.param(LONG.replace(".", "%26#46;"), id="html-in-a-url"),
        pytest.param(LONG.replace(".", "\\u0026amp;#46;"), id="html-twice-in-json"),
        pytest.param("keyIAM policies. There " + LONG.replace(".", " . "), id="after-what-only-looks-so"),
    ],
)
def test_a_token_is_found_however_it_was_broken_up(shown: str) -> None:
    assert Finding("f", "jwt") in list(findings("f", f"before {shown} after", {}))


@pytest.mark.parametrize("text", ["the key IAM policies. There is none", "they Are signedBy. Them"])
def test_words_side_by_side_are_no_token(text: str) -> None:
    assert list(findings("f", text, {})) == []


@pytest.mark.parametrize("offset", range(3))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_known_secret_is_found_inside_something_that_was_encoded(offset: int, encode: object) -> None:
    assert callable(encode)
    shown = encode(b"x" * offset + SECRET.encode() + b" and more").decode()
    assert Finding("f", "value of password") in list(findings("f", shown, {"password": SECRET}))


@pytest.mark.parametrize(
    "shown",
    [
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        escape(escape(SECRET)),
        quote(quote(SECRET, safe="")),
        quote(escape(SECRET)),
        "\u200b".join(SECRET),
        json.dumps("\n".join(SECRET)),
        json.dumps(json.dumps(SECRET)),
    ],
    ids=["hex", "HEX", "html-twice", "url-twice", "html-in-url", "zero-width", "lines-in-json", "json-twice"],
)
def test_a_known_secret_is_found_however_often_it_was_wrapped(shown: str) -> None:
    assert Finding("f", "value of password") in list(findings("f", f"x{shown}x", {"password": SECRET}))


def test_what_is_wrapped_too_often_to_look_into_is_a_finding() -> None:
    assert [finding.pattern for finding in findings("f", f"&{'amp;' * 40}#46;", {})] == ["wrapped-too-often"]


def test_every_file_and_every_name_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text(TOKEN)
    (tmp_path / "a.bin").write_bytes(b"\xff\xfe " + TOKEN.encode())
    (tmp_path / TOKEN).write_text("")
    assert [finding.pattern for finding in scan(tmp_path, {})] == ["jwt"] * 3


def test_a_secret_too_short_to_look_for_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        scan(tmp_path, {"pin": "1234"})
    assert "pin" in caught.value.message and "1234" not in caught.value.message
