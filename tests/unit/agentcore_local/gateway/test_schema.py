import math
from typing import Any

import pytest

from agentcore_local.gateway.schema import MAX_FAULTS, argument_faults, tool_faults

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "count": {"type": "integer"},
        "share": {"type": "number"},
        "sure": {"type": "boolean"},
        "parts": {
            "type": "array",
            "items": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}},
        },
    },
    "required": ["id"],
}


@pytest.mark.parametrize(
    ("arguments", "faults"),
    [
        pytest.param({"id": "1"}, [], id="enough"),
        pytest.param({"id": "1", "more": 1}, [], id="further-members-pass"),
        pytest.param({"id": "1", "share": 1, "count": 2, "sure": True, "parts": [{"n": 1}]}, [], id="all"),
        pytest.param([], ["arguments must be of type object"], id="a-list"),
        pytest.param({}, ["arguments.id is required"], id="missing"),
        pytest.param({"id": None}, ["arguments.id must be of type string"], id="null"),
        pytest.param({"id": 1}, ["arguments.id must be of type string"], id="number-for-string"),
        pytest.param({"id": "1", "count": True}, ["arguments.count must be of type integer"], id="bool-is-no-integer"),
        pytest.param({"id": "1", "count": 1.5}, ["arguments.count must be of type integer"], id="fraction"),
        pytest.param({"id": "1", "sure": 1}, ["arguments.sure must be of type boolean"], id="one-is-no-bool"),
        pytest.param({"id": "1", "share": math.nan}, ["arguments.share must be of type number"], id="nan"),
        pytest.param({"id": "1", "parts": [{"n": 1}, {}]}, ["arguments.parts[2].n is required"], id="nested"),
    ],
)
def test_arguments_are_held_to_the_schema(arguments: Any, faults: list[str]) -> None:
    assert argument_faults(SCHEMA, arguments) == faults


def test_no_value_is_quoted_and_the_list_is_bounded() -> None:
    many = {"id": "1", "parts": ["hush"] * 1000}
    found = argument_faults(SCHEMA, many)
    assert len(found) == MAX_FAULTS
    assert "hush" not in str(found)


def tool(**changes: Any) -> dict[str, Any]:
    return {"name": "look_up", "description": "d", "inputSchema": SCHEMA} | changes


def deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


@pytest.mark.parametrize(
    ("tools", "member"),
    [
        pytest.param([], "at", id="none"),
        pytest.param([tool(name="a b")], "at.1.member.name", id="name"),
        pytest.param([tool(name="a___b" * 20)], "at.1.member.name", id="long-name"),
        pytest.param([tool(), tool()], "at.2.member.name", id="twice"),
        pytest.param([tool(inputSchema={"type": "array"})], "at.1.member.inputSchema.type", id="no-object"),
        pytest.param(
            [tool(inputSchema={"type": "object", "required": ["x"]})], "at.1.member.inputSchema.required", id="required"
        ),
        pytest.param([tool(outputSchema={"type": "string", "items": SCHEMA})], "at.1.member.outputSchema", id="items"),
        pytest.param(
            [tool(outputSchema={"type": "string", "properties": {"a": SCHEMA}})], "at.1.member.outputSchema", id="p"
        ),
    ],
)
def test_a_tool_that_nobody_could_call_is_named(tools: list[Any], member: str) -> None:
    assert [name for name, _ in tool_faults(tools, "at")][0] == member


def test_sound_tools_pass_and_a_bottomless_schema_does_not() -> None:
    assert list(tool_faults([tool(), tool(name="other", outputSchema=SCHEMA)], "at")) == []
    assert list(tool_faults([tool(inputSchema=deep(10))], "at")) == []
    assert list(tool_faults([tool(inputSchema=deep(200))], "at"))
