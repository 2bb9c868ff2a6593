from __future__ import annotations

from typing import Any

import pytest

from tasks import namespace

OPTIONS = [
    (name, option)
    for name in sorted(namespace.task_names)
    for option in namespace[name].get_arguments()
    if option.takes_value and not option.positional
]


@pytest.mark.parametrize(("name", "option"), OPTIONS, ids=[f"{name} {option.name}" for name, option in OPTIONS])
def test_a_flag_without_a_value_is_refused_before_anything_is_done(
    name: str, option: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    value: Any = ["  "] if option.kind is list else ""
    attribute = option.attr_name or option.name
    flag = f"--{attribute.replace('_', '-')}"
    with pytest.raises(SystemExit) as ended:
        namespace[name].body(None, **{attribute: value})
    assert ended.value.code == 2
    said = f"error [empty_flag]: {flag} is empty\nremedy: give {flag} a value, or leave it out\n"
    assert capsys.readouterr() == ("", said)
