"""The command of the AWS CLI that removes a thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from shlex import quote

from orchestration.remains.model import Kind, Thing

AGENTCORE = "aws bedrock-agentcore-control"
# IAM is of no region; a process is of this machine.
GLOBAL = frozenset({Kind.PROCESS, Kind.ROLE, Kind.POLICY})


def removal(thing: Thing, region: str) -> str:
    """One line for a shell. What is in the way goes first: the policies of a role, the versions in a bucket."""
    place = "" if thing.kind in GLOBAL else f" --region {region}"
    return " && ".join(f"{command}{place}" for command in COMMANDS[thing.kind](thing))


def _role(thing: Thing) -> list[str]:
    name = quote(thing.id)
    detached = [f"aws iam detach-role-policy --role-name {name} --policy-arn {quote(arn)}" for arn in thing.attached]
    emptied = [f"aws iam delete-role-policy --role-name {name} --policy-name {quote(one)}" for one in thing.inline]
    return [*detached, *emptied, f"aws iam delete-role --role-name {name}"]


def _bucket(thing: Thing) -> list[str]:
    """A batch of 1000 versions; `rb` refuses while there are more, and the line is run again."""
    name = quote(thing.id)
    if not thing.holds:
        return [f"aws s3 rb s3://{name}"]
    which = "{Objects: [Versions, DeleteMarkers][][].{Key: Key, VersionId: VersionId}}"
    listed = f"aws s3api list-object-versions --bucket {name} --max-items 1000 --output json --query {quote(which)}"
    return [f'aws s3api delete-objects --bucket {name} --delete "$({listed})"', f"aws s3 rb s3://{name}"]


COMMANDS: Mapping[Kind, Callable[[Thing], list[str]]] = {
    Kind.PROCESS: lambda t: [f"kill {t.id}"],
    Kind.RUNTIME: lambda t: [f"{AGENTCORE} delete-agent-runtime --agent-runtime-id {quote(t.id)}"],
    Kind.TARGET: lambda t: [
        f"{AGENTCORE} delete-gateway-target --gateway-identifier {quote(t.parent)} --target-id {quote(t.id)}"
    ],
    Kind.GATEWAY: lambda t: [f"{AGENTCORE} delete-gateway --gateway-identifier {quote(t.id)}"],
    Kind.CREDENTIALS: lambda t: [f"{AGENTCORE} delete-oauth2-credential-provider --name {quote(t.id)}"],
    Kind.WORKLOAD: lambda t: [f"{AGENTCORE} delete-workload-identity --name {quote(t.id)}"],
    Kind.FUNCTION: lambda t: [f"aws lambda delete-function --function-name {quote(t.id)}"],
    Kind.BUILD: lambda t: [f"aws codebuild delete-project --name {quote(t.id)}"],
    Kind.DOMAIN: lambda t: [
        f"aws cognito-idp delete-user-pool-domain --domain {quote(t.id)} --user-pool-id {quote(t.parent)}"
    ],
    Kind.POOL: lambda t: [f"aws cognito-idp delete-user-pool --user-pool-id {quote(t.id)}"],
    Kind.BUCKET: _bucket,
    Kind.REPOSITORY: lambda t: [f"aws ecr delete-repository --force --repository-name {quote(t.id)}"],
    Kind.SECRET: lambda t: [
        f"aws secretsmanager delete-secret --force-delete-without-recovery --secret-id {quote(t.id)}"
    ],
    Kind.LOGS: lambda t: [f"aws logs delete-log-group --log-group-name {quote(t.id)}"],
    Kind.ALARM: lambda t: [f"aws cloudwatch delete-alarms --alarm-names {quote(t.id)}"],
    Kind.QUERY: lambda t: [f"aws logs delete-query-definition --query-definition-id {quote(t.id)}"],
    Kind.ROLE: _role,
    Kind.POLICY: lambda t: [f"aws iam delete-policy --policy-arn {quote(t.id)}"],
    Kind.TAGGED: lambda t: [f"aws resourcegroupstaggingapi get-resources --resource-arn-list {quote(t.id)}"],
}
