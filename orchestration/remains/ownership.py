"""Whose a thing is: its tags say it; a name says it where there are no tags that do."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from orchestration.gateway import gateway_name
from orchestration.remains.model import BY_NAME_ALONE, Kind, Remain, Thing
from orchestration.runtime.ownership import Claim
from orchestration.settings import ENVIRONMENT, MANAGED_BY, PROJECT
from orchestration.terraform import Held

# What services put before the name of what they make for us. Sources: AgentCore devguide, runtime-troubleshooting (log
# groups); AWS Lambda developer guide, CodeBuild user guide (log groups); AgentCore devguide, identity (secrets of
# credential providers).
PROVIDER_SECRET = "bedrock-agentcore-identity!default/oauth2/"  # noqa: S105  a name
BEFORE = (
    "/aws/bedrock-agentcore/runtimes/",
    "/aws/bedrock-agentcore/gateways/",
    "/aws/vendedlogs/bedrock-agentcore/",
    "/aws/lambda/",
    "/aws/codebuild/",
    PROVIDER_SECRET,
)
# Where one service's thing is one resource of Terraform's.
TERRAFORM_TYPES: Mapping[Kind, str] = {
    Kind.FUNCTION: "aws_lambda_function",
    Kind.BUILD: "aws_codebuild_project",
    Kind.DOMAIN: "aws_cognito_user_pool_domain",
    Kind.POOL: "aws_cognito_user_pool",
    Kind.BUCKET: "aws_s3_bucket",
    Kind.REPOSITORY: "aws_ecr_repository",
    Kind.SECRET: "aws_secretsmanager_secret",
    Kind.LOGS: "aws_cloudwatch_log_group",
    Kind.ALARM: "aws_cloudwatch_metric_alarm",
    Kind.QUERY: "aws_cloudwatch_query_definition",
    Kind.ROLE: "aws_iam_role",
    Kind.POLICY: "aws_iam_policy",
}


@dataclass(frozen=True, slots=True)
class Ours:
    """One environment of one project. Its names begin with its prefix, as terraform/context.tf makes them."""

    project: str
    environment: str
    region: str
    runtime_name: str = ""
    """Of the agent; empty: it follows from project and environment."""
    keep: frozenset[str] = frozenset()
    """ARNs of what was passed in from outside, whatever it is called."""
    names: frozenset[str] = frozenset()
    """Names that Terraform or the ledger gave to something of ours."""
    gateway_name: str = ""
    """As it is recorded; empty: it follows from the agent's."""
    roles: frozenset[str] = frozenset()
    clients: frozenset[str] = frozenset()
    user_pool_id: str = ""
    """Of the state; empty: not known."""

    @property
    def prefix(self) -> str:
        return f"{self.project}-{self.environment}"

    @property
    def agent(self) -> str:
        return self.runtime_name or self.prefix.replace("-", "_")

    @property
    def gateway(self) -> str:
        return self.gateway_name or gateway_name(self.agent)

    @property
    def claim(self) -> Claim:
        return Claim(self.project, self.environment, self.roles, self.clients)

    @property
    def beginnings(self) -> Collection[str]:
        """What every name of ours begins with."""
        return {self.prefix, self.agent, *self.names}


def recognised(thing: Thing, ours: Ours) -> str | None:
    """How a thing is known to be of ours; None for somebody else's.

    One tag that names another project or environment beats a name that looks like ours. A name alone proves nothing:
    it is said, so that nobody removes by it what is somebody else's.
    """
    said = ours.claim.says(thing.tags)
    if {thing.arn, thing.id} & ours.keep or said is False:
        return None
    if said:
        return f"tags {PROJECT}={ours.project}, {ENVIRONMENT}={ours.environment}"
    name = named_alike(thing.name, ours)
    return f"{BY_NAME_ALONE}: begins with {name}" if name else None


def named_alike(name: str, ours: Ours) -> str | None:
    """The name of ours that this one begins with; None if it only looks like it, as "app-dev2" beside "app-dev"."""
    plain = name
    for before in BEFORE:
        plain = plain.removeprefix(before)
    alike = [own for own in ours.beginnings if re.match(rf"{re.escape(own)}(?![A-Za-z0-9])", plain)]
    return max(alike, key=len) if alike else None


def unknown_to(held: Held, named: Collection[tuple[str, str]], remains: Iterable[Remain]) -> Iterator[Remain]:
    """Those that neither the state holds nor `named` lists: (kind, name) of what else will be removed."""
    owned = {(one.type, name) for one in held.resources for name in one.names}
    for remain in remains:
        thing = remain.thing
        known = {(TERRAFORM_TYPES.get(thing.kind), name) for name in (thing.id, thing.arn, thing.name)}
        if not known & owned and not any(_goes_with(thing, kind, name) for kind, name in named):
            yield remain


def _goes_with(thing: Thing, kind: str, name: str) -> bool:
    """Whether it is the thing of that kind and name, or what AgentCore made for that and takes away with it."""
    own = thing.name.rpartition("/")[2]
    if thing.kind is Kind.WORKLOAD and kind in (Kind.RUNTIME, Kind.GATEWAY):
        return re.match(rf"{re.escape(name)}(?![A-Za-z0-9_])", own) is not None
    if thing.kind is Kind.SECRET and kind == Kind.CREDENTIALS:
        return thing.name == f"{PROVIDER_SECRET}{name}"
    return (thing.kind, own) == (kind, name)


def cut_off(thing: Thing) -> bool:
    """True for what an apply of ours may have left: with Terraform's tag, or with no tag yet."""
    return not thing.tags or thing.tags.get(MANAGED_BY) == "terraform"
