import json
from string import Formatter
from typing import Any

import pytest

from agentcore_local.protocols import accepts_mcp, envelope, protocol_of, read_ping, read_rpc_id
from agentcore_local.wire import ROWS, Refused


def refusal(slug: str) -> Refused:
    """A refusal with something in each gap of its words."""
    gaps: dict[str, Any] = {name: "x" for _, name, _, _ in Formatter().parse(ROWS[slug].message) if name}
    return Refused(slug, **gaps)


@pytest.mark.parametrize("slug", ROWS)
def test_an_http_callers_refusal_is_as_its_row_says(slug: str) -> None:
    refused = refusal(slug)
    worn = envelope(refused, "HTTP")
    assert (worn.status, worn.body, worn.content_type) == (refused.row.status, refused.body(), "application/json")


@pytest.mark.parametrize("protocol", ["MCP", "A2A", "AGUI"])
@pytest.mark.parametrize("slug", ROWS)
def test_no_envelope_looks_like_an_answer(slug: str, protocol: str) -> None:
    worn = envelope(refusal(slug), protocol)
    document = json.loads(worn.body.removeprefix(b"data: "))
    assert worn.status >= 400 or "error" in document or document["type"] == "RUN_ERROR"
    assert "result" not in document


@pytest.mark.parametrize("slug", [s for s, row in ROWS.items() if row.status in (401, 403)])
def test_a_closed_door_keeps_its_status_in_every_protocol(slug: str) -> None:
    statuses = {envelope(refusal(slug), p).status for p in ("HTTP", "MCP", "A2A", "AGUI")}
    assert statuses == {ROWS[slug].status}


@pytest.mark.parametrize(
    ("accept", "fits"),
    [
        (None, True),
        ("*/*", True),
        ("application/json, text/event-stream", True),
        ("text/event-stream;q=0.9,APPLICATION/JSON", True),
        ("application/json", False),
        ("text/event-stream", False),
        ("text/html", False),
        ("", False),
    ],
)
def test_an_mcp_caller_takes_both_kinds_of_answer(accept: str | None, fits: bool) -> None:
    assert accepts_mcp(accept) is fits


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"status": "HealthyBusy"}', (True, None)),
        (b'{"status": "HealthyBusy", "time_of_last_update": 1800000000}', (True, 1_800_000_000)),
        (b'{"status": "Healthy", "time_of_last_update": 1.5}', (False, 1.5)),
        (b'{"status": "healthybusy"}', (False, None)),
        (b'{"status": ["HealthyBusy"]}', (False, None)),
        (b'{"status": "Healthy", "time_of_last_update": true}', (False, None)),
        (b'{"status": "Healthy", "time_of_last_update": "now"}', (False, None)),
        (b'{"status": "Healthy", "time_of_last_update": -1}', (False, None)),
        (b'{"status": "Healthy", "time_of_last_update": NaN}', (False, None)),
        (b'{"status": "Healthy", "time_of_last_update": 1e999}', (False, None)),
        (b"[]", (False, None)),
        (b"ok", (False, None)),
        (b"", (False, None)),
        (b"[" * 60_000, (False, None)),
    ],
)
def test_an_odd_ping_is_not_busy(body: bytes, expected: tuple[bool, float | None]) -> None:
    assert read_ping(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"jsonrpc": "2.0", "id": 7, "method": "ping"}', 7),
        (b'{"id": "a1"}', "a1"),
        (b'{"id": null}', None),
        (b'{"id": true}', None),
        (b'{"id": 1.5}', None),
        (b'{"id": [1]}', None),
        (b'{"id": "' + b"x" * 257 + b'"}', None),
        (b'[{"id": 1}]', None),
        (b'{"id": 7', None),
        (b"[" * 60_000, None),
        (b"\xff", None),
        (b"", None),
    ],
)
def test_a_call_is_known_by_its_id_when_it_can_be_read(body: bytes, expected: str | int | None) -> None:
    assert read_rpc_id(body) == expected


def test_a_refusal_carries_the_id_of_its_call() -> None:
    assert json.loads(envelope(refusal("agent_error"), "MCP", 7).body)["id"] == 7
    assert json.loads(envelope(refusal("agent_error"), "MCP").body)["id"] is None


def test_without_a_configuration_an_agent_speaks_http() -> None:
    assert protocol_of({}) == protocol_of({"protocolConfiguration": None}) == "HTTP"
