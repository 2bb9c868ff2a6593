"""Entry point of the runtime: `python main.py` serves the mortgage assistant until it is told to stop."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from mortgage.assistant import Assistant
from mortgage.customers import load_customers
from mortgage.knowledge import load_knowledge
from mortgage.models import build_model
from mortgage.service import build_app
from mortgage.settings import BadSetting, read_settings
from mortgage.tools import build_tools


def main(env: Mapping[str, str]) -> int:
    """Serve; returns 2 with one line on stderr when the environment is wrong."""
    try:
        settings = read_settings(env)
        model = build_model(settings)
    except BadSetting as e:
        print(f"agent: {e}", file=sys.stderr)
        return 2
    app = build_app(Assistant(model, build_tools(load_customers(), load_knowledge())))
    app.run(port=settings.port, host=settings.host)
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
