from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestration.consent import consent
from orchestration.errors import BadInput

WHO = "AWS account 111122223333, region us-east-1, as arn:aws:iam::111122223333:user/operator"


def typed(text: str) -> Callable[[], str]:
    return lambda: text


@pytest.mark.parametrize(
    ("env", "yes", "ask"),
    [
        pytest.param({}, True, None, id="flag"),
        pytest.param({"CI": "true"}, False, None, id="ci"),
        pytest.param({}, False, typed("yes\n"), id="typed"),
    ],
)
def test_a_yes_goes_on_and_the_account_is_shown(env: dict[str, str], yes: bool, ask: Callable[[], str] | None) -> None:
    said: list[str] = []
    consent(WHO, env, yes=yes, say=said.append, ask=ask)
    assert said[0] == WHO


@pytest.mark.parametrize(
    ("env", "ask"),
    [
        pytest.param({}, None, id="no-terminal"),
        pytest.param({"CI": "false"}, None, id="ci-false"),
        pytest.param({"CI": "1"}, None, id="ci-one"),
        pytest.param({"YES": "1"}, None, id="yes-in-the-environment"),
        pytest.param({}, typed("no\n"), id="no"),
        pytest.param({}, typed("y\n"), id="y"),
        pytest.param({}, typed(""), id="end-of-input"),
    ],
)
def test_anything_else_changes_nothing(env: dict[str, str], ask: Callable[[], str] | None) -> None:
    with pytest.raises(BadInput) as caught:
        consent(WHO, env, yes=False, say=lambda line: None, ask=ask)
    assert (caught.value.exit_code, caught.value.code) == (2, "not_confirmed")
