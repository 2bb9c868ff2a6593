"""What the emulator's IAM has granted to a user or a role session: every policy that counts, read at each question."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from agentcore_local.evaluation import BadPolicy, Statement, parse
from agentcore_local.wire import Refused


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller whose signature was verified. arn is what messages name; entity is the user or role behind it."""

    arn: str
    kind: str
    entity: str
    id: str = ""
    name: str | None = None

    @property
    def root(self) -> bool:
        return self.kind == "Account"


@dataclass(frozen=True, slots=True)
class Grants:
    """Statements of the identity's policies, and of its permissions boundary if it has one."""

    identity: tuple[Statement, ...]
    boundary: tuple[Statement, ...] | None


def root(account: str) -> Principal:
    arn = f"arn:aws:iam::{account}:root"
    return Principal(arn, "Account", arn, account)


class IamReader:
    """Reads with boto3's IAM client, signed with the root key. Blocking; raises Refused when anything is unclear."""

    def __init__(self, client: Callable[[], Any]) -> None:
        self._client = client

    @property
    def _iam(self) -> Any:
        return self._client()

    def read(self, arn: str) -> tuple[Principal, Grants]:
        """The principal behind the ARN of a user or an assumed-role session, with its policies."""
        try:
            kind, *path = arn.split(":", 5)[5].split("/")
            if kind == "user":
                return self._user(arn, path[-1])
            if kind == "assumed-role" and len(path) == 2:
                return self._role(arn, *path)
        except BadPolicy as e:
            raise Refused("unproved_caller", log_reason="policy_not_understood") from e
        except Refused:
            raise
        except Exception as e:  # botocore raises many kinds; none of them may let a caller through
            raise Refused("unproved_caller", log_reason="policies_unreadable") from e
        raise Refused("unknown_access_key", log_reason="unknown_kind_of_caller")

    def _user(self, arn: str, name: str) -> tuple[Principal, Grants]:
        user = self._iam.get_user(UserName=name)["User"]
        if user["Arn"] != arn:
            raise Refused("unknown_access_key", log_reason="user_changed")
        documents = list(self._documents("user", name))
        for group in self._iam.get_paginator("list_groups_for_user").paginate(UserName=name).search("Groups[]"):
            documents += self._documents("group", group["GroupName"])
        principal = Principal(arn, "User", arn, user["UserId"], name)
        return principal, Grants(_statements(documents), self._boundary(user))

    def _role(self, arn: str, name: str, session: str) -> tuple[Principal, Grants]:
        role = self._iam.get_role(RoleName=name)["Role"]
        principal = Principal(arn, "AssumedRole", role["Arn"], f"{role['RoleId']}:{session}")
        return principal, Grants(_statements(list(self._documents("role", name))), self._boundary(role))

    def _documents(self, kind: str, name: str) -> Iterator[Any]:
        """Inline and attached policies of a user, group or role."""
        member = {"user": "UserName", "group": "GroupName", "role": "RoleName"}[kind]
        inline = self._iam.get_paginator(f"list_{kind}_policies").paginate(**{member: name})
        for policy in inline.search("PolicyNames[]"):
            read = getattr(self._iam, f"get_{kind}_policy")
            yield read(**{member: name}, PolicyName=policy)["PolicyDocument"]
        attached = self._iam.get_paginator(f"list_attached_{kind}_policies").paginate(**{member: name})
        for policy in attached.search("AttachedPolicies[]"):
            yield self._managed(policy["PolicyArn"])

    def _managed(self, arn: str) -> Any:
        version = self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        return self._iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]

    def _boundary(self, record: dict[str, Any]) -> tuple[Statement, ...] | None:
        boundary = record.get("PermissionsBoundary")
        return None if boundary is None else _statements([self._managed(boundary["PermissionsBoundaryArn"])])


def _statements(documents: list[Any]) -> tuple[Statement, ...]:
    found = tuple(s for d in documents for s in parse(d))
    if any(s.principals is not None for s in found):
        raise BadPolicy("An identity's policy has no Principal")
    return found
