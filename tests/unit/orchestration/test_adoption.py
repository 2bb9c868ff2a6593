from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from orchestration.errors import TerraformFailed
from orchestration.terraform import TerraformDriver, adopt
from orchestration.terraform.adoption import Stray, found_outside, functions_to_make, import_blocks, import_id

ROLE = Stray('module.probes[0].aws_iam_role.caller["in.voker"]', "inbound-auth-dev-probe-invoker")
GROUP = Stray("module.probes[0].aws_cognito_user_group.probe", "probe-callers")
POLICY = Stray("module.invoker_policy.aws_iam_policy.invoker", "inbound-auth-dev-invoker")
SERVER = Stray("module.identity[0].aws_cognito_resource_server.agent", "us-east-1_pool|agent")
CERTIFICATE = Stray("aws_acm_certificate.x", "x")
TAGS = {"Project": "inbound-auth", "Environment": "dev"}


def error(stray: Stray, words: str) -> str:
    return f"\nError: creating IAM Thing ({stray.name}): {words}\n\n  with {stray.address},\n  on main.tf line 1\n"


def plan() -> dict[str, Any]:
    """The document of a plan that would make the things above."""
    after = {
        ROLE: {"tags_all": TAGS},
        GROUP: {"user_pool_id": "us-east-1_pool"},
        POLICY: {"path": "/made/", "tags_all": TAGS},
        SERVER: {"user_pool_id": "us-east-1_pool"},
    }
    data = [
        {"mode": "data", "type": "aws_caller_identity", "values": {"account_id": "111122223333"}},
        {"mode": "data", "type": "aws_partition", "values": {"id": "aws-us-gov"}},
    ]
    return {
        "resource_changes": [
            {"address": stray.address, "change": {"after": values}} for stray, values in after.items()
        ],
        "prior_state": {"values": {"root_module": {"child_modules": [{"resources": data}]}}},
    }


@pytest.mark.parametrize(
    "words",
    [
        "BucketAlreadyExists",
        "api error BucketAlreadyOwnedByYou: yours",
        "EntityAlreadyExists: Role with name x already exists.",
        "ResourceExistsException: the secret x already exists.",
        "InvalidParameterException: Domain x already exists.",
        "UsernameExistsException: User account already exists.",
        "ResourceConflictException: Function already exist: x",
    ],
)
def test_what_stands_in_the_way_is_known_by_address_and_name(words: str) -> None:
    assert found_outside(error(ROLE, words)) == (ROLE,)


def test_all_that_stands_in_the_way_is_named_at_once() -> None:
    assert found_outside(error(ROLE, "already exists") + error(GROUP, "GroupExistsException")) == (ROLE, GROUP)


def test_nothing_is_taken_in_where_anything_else_went_wrong() -> None:
    assert found_outside(error(ROLE, "already exists") + error(GROUP, "AccessDenied")) == ()
    assert found_outside("") == ()


@pytest.mark.parametrize(
    ("stray", "identity"),
    [
        pytest.param(ROLE, ROLE.name, id="name"),
        pytest.param(SERVER, "us-east-1_pool|agent", id="as-the-error-says"),
        pytest.param(GROUP, "us-east-1_pool/probe-callers", id="pool-and-name"),
        pytest.param(POLICY, "arn:aws-us-gov:iam::111122223333:policy/made/inbound-auth-dev-invoker", id="arn"),
        pytest.param(CERTIFICATE, None, id="a-kind-that-is-not-known"),
    ],
)
def test_each_kind_is_imported_by_what_its_documentation_asks(stray: Stray, identity: str | None) -> None:
    assert import_id(stray, plan()) == identity


def test_a_name_is_no_expression_in_an_import() -> None:
    assert import_blocks({"a.b": 'x"${file("/etc/passwd")}'}) == (
        'import {\n  to = a.b\n  id = "x\\"$${file(\\"/etc/passwd\\")}"\n}\n'
    )


@dataclass
class Terraform:
    """A driver with one answer to `show`."""

    document: dict[str, Any]
    done: list[str] = field(default_factory=list)

    def plan(self) -> None:
        self.done.append("plan")

    def show_plan(self) -> dict[str, Any]:
        return self.document

    def forget_plan(self) -> None:
        self.done.append("forget")

    def apply(self, *, on_line: object = None) -> None:
        self.done.append("apply")

    @contextmanager
    def taking_in(self, imports: Mapping[str, str]) -> Iterator[Terraform]:
        self.done.append(f"import {imports}")
        yield self


def taken(document: dict[str, Any], *strays: Stray) -> list[str]:
    terraform = Terraform(document)
    adopt(cast(TerraformDriver, terraform), strays, lambda line: None)
    return terraform.done


def test_what_is_there_is_imported_and_applied_in_one_go() -> None:
    assert taken(plan(), ROLE) == ["plan", "forget", f"import { ({ROLE.address: ROLE.name}) }", "apply"]


def test_a_kind_that_is_not_known_is_refused_with_the_command_by_hand() -> None:
    with pytest.raises(TerraformFailed, match="not taken in by itself"):
        taken(plan(), CERTIFICATE)


@pytest.mark.parametrize(
    ("kind", "actions", "named"),
    [
        ("aws_lambda_function", ["create"], True),
        ("aws_lambda_function", ["delete", "create"], False),
        ("aws_lambda_function", ["update"], False),
        ("aws_iam_role", ["create"], False),
    ],
)
def test_the_functions_that_a_plan_would_make_are_named(kind: str, actions: list[str], named: bool) -> None:
    change = {"actions": actions, "after": {"function_name": "f"}}
    document = {"resource_changes": [{"address": f"module.m.{kind}.f", "type": kind, "change": change}]}
    assert functions_to_make(document) == ((Stray("module.m.aws_lambda_function.f", "f"),) if named else ())
