"""The decision function as another program: what goes in comes back judged, and a failure says so."""

from __future__ import annotations

import base64
import json
import socket
from pathlib import Path
from threading import Thread

import pytest

from agentcore_local.journal import DECISIONS, DecisionFile
from orchestration.embedded.decisions import PROXIES, Decisions, decision_lines, oidc_map
from orchestration.errors import Unfit

ROOT = Path(__file__).resolve().parents[3]
AUTHORIZER = {
    "discoveryUrl": "https://idp.invalid/.well-known/openid-configuration",
    "allowedClients": ["app"],
}


def test_each_call_is_decided_in_order() -> None:
    flags = oidc_map("us-east-1", "http://127.0.0.1:9")
    calls = [(AUTHORIZER, None), (AUTHORIZER, "Bearer a.b"), (None, "Bearer a.b")]
    decided = Decisions(ROOT, flags, {}).decide(calls)
    assert [(d.door, d.decision, d.reason) for d in decided] == [
        ("jwt", "deny", "missing_token"),
        ("jwt", "deny", "malformed_token"),
        ("iam", "deny", "method_mismatch"),
    ]
    first = decided[1].first_failure
    assert first is not None
    assert (first.rule, first.seen) == ("shape", "2 parts")


def token() -> str:
    parts: tuple[dict[str, object], ...]
    parts = ({"alg": "RS256", "kid": "k"}, {"iss": "https://idp.invalid", "client_id": "app", "exp": 2**40}, {})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


@pytest.mark.enable_socket
@pytest.mark.usefixtures("_no_sockets")
def test_on_aws_keys_are_fetched_through_the_proxy_of_the_environment() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        asked: list[bytes] = []

        def proxy() -> None:
            connection, _ = listening.accept()
            with connection:
                asked.append(connection.recv(4096).partition(b"\r\n")[0])
                connection.sendall(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n")

        thread = Thread(target=proxy)
        thread.start()
        env = {"HTTPS_PROXY": f"http://127.0.0.1:{listening.getsockname()[1]}"}
        Decisions(ROOT, [PROXIES], env).decide([(AUTHORIZER, f"Bearer {token()}")])
        thread.join(10)
    assert asked == [b"CONNECT idp.invalid:443 HTTP/1.1"]


@pytest.mark.parametrize(
    ("decisions", "words"),
    [
        pytest.param(Decisions(ROOT, ["--oidc-map", "x"], {}), "--oidc-map|one side", id="refuses"),
        pytest.param(Decisions(ROOT / "tests", [], {}), "No module named", id="not-there"),
        pytest.param(Decisions(ROOT / "nowhere", [], {}), "FileNotFoundError", id="no-folder"),
    ],
)
def test_a_program_that_does_not_answer_makes_the_machine_unfit(decisions: Decisions, words: str) -> None:
    with pytest.raises(Unfit, match=words):
        decisions.decide([(None, None)])


def test_decisions_that_nobody_wrote_down_are_none(tmp_path: Path) -> None:
    assert decision_lines(tmp_path) == []


def test_decisions_are_read_from_old_files_too(tmp_path: Path) -> None:
    journal = DecisionFile(tmp_path / DECISIONS, max_bytes=1)
    for line in ("one\n", "two\n"):
        journal.write(line)
    journal.close()
    assert decision_lines(tmp_path) == ["one", "two"]
