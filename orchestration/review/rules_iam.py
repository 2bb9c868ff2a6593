"""Rules on IAM: who may assume a role, and what policies permit. They read every statement that will stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from orchestration.review.bounds import bounded, every, narrowed
from orchestration.review.findings import Hit, Rule, Severity
from orchestration.review.policies import NOT, Statement, covers
from orchestration.review.reading import CALLS, INVOKE, Reading

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

# Whom a provider vouches for (IAM user guide: OIDC and SAML condition keys).
SUBJECTS = (":sub", "saml:aud", "saml:sub")
# With them on any user, role, group or policy, every other permission can be had.
ESCALATING = tuple(
    f"iam:{name}"
    for name in """
    addusertogroup attachgrouppolicy attachrolepolicy attachuserpolicy createaccesskey createloginprofile
    createpolicyversion deleterolepermissionsboundary deleteuserpermissionsboundary putgrouppolicy putrolepolicy
    putuserpolicy setdefaultpolicyversion updateassumerolepolicy updateloginprofile
    """.split()
)

Look = Callable[[Statement, bool], Iterable[str]]


def _on_allows(look: Look) -> Callable[[Reading], Iterator[Hit]]:
    def check(reading: Reading) -> Iterator[Hit]:
        for address, kind, statement in reading.policies:
            if statement.allows:
                for why in look(statement, kind == "trust"):
                    yield address, f"statement {statement.name}: {why}"

    return check


def _anyone(statement: Statement, trust: bool) -> Iterator[str]:
    wide = [p for p in statement.principals if p.rpartition(":")[2].strip("*?") == "" or p.startswith(NOT)]
    if wide and not bounded(statement, *BOUNDS):
        yield f"{', '.join(wide)} may {', '.join(statement.actions)}"


def _confused_deputy(statement: Statement, trust: bool) -> Iterator[str]:
    missing = [key for key in ("aws:SourceAccount", "aws:SourceArn") if not bounded(statement, key.lower())]
    if trust and SERVICE in statement.principals and missing:
        yield f"the service may act here for other accounts too: no condition on {' and '.join(missing)}"


def _any_subject(statement: Statement, trust: bool) -> Iterator[str]:
    providers = [p for p in statement.principals if p.startswith("Federated:") and p != "Federated:*"]
    keys = {condition.key.lower() for condition in statement.conditions}
    if trust and providers and not bounded(statement, *(key for key in keys if key.endswith(SUBJECTS))):
        yield f"whoever signs in at {', '.join(providers)} may assume the role"


def _wildcard_action(statement: Statement, trust: bool) -> Iterator[str]:
    wide = [action for action in statement.actions if _wild(action) and not action.startswith(NOT)]
    if wide:
        yield f"allows {', '.join(wide)}"


def _wild(action: str) -> bool:
    return "*" in action or "?" in action


def _inverted(statement: Statement, trust: bool) -> Iterator[str]:
    elements = (*statement.actions, *statement.resources, *statement.principals)
    if wide := [element for element in elements if element.startswith(NOT)]:
        yield f"allows {', '.join(wide)}"


def _any_resource(statement: Statement, trust: bool) -> Iterator[str]:
    wide = [a for a in statement.actions if a.lower() not in RESOURCELESS and not _wild(a) and not a.startswith(NOT)]
    # Of iam:PassRole and of the call itself there are rules of their own.
    wide = [action for action in wide if action.lower() != PASSING and not action.lower().startswith(INVOKE)]
    if any(map(every, statement.resources)) and wide and not narrowed(statement):
        yield f"allows {', '.join(wide)} on every resource"


def _pass_role(statement: Statement, trust: bool) -> Iterator[str]:
    if not any(covers(action.lower(), PASSING) for action in statement.actions):
        return
    if not bounded(statement, "iam:passedtoservice"):
        yield "iam:PassRole without a condition on iam:PassedToService"
    if any(every(resource, "role") for resource in statement.resources):
        yield "iam:PassRole on every role"


def _escalation(statement: Statement, trust: bool) -> Iterator[str]:
    named = [a for a in statement.actions if any(covers(a.lower(), one) for one in ESCALATING) and a.strip("*") != ""]
    wide = [r for r in statement.resources if any(every(r, kind) for kind in ("user", "role", "group", "policy"))]
    if named and wide and not bounded(statement, "iam:permissionsboundary"):
        yield f"{', '.join(named)} on {', '.join(wide)}: its holder may make itself, or anyone, an administrator"


def _impersonation(statement: Statement, trust: bool) -> Iterator[str]:
    named = [action for action in statement.actions if any(covers(action.lower(), one) for one in IMPERSONATING)]
    if named:
        yield f"{', '.join(named)}: its holder acts as any user that it names"


def _any_runtime(statement: Statement, trust: bool) -> Iterator[str]:
    calls = any(covers(action.lower(), call) for action in statement.actions for call in CALLS)
    wide = [r for r in statement.resources if any(every(r, kind) for kind in ("runtime", "runtime/*/runtime-endpoint"))]
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
    Rule(
        "AIA038",
        Severity.HIGH,
        "May give permissions to anyone",
        "name the users, roles, groups and policies, and demand a permissions boundary",
        _on_allows(_escalation),
    ),
    Rule(
        "AIA039",
        Severity.HIGH,
        "Federated trust without a subject",
        "demand whom the provider vouches for: StringEquals on its :sub (or SAML:aud)",
        _on_allows(_any_subject),
    ),
)
