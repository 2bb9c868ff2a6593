"""Who may do what: identity policies and resource policies together, for signed calls and for tokens.

An explicit deny anywhere wins; within the account one allow is enough, from either side (AgentCore devguide:
resource-based-policies). A call through an endpoint needs both the runtime and the endpoint.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import unquote

from agentcore_local.callers import Callers, Claim
from agentcore_local.edge import Head
from agentcore_local.evaluation import BadPolicy, Question, Statement, Verdict, judge, parse
from agentcore_local.grants import Grants, Principal, root
from agentcore_local.wire import USER_ID, Refused

PREFIX = "bedrock-agentcore:"
POLICY_OPERATIONS = ("PutResourcePolicy", "GetResourcePolicy", "DeleteResourcePolicy")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One permission that a request needs. keys: condition keys of this request alone."""

    action: str
    resource: str
    keys: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """A data-plane request as the doors see it: which operation on which runtime, through which endpoint.

    arns are those of runtime and endpoint.
    """

    operation: str
    runtime_arn: str
    qualifier: str
    arns: tuple[str, str] = field(init=False)

    def __post_init__(self) -> None:
        endpoint = f"{self.runtime_arn}/runtime-endpoint/{self.qualifier}"
        object.__setattr__(self, "arns", (self.runtime_arn, endpoint))

    def wanted(self, head: Head) -> list[Wanted]:
        actions = [self.operation]
        if head.every(USER_ID):
            actions.append("InvokeAgentRuntimeForUser")
        return [Wanted(PREFIX + a, arn) for a in actions for arn in self.arns]


class NamesCallers(Protocol):
    """What is used of identities.Identities."""

    async def of(self, head: Head, claim: Claim, body_sha256: str) -> str: ...
    async def confirm(self, head: Head, claim: Claim, body_sha256: str, operation: str) -> bool: ...


class ReadsGrants(Protocol):
    """What is used of grants.IamReader."""

    def read(self, arn: str) -> tuple[Principal, Grants]: ...


class Permissions:
    """Decides for both planes. attached(arn) is the resource policy of a runtime or endpoint, clock() Unix seconds."""

    def __init__(
        self,
        callers: Callers,
        identities: NamesCallers,
        grants: ReadsGrants,
        attached: Callable[[str], str | None],
        clock: Callable[[], float],
        region: str,
        account: str,
    ) -> None:
        self._callers, self._identities, self._grants, self._attached = callers, identities, grants, attached
        self._clock, self._region, self._account = clock, region, account

    def claim(self, head: Head) -> Claim:
        """What the signature claims, as far as that can be told before the body is read. Raises Refused."""
        return self._callers.claim(head, self._clock())

    async def require(
        self, head: Head, claim: Claim, body_sha256: str, wanted: Callable[[], Iterable[Wanted]]
    ) -> Principal:
        """Verify the signature, then every permission. Raises Refused; `wanted` is asked of verified callers only."""
        if claim.root:
            self._callers.verify(head, claim, body_sha256)
            principal, grants = root(self._account), None
        else:
            arn = await self._identities.of(head, claim, body_sha256)
            principal, grants = await asyncio.to_thread(self._grants.read, arn)
        for one in wanted():
            own = self._decide(principal, grants, one, head.client)
            if principal.kind == "AssumedRole" and one.action.startswith(f"{PREFIX}InvokeAgentRuntime"):
                await self._confirm_session(head, claim, body_sha256, principal, one, own)
        return principal

    async def _confirm_session(
        self, head: Head, claim: Claim, body_sha256: str, principal: Principal, one: Wanted, own: Verdict
    ) -> None:
        """A session may have policies of its own, which only the emulator knows. Raises Refused when they say no, and
        where they cannot be known; a resource policy that names the session itself is above them."""
        if own != "allow" and self._names_session(principal, one):
            return
        why = f"because no session policy allows the {one.action} action"
        if own != "allow" or not _confirmable(head, one):
            raise _refusal(principal, one, why)
        if not await self._identities.confirm(head, claim, body_sha256, one.action.removeprefix(PREFIX)):
            raise _refusal(principal, one, why)

    def _names_session(self, principal: Principal, one: Wanted) -> bool:
        allowing = [s for s in self._statements(one.resource) if s.effect == "allow"]
        return any(principal.arn in (s.principals or ()) for s in allowing)

    def require_anyone(self, head: Head, asked: Asked) -> None:
        """For callers with a token: what resource policies say of everybody. None attached says nothing."""
        for arn in asked.arns:
            statements = self._statements(arn)
            if not statements:
                continue
            question = Question(PREFIX + asked.operation, arn, self._keys(head.client) | dict.fromkeys(_PRINCIPAL_KEYS))
            if judge(statements, question, lambda s: "*" in (s.principals or ())) != "allow":
                raise Refused("policy_refuses", action=question.action, log_reason="resource_policy")

    def _decide(self, principal: Principal, grants: Grants | None, wanted: Wanted, client: str) -> Verdict:
        """What the identity's own policies say, when the call is allowed at all. Raises Refused when it is not."""
        keys = {**self._keys(client), **_principal_keys(principal, self._account), **wanted.keys}
        question = Question(wanted.action, wanted.resource, keys)
        own: Verdict = "allow" if grants is None else judge(grants.identity, question, lambda _: True)
        bound: Verdict = "allow"
        if grants is not None and grants.boundary is not None:
            bound = judge(grants.boundary, question, lambda _: True)
        # Nobody could take a policy back that denies everything to everybody, were root not exempt here.
        exempt = principal.root and wanted.action.removeprefix(PREFIX) in POLICY_OPERATIONS
        statements = () if exempt else self._statements(wanted.resource)
        attached = judge(statements, question, lambda s: _names(s, principal, self._account))
        if "deny" in (own, bound):
            why = "with an explicit deny in " + (
                "an identity-based policy" if own == "deny" else "a permissions boundary"
            )
        elif attached == "deny":
            why = "with an explicit deny in a resource-based policy"
        elif bound != "allow":
            why = f"because no permissions boundary allows the {wanted.action} action"
        elif "allow" not in (own, attached):
            why = f"because no identity-based policy allows the {wanted.action} action"
        else:
            return own
        raise _refusal(principal, wanted, why)

    def _statements(self, arn: str) -> tuple[Statement, ...]:
        document = self._attached(arn)
        try:
            return parse(document) if document is not None else ()
        except BadPolicy:
            raise Refused("unproved_caller", log_reason="policy_not_understood") from None

    def _keys(self, client: str) -> dict[str, str | None]:
        now = self._clock()
        keys: dict[str, str | None] = {
            "aws:currenttime": datetime.fromtimestamp(now, UTC).isoformat(),
            "aws:epochtime": str(int(now)),
            "aws:requestedregion": self._region,
            "aws:resourceaccount": self._account,
            "aws:viaawsservice": "false",
            "aws:principalisawsservice": "false",
        }
        return keys | ({"aws:sourceip": client} if client else {})


