import json

import botocore.loaders
import pytest
from botocore.model import ServiceModel

from agentcore_local.verdict import Reason
from agentcore_local.wire import ROWS, Refused


def modelled() -> dict[str, int]:
    """Status by name of every error that either plane's service model knows."""
    loader = botocore.loaders.Loader()
    found: dict[str, int] = {}
    for name in ("bedrock-agentcore", "bedrock-agentcore-control"):
        model = ServiceModel(loader.load_service_model(name, "service-2"), name)
        found |= {s.name: s.metadata["error"]["httpStatusCode"] for s in model.error_shapes}
    return found


# Refusals of HTTP itself, and the 504 that the devguide mentions, keep their own status.
OWN_STATUS = {"headers_too_large", "body_too_large", "body_timeout", "agent_timeout", "upgrade_required"}


def test_a_modelled_error_has_its_modelled_status() -> None:
    statuses = modelled()
    wrong = [
        slug
        for slug, row in ROWS.items()
        if slug not in OWN_STATUS and row.status != statuses.get(row.kind, row.status)
    ]
    assert wrong == []


def test_every_reason_of_the_authorizer_has_a_row_that_refuses() -> None:
    assert [r.value for r in Reason if r.value not in ROWS] == []
    assert all(row.status >= 400 for row in ROWS.values())


def test_an_unknown_reason_is_still_a_refusal() -> None:
    refused = Refused("invented_tomorrow")
    assert (refused.row.status, refused.log_reason) == (403, "invented_tomorrow")


@pytest.mark.parametrize("slug", ["missing_token", "client_mismatch"])
def test_an_unauthenticated_answer_has_the_json_rpc_shape(slug: str) -> None:
    document = json.loads(Refused(slug).body())
    assert document["jsonrpc"] == "2.0"
    assert document["error"]["code"] == -32001


def test_what_a_caller_sent_leaves_escaped() -> None:
    body = Refused("no_endpoint", qualifier="\r\n\x00ü", agent="a").body()
    assert body.isascii()
    assert not set(body) & set(range(32))
