"""What holds for every test: the settings of whoever runs the tests do not reach them."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator

import pytest

# They say where this machine keeps Terraform and its provider, not what to deploy or with whose key.
TOOLS = frozenset({"TERRAFORM", "TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR", "TF_PROVIDER_MIRROR"})
PREFIXES = (
    "AWS_",
    "TF_",
    "BEDROCK_AGENTCORE_",
    "LOCAL_",
    "MODEL_",
    "ALLOWED_",
    "GATEWAY_",
    "MINISTACK_",
    "GUARDRAIL_",
    "OPENAI_",
)
NAMES = frozenset(
    {
        "CI",
        "DATA_PLANE_TIMEOUT_S",
        "DEPLOYMENT",
        "ENVIRONMENT",
        "FORCE_COLOR",
        "LOCK_WAIT_S",
        "LAUNCH_TIMEOUT_S",
        "NO_COLOR",
        "REQUEST_TIMEOUT_S",
        "TARGET",
        "YES",
    }
)


def is_setting(name: str) -> bool:
    """True for a variable that the project or the AWS SDK would obey."""
    return name not in TOOLS and (name in NAMES or name.startswith(PREFIXES))


def pytest_configure() -> None:
    # Collecting makes little garbage, and what it makes stays.
    gc.disable()
    # A shell starts what it puts into the background deaf to Ctrl-C, and every process from there on inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_the_user() -> Iterator[None]:
    """Of the whole session, because fixtures of modules start processes before any test's own fixture runs."""
    taken = {name: os.environ.pop(name) for name in list(os.environ) if is_setting(name)}
    yield
    os.environ.update(taken)
