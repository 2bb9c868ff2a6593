import asyncio
from typing import Any

import pytest

from agentcore_local.callers import Callers, Claim
from agentcore_local.control import Names
from agentcore_local.edge import Head
from agentcore_local.evaluation import parse
from agentcore_local.gateway.wanted import gateway_wanted
from agentcore_local.grants import Grants, IamReader, Principal
from agentcore_local.permissions import Asked, Permissions, Wanted, control_wanted
from agentcore_local.store import runtime_arn
from agentcore_local.wire import USER_ID, Refused

ACCOUNT, REGION = "000000000000", "us-east-1"
ARN = runtime_arn(REGION, ACCOUNT, "a-0123456789")
ENDPOINT = f"{ARN}/runtime-endpoint/DEFAULT"
INVOKE = "bedrock-agentcore:InvokeAgentRuntime"
ANNA = Principal(f"arn:aws:iam::{ACCOUNT}:user/anna", "User", f"arn:aws:iam::{ACCOUNT}:user/anna", "AIDA", "anna")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
SESSION = Principal(f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s", "AssumedRole", ROLE, "AROA:s")
CLAIM = Claim("AKIAUSER", False, ("host",), "20261123T120000Z", "0" * 64)
HEAD = Head("POST", f"/runtimes/{ARN}/invocations".encode(), b"", (("host", "127.0.0.1"),), "127.0.0.1")


class World:
    """One caller with its grants, the policies attached to resources, and what the emulator says of sessions."""

    def __init__(
        self, principal: Principal, grants: Grants, attached: dict[str, str] | None = None, confirms: bool = True
    ) -> None:
        self._principal, self._grants, self._confirms = principal, grants, confirms
        self.attached = attached or {}
        self.confirmed: list[str] = []

    async def of(self, head: Head, claim: Claim, body_sha256: str) -> str:
        return self._principal.arn

    async def confirm(self, head: Head, claim: Claim, body_sha256: str, operation: str) -> bool:
        self.confirmed.append(operation)
        return self._confirms

    def read(self, arn: str) -> tuple[Principal, Grants]:
        return self._principal, self._grants

    def verdict(self, *wanted: Wanted) -> str:
        callers = Callers("AKIAROOTROOTROOT0000", "s", REGION)
        rules = Permissions(callers, self, self, self.attached.get, lambda: 0.0, REGION, ACCOUNT)
        try:
            asyncio.run(rules.require(HEAD, CLAIM, "a" * 64, lambda: wanted or [Wanted(INVOKE, ARN)]))
        except Refused as e:
            return e.message
        return "allowed"


def grants(*effects: str, boundary: tuple[str, ...] | None = None) -> Grants:
    def statements(names: tuple[str, ...]) -> Any:
        return tuple(s for e in names for s in parse({"Statement": {"Effect": e, "Action": "*", "Resource": "*"}}))

    return Grants(statements(effects), None if boundary is None else statements(boundary))


def attach(principal: str, effect: str = "Allow") -> dict[str, str]:
    return {
        ARN: f'{{"Statement": {{"Effect": "{effect}", "Principal": {principal}, "Action": "*", "Resource": "{ARN}"}}}}'
    }


@pytest.mark.parametrize(
    ("given", "attached", "expected"),
    [
        (grants("Allow"), {}, "allowed"),
        (grants(), {}, "because no identity-based policy allows"),
        (grants("Allow", "Deny"), {}, "explicit deny in an identity-based policy"),
        (grants("Allow", boundary=("Allow",)), {}, "allowed"),
        (grants("Allow", boundary=()), {}, "because no permissions boundary allows"),
        (grants("Allow", boundary=("Allow", "Deny")), {}, "explicit deny in a permissions boundary"),
        (grants(), attach('"*"'), "allowed"),
        (grants(), attach(f'{{"AWS": "{ANNA.arn}"}}'), "allowed"),
        (grants(), attach(f'{{"AWS": "{ANNA.arn}2"}}'), "because no identity-based policy allows"),
        (grants(), attach(f'{{"AWS": "{ACCOUNT}"}}'), "because no identity-based policy allows"),
        (grants(), attach('{"Service": "lambda.amazonaws.com"}'), "because no identity-based policy allows"),
        (grants(boundary=()), attach('"*"'), "because no permissions boundary allows"),
        (grants("Deny"), attach('"*"'), "explicit deny in an identity-based policy"),
        (grants("Allow"), attach(f'{{"AWS": "{ACCOUNT}"}}', "Deny"), "explicit deny in a resource-based policy"),
        (grants("Allow"), attach('{"AWS": "someone"}', "Deny"), "allowed"),
        (grants("Allow"), {ARN: "damaged"}, "The caller could not be verified"),
    ],
)
def test_policies_of_both_sides_decide_together(given: Grants, attached: dict[str, str], expected: str) -> None:
    verdict = World(ANNA, given, attached).verdict()
    assert expected in verdict
    assert (verdict == "allowed") == (expected == "allowed")


def test_a_role_session_is_put_to_the_emulator_as_well() -> None:
    for confirms, expected in ((True, "allowed"), (False, "no session policy allows")):
        world = World(SESSION, grants("Allow"), confirms=confirms)
        assert expected in world.verdict(Wanted(INVOKE, ARN), Wanted(INVOKE + "ForUser", ENDPOINT))
        assert world.confirmed[0] == "InvokeAgentRuntime"
    assert world.confirmed == ["InvokeAgentRuntime"]
    unseen = World(SESSION, grants("Allow"), confirms=True).verdict(Wanted(INVOKE, ARN + "x"))
    assert "no session policy allows" in unseen, "what the emulator cannot be asked is refused"


def test_every_permission_of_a_request_is_needed() -> None:
    asked = Asked("InvokeAgentRuntime", ARN, "DEFAULT")
    assert asked.wanted(HEAD) == [Wanted(INVOKE, ARN), Wanted(INVOKE, ENDPOINT)]
    named = Head("POST", HEAD.raw_path, b"", (*HEAD.headers, (USER_ID, "anna")))
    both = [Wanted(INVOKE + "ForUser", ARN), Wanted(INVOKE + "ForUser", ENDPOINT)]
    assert asked.wanted(named) == [*asked.wanted(HEAD), *both]


@pytest.mark.parametrize(
    ("operation", "params", "expected"),
    [
        ("ListAgentRuntimes", {}, [("ListAgentRuntimes", "*")]),
        ("CreateAgentRuntime", {"agentRuntimeName": "a"}, [("CreateAgentRuntime", ARN[:-12] + "*")]),
        ("GetAgentRuntime", {"agentRuntimeId": "a-0123456789"}, [("GetAgentRuntime", ARN)]),
        (
            "GetAgentRuntimeEndpoint",
            {"agentRuntimeId": "a-0123456789", "endpointName": "DEFAULT"},
            [("GetAgentRuntimeEndpoint", ARN), ("GetAgentRuntimeEndpoint", ENDPOINT)],
        ),
        ("TagResource", {"resourceArn": ARN, "tags": {"a": "b"}}, [("TagResource", ARN)]),
        ("GetResourcePolicy", {"resourceArn": ENDPOINT}, [("GetResourcePolicy", ARN), ("GetResourcePolicy", ENDPOINT)]),
        (
            "CreateAgentRuntimeEndpoint",
            {"agentRuntimeId": "a-0123456789", "name": "x", "tags": {"a": "b"}},
            [("CreateAgentRuntimeEndpoint", ARN), ("TagResource", ARN)],
        ),
    ],
)
def test_each_operation_has_its_resources(operation: str, params: dict[str, Any], expected: list[Any]) -> None:
    wanted = control_wanted(operation, params, lambda i: runtime_arn(REGION, ACCOUNT, i))
    assert [(w.action.split(":")[1], w.resource) for w in wanted] == expected


@pytest.mark.parametrize("operation", ["TagResource", "CreateAgentRuntime", "CreateGateway"])
def test_a_policy_can_ask_which_tags_a_request_brings(operation: str) -> None:
    params = {"tags": {"Project": "mortgage"}} | ({"resourceArn": ARN} if operation == "TagResource" else {})
    if operation == "CreateGateway":
        wanted = gateway_wanted(operation, params, Names(REGION, ACCOUNT, str))
    else:
        wanted = control_wanted(operation, params, lambda i: ARN)
    assert [w.action for w in wanted][-1] == "bedrock-agentcore:TagResource"
    assert [w.keys for w in wanted] == [{"aws:requesttag/project": "mortgage"}] * len(wanted)


def test_a_role_is_passed() -> None:
    wanted = control_wanted("UpdateAgentRuntime", {"agentRuntimeId": "a", "roleArn": ROLE}, lambda i: ARN)
    assert (wanted[-1].action, wanted[-1].resource) == ("iam:PassRole", ROLE)


class NoIam:
    """An IAM that fails in an unforeseen way."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


@pytest.mark.parametrize("arn", [ANNA.arn, SESSION.arn, f"arn:aws:iam::{ACCOUNT}:root", "arn:aws:iam::0:x/y/z"])
def test_who_cannot_be_read_is_refused(arn: str) -> None:
    with pytest.raises(Refused) as e:
        IamReader(NoIam).read(arn)
    assert e.value.row.status == 403
