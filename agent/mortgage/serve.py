"""Builds the service from its environment and runs it until it is told to stop."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Mapping

from mortgage.assistant import Assistant
from mortgage.customers import Customers, load_customers
from mortgage.gateway import GatewayScores, prepare
from mortgage.journal import Journal
from mortgage.knowledge import load_knowledge
from mortgage.models import build_model
from mortgage.outbound import OutboundTokens, identity_tokens
from mortgage.scores import BuiltInScores, Scores
from mortgage.service import Desk, build_app
from mortgage.settings import BadSetting, Settings, read_settings
from mortgage.specialists import build_specialists

# They quote what models, servers and exceptions say; the journal has the kind and place of each failure. "client" is
# the MCP SDK's.
TALKATIVE = ("strands", "mcp", "client", "httpx2", "httpcore2")


def main(env: Mapping[str, str]) -> int:
    """Serve; returns 2 with one line on stderr when the environment is wrong."""
    try:
        settings = read_settings(env)
        model = build_model(settings)
        customers = load_customers()
        scores = _scores(settings, customers)
    except BadSetting as e:
        print(f"agent: {e}", file=sys.stderr)
        return 2
    # Strands ends a connection that was never made by a coroutine that nobody runs.
    warnings.filterwarnings("ignore", "coroutine 'MCPClient.stop", RuntimeWarning)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    assistant = Assistant(model, build_specialists(model, customers, scores, load_knowledge()))
    desk = Desk(
        assistant,
        Journal(sys.stdout),
        settings.customers,
        prepare=prepare if settings.gateway else None,
        close=_start_traces(settings),
    )
    app = build_app(desk)
    app.run(port=settings.port, host=settings.host)
    return 0


def _scores(settings: Settings, customers: Customers) -> Scores:
    """Raises BadSetting."""
    if settings.gateway is None:
        return BuiltInScores(customers)
    return GatewayScores(settings.gateway.url, OutboundTokens(identity_tokens(settings, settings.gateway)))


def _start_traces(settings: Settings) -> Callable[[], None]:
    """What sends the last traces; nothing where none are asked for."""
    if settings.traces is None:
        return lambda: None
    # Here and not above: nobody else pays for loading it.
    from mortgage.traces import start_traces

    return start_traces(settings.traces).shutdown
