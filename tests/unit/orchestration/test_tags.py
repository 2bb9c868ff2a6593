from __future__ import annotations

import pytest

from orchestration.errors import GateRefused
from orchestration.settings import own_tags, owned, refuse_another

OURS = own_tags("mortgage", "dev")


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        (OURS, True),
        ({**OURS, "ManagedBy": "terraform"}, True),
        ({**OURS, "Environment": "prod"}, False),
        ({"Project": "payroll"}, False),
        ({"Project": "mortgage"}, None),
        ({"project": "mortgage", "environment": "dev"}, None),
        ({}, None),
        (None, None),
    ],
    ids=[
        "ours",
        "whoever-made-it",
        "another-environment",
        "one-contradiction",
        "half",
        "other-names",
        "none",
        "unknown",
    ],
)
def test_both_tags_prove_it_and_one_rules_it_out(tags: dict[str, str] | None, said: bool | None) -> None:
    assert owned(tags, "mortgage", "dev") is said


def test_what_is_anothers_is_refused_with_what_its_tags_say() -> None:
    refuse_another("gateway x", {}, "mortgage", "dev")
    with pytest.raises(GateRefused, match="gateway x is another environment's: its tags say Project=payroll") as caught:
        refuse_another("gateway x", {"Project": "payroll", "Owner": "a"}, "mortgage", "dev")
    assert caught.value.code == "of_another"
