"""The agent is a program of its own: its folder goes on the path as it does inside the runtime."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

AGENT = Path(__file__).resolve().parents[3] / "agent"
if str(AGENT) not in sys.path:
    sys.path.insert(0, str(AGENT))

with warnings.catch_warnings():
    # The SDK still declares pydantic models the old way, which warns at its import and only there.
    warnings.simplefilter("ignore", DeprecationWarning)
    import bedrock_agentcore.runtime  # noqa: F401