_PRINCIPAL_KEYS = ("aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:username", "aws:userid")


def _principal_keys(p: Principal, account: str) -> dict[str, str | None]:
    return dict(zip(_PRINCIPAL_KEYS, (p.entity, account, p.kind, p.name, p.id), strict=True))


def _confirmable(head: Head, wanted: Wanted) -> bool:
    """Whether the emulator reads this request as the call it is: it knows invocations by ARN alone."""
    path = head.raw_path.decode("latin-1")
    called = wanted.resource.split("/runtime-endpoint/")[0]
    return head.method == "POST" and unquote(path) == f"/runtimes/{called}/invocations"


def _refusal(principal: Principal, wanted: Wanted, why: str) -> Refused:
    return Refused(
        "not_authorized",
        caller=principal.arn,
        action=wanted.action,
        resource=wanted.resource[:400],
        why=why,
        log_reason=f"not_authorized:{wanted.action.removeprefix(PREFIX)}",
    )


def _names(s: Statement, p: Principal, account: str) -> bool:
    """Whether a resource policy's statement is about the caller.

    To allow the whole account only hands the decision back to its identity policies; to deny it denies all.
    """
    named = set(s.principals or ())
    everybody = {account, f"arn:aws:iam::{account}:root"}
    if named & {"*", p.arn, p.entity}:
        return True
    return bool(named & everybody) and (s.effect == "deny" or p.root)


def endpoint_or_runtime(arn: str) -> list[str]:
    """The ARNs that an operation on this resource touches: an endpoint's runtime comes first."""
    runtime, mark, _ = arn.partition("/runtime-endpoint/")
    return [runtime, arn] if mark else [runtime]


def tag_keys(tags: Mapping[str, str]) -> dict[str, str | None]:
    """Condition keys of a request that tags (IAM User Guide: aws:RequestTag)."""
    return {f"aws:requesttag/{name.lower()}": value for name, value in tags.items()}


def control_wanted(operation: str, params: Mapping[str, Any], runtime_arn: Callable[[str], str]) -> list[Wanted]:
    """The permissions that a control-plane operation needs (Service Authorization Reference; see docs/fidelity.md)."""
    if "resourceArn" in params:
        arns = endpoint_or_runtime(params["resourceArn"])
    elif "agentRuntimeId" in params:
        arn = runtime_arn(params["agentRuntimeId"])
        arns = [arn, f"{arn}/runtime-endpoint/{params['endpointName']}"] if "endpointName" in params else [arn]
    else:
        # Before a runtime is there, only a pattern that covers every name fits.
        arns = ["*"] if operation == "ListAgentRuntimes" else [runtime_arn("*")]
    keys = tag_keys(params.get("tags") or {})
    wanted = [Wanted(PREFIX + operation, arn, keys) for arn in arns]
    if keys and operation != "TagResource":
        wanted += [Wanted(PREFIX + "TagResource", arn, keys) for arn in arns]
    if "roleArn" in params:
        service = {"iam:passedtoservice": "bedrock-agentcore.amazonaws.com"}
        wanted.append(Wanted("iam:PassRole", params["roleArn"], service))
    return wanted
