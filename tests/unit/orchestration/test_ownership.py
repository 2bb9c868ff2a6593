"""Only what is provably ours is touched; a name proves nothing."""

from __future__ import annotations

from typing import Any

import pytest

from orchestration.runtime.ownership import Claim

CLAIM = Claim("app", "dev", frozenset({"arn:role"}), frozenset({"client-1"}))
OURS = {"Project": "app", "Environment": "dev"}


@pytest.mark.parametrize(
    ("seen", "proof"),
    [
        pytest.param({"recorded": True}, "ledger", id="recorded"),
        pytest.param({"tags": OURS}, "tags", id="tagged"),
        pytest.param({"role": "arn:role"}, "role", id="runs-as-our-role"),
        pytest.param({"client": "client-1"}, "client", id="signs-in-as-our-client"),
        pytest.param({"tags": {"Owner": "ann"}, "role": "arn:role"}, "role", id="tags-that-do-not-say"),
        pytest.param({}, None, id="nothing-but-a-name"),
        pytest.param({"tags": {"Project": "app"}}, None, id="half-of-the-tags"),
        pytest.param({"role": "arn:other"}, None, id="another-role"),
        pytest.param({"client": "client-2"}, None, id="another-client"),
        pytest.param({"recorded": True, "tags": {"Project": "pay"}}, None, id="recorded-but-anothers-project"),
        pytest.param({"role": "arn:role", "tags": {"Environment": "x"}}, None, id="our-role-but-another-environment"),
        pytest.param({"tags": OURS | {"Project": "pay"}}, None, id="one-tag-of-another"),
    ],
)
def test_one_proof_is_enough_and_one_tag_of_another_rules_it_out(seen: dict[str, Any], proof: str | None) -> None:
    assert CLAIM.proof(**({"recorded": False, "tags": None} | seen)) == proof


def test_nothing_known_of_us_proves_nothing() -> None:
    assert Claim("app", "dev").proof(recorded=False, tags=None) is None
