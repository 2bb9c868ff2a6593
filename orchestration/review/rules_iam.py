"""Rules on IAM: who may assume a role, and what policies permit. They read every statement that will stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from orchestration.review.findings import Hit, Rule, Severity
from orchestration.review.policies import NOT, Statement, covers
from orchestration.review.reading import INVOKE, Reading
from orchestration.review.subjects import read_policies

SERVICE = "Service:bedrock-agentcore.amazonaws.com"
PASSING = "iam:passrole"
# Actions that take no resource (service authorization reference: ECR, X-Ray, CloudWatch, CloudWatch Logs, STS).
RESOURCELESS = (
    "cloudwatch:putmetricdata",
    "ecr:getauthorizationtoken",
    "logs:describeloggroups",
    "sts:getcalleridentity",
    "xray:getsamplingrules",
    "xray:getsamplingtargets",
    "xray:puttelemetryrecords",
    "xray:puttracesegments",
)
# They let the holder act as any user that it names (AgentCore devguide: runtime-oauth, runtime-permissions).
IMPERSONATING = ("bedrock-agentcore:getworkloadaccesstokenforuserid", "bedrock-agentcore:invokeagentruntimeforuser")
BOUNDS = ("aws:principalorgid", "aws:principalarn", "aws:principalaccount", "aws:sourcearn", "aws:sourceaccount")

Look = Callable[[Statement, bool], Iterable[str]]


def _on_allows(look: Look) -> Callable[[Reading], Iterator[Hit]]:
    def check(reading: Reading) -> Iterator[Hit]:
        for address, kind, statement in read_policies(reading.plan):
            if statement.allows:
                for why in look(statement, kind == "trust"):
                    yield address, f"statement {statement.name}: {why}"

    return check


def _keys(statement: Statement) -> set[str]:
    return {condition.key.lower() for condition in statement.conditions}


def _anyone(statement: Statement, trust: bool) -> Iterator[str]:
    wide = [p for p in statement.principals if p in ("*", "AWS:*") or p.startswith(NOT)]
    if wide and not _keys(statement) & set(BOUNDS):
        yield f"{', '.join(wide)} may {', '.join(statement.actions)}"


def _confused_deputy(statement: Statement, trust: bool) -> Iterator[str]:
    missing = [key for key in ("aws:SourceAccount", "aws:SourceArn") if key.lower() not in _keys(statement)]
    if trust and SERVICE in statement.principals and missing:
        yield f"the service may act here for other accounts too: no condition on {' and '.join(missing)}"


def _wildcard_action(statement: Statement, trust: bool) -> Iterator[str]:
    wide = [action for action in statement.actions if "*" in action and not action.startswith(NOT)]
    if wide:
        yield f"allows {', '.join(wide)}"


def _inverted(statement: Statement, trust: bool) -> Iterator[str]:
    elements = (*statement.actions, *statement.resources, *statement.principals)
    if wide := [element for element in elements if element.startswith(NOT)]:
        yield f"allows {', '.join(wide)}"


def _any_resource(statement: Statement, trust: bool) -> Iterator[str]:
    wide = [action for action in statement.actions if action.lower() not in RESOURCELESS and "*" not in action]
    # Of iam:PassRole and of the call itself there are rules of their own.
    wide = [action for action in wide if action.lower() != PASSING and not action.lower().startswith(INVOKE)]
    if "*" in statement.resources and wide and not statement.conditions:
        yield f"allows {', '.join(wide)} on every resource"


def _pass_role(statement: Statement, trust: bool) -> Iterator[str]:
    if not any(covers(action.lower(), PASSING) for action in statement.actions):
        return
    if "iam:passedtoservice" not in _keys(statement):
        yield "iam:PassRole without a condition on iam:PassedToService"
    if "*" in statement.resources:
        yield "iam:PassRole on every role"


def _impersonation(statement: Statement, trust: bool) -> Iterator[str]:
    named = [action for action in statement.actions if any(covers(action.lower(), one) for one in IMPERSONATING)]
    if named:
        yield f"{', '.join(named)}: its holder acts as any user that it names"


def _any_runtime(statement: Statement, trust: bool) -> Iterator[str]:
    calls = any(covers(action.lower(), INVOKE) for action in statement.actions)
    wide = [r for r in statement.resources if r == "*" or r.endswith((":*", ":runtime/*"))]
    if calls and wide:
        yield f"lets its holder call every runtime ({', '.join(wide)})"


RULES = (
    Rule(
        "AIA030",
        Severity.CRITICAL,
        "Open to any principal",
        "name the principals, or bound them with aws:PrincipalOrgID or aws:SourceArn",
        _on_allows(_anyone),
    ),
    Rule(
        "AIA031",
        Severity.HIGH,
        "Service trust without source conditions",
        "add StringEquals aws:SourceAccount and ArnLike aws:SourceArn (confused deputy)",
        _on_allows(_confused_deputy),
    ),
    Rule("AIA032", Severity.HIGH, "Wildcard action", "list the actions", _on_allows(_wildcard_action)),
    Rule(
        "AIA033",
        Severity.HIGH,
        "Every resource where the action takes one",
        "name the resources, or a condition that narrows them",
        _on_allows(_any_resource),
    ),
    Rule(
        "AIA034",
        Severity.HIGH,
        "PassRole unbounded",
        "name the role and demand iam:PassedToService = bedrock-agentcore.amazonaws.com",
        _on_allows(_pass_role),
    ),
    Rule(
        "AIA035",
        Severity.HIGH,
        "May act as any user",
        "leave the action out: the JWT door hands the caller's identity over by itself",
        _on_allows(_impersonation),
    ),
    Rule(
        "AIA036",
        Severity.HIGH,
        "Allow by exclusion",
        "list what is allowed: NotAction, NotResource and NotPrincipal grow with every new service",
        _on_allows(_inverted),
    ),
    Rule(
        "AIA037",
        Severity.HIGH,
        "May call every runtime",
        "name the runtime and its endpoints: .../runtime/NAME-*",
        _on_allows(_any_runtime),
    ),
)
