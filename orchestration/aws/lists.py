"""What each service lists of what Terraform, the launch or AgentCore itself makes in it. Never run against AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from orchestration.remains import Kind, Ours, Thing
from orchestration.remains.ownership import BEFORE, named_alike

Lister = Callable[[Any, Ours], Iterable[Thing]]


def _pages(client: Any, operation: str, member: str, **request: Any) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**request):
        yield from page.get(member, ())


def _flat(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str] | None:
    return None if tags is None else {tag["Key"]: tag["Value"] for tag in tags}


def _runtimes(client: Any, ours: Ours) -> Iterator[Thing]:
    for item in _pages(client, "list_agent_runtimes", "agentRuntimes"):
        yield Thing(Kind.RUNTIME, item["agentRuntimeName"], item["agentRuntimeId"], item["agentRuntimeArn"])


def _gateways(client: Any, ours: Ours) -> Iterator[Thing]:
    for item in _pages(client, "list_gateways", "items"):
        yield Thing(Kind.GATEWAY, item["name"], item["gatewayId"])


def _targets(client: Any, ours: Ours) -> Iterator[Thing]:
    """Of gateways that are called like ours: a target has neither a prefix nor tags of its own."""
    for gateway in _gateways(client, ours):
        if named_alike(gateway.name, ours):
            for item in _pages(client, "list_gateway_targets", "items", gatewayIdentifier=gateway.id):
                yield Thing(Kind.TARGET, f"{gateway.name}/{item['name']}", item["targetId"], parent=gateway.id)


def _credentials(client: Any, ours: Ours) -> Iterator[Thing]:
    for item in _pages(client, "list_oauth2_credential_providers", "credentialProviders"):
        yield Thing(Kind.CREDENTIALS, item["name"], item["name"], item.get("credentialProviderArn"))


def _workloads(client: Any, ours: Ours) -> Iterator[Thing]:
    for item in _pages(client, "list_workload_identities", "workloadIdentities"):
        yield Thing(Kind.WORKLOAD, item["name"], item["name"], item.get("workloadIdentityArn"))


def _functions(client: Any, ours: Ours) -> Iterator[Thing]:
    for item in _pages(client, "list_functions", "Functions"):
        yield Thing(Kind.FUNCTION, item["FunctionName"], item["FunctionName"], item["FunctionArn"])


def _builds(client: Any, ours: Ours) -> Iterator[Thing]:
    """ListProjects tells names alone: asked for where one is like ours, 100 at a time at most (botocore model)."""
    alike = [name for name in _pages(client, "list_projects", "projects") if named_alike(name, ours)]
    for item in client.batch_get_projects(names=alike[:100])["projects"] if alike else ():
        tags = {tag["key"]: tag["value"] for tag in item.get("tags", ())}
        yield Thing(Kind.BUILD, item["name"], item["name"], item["arn"], tags)


def _pools(client: Any, ours: Ours) -> Iterator[Thing]:
    """ListUserPools tells neither ARN nor tags nor domains: asked for where the name is like ours."""
    for item in _pages(client, "list_user_pools", "UserPools", MaxResults=60):
        if not named_alike(item["Name"], ours):
            yield Thing(Kind.POOL, item["Name"], item["Id"])
            continue
        pool = client.describe_user_pool(UserPoolId=item["Id"])["UserPool"]
        tags = pool.get("UserPoolTags") or None
        held = "deletion protection is on" if pool.get("DeletionProtection") == "ACTIVE" else ""
        yield Thing(Kind.POOL, item["Name"], item["Id"], pool.get("Arn"), tags, holds=held)
        for domain in filter(None, (pool.get("Domain"), pool.get("CustomDomain"))):
            yield Thing(Kind.DOMAIN, domain, domain, tags=tags, parent=item["Id"])


def _buckets(client: Any, ours: Ours) -> Iterator[Thing]:
    for item in _pages(client, "list_buckets", "Buckets"):
        yield Thing(Kind.BUCKET, item["Name"], item["Name"], f"arn:aws:s3:::{item['Name']}")


def _repositories(client: Any, ours: Ours) -> Iterator[Thing]:
    for item in _pages(client, "describe_repositories", "repositories"):
        yield Thing(Kind.REPOSITORY, item["repositoryName"], item["repositoryName"], item["repositoryArn"])


def _secrets(client: Any, ours: Ours) -> Iterator[Thing]:
    for item in _pages(client, "list_secrets", "SecretList", IncludePlannedDeletion=True):
        ends = str(item["DeletedDate"].date()) if item.get("DeletedDate") else ""
        yield Thing(Kind.SECRET, item["Name"], item["ARN"], item["ARN"], _flat(item.get("Tags")), ends=ends)


def _log_groups(client: Any, ours: Ours) -> Iterator[Thing]:
    """By prefix, since an account may hold thousands."""
    for prefix in sorted(
        f"{before}{name}" for name in ours.beginnings for before in ("", *BEFORE) if "!" not in before
    ):
        for item in _pages(client, "describe_log_groups", "logGroups", logGroupNamePrefix=prefix):
            arn = item["arn"].removesuffix(":*")
            yield Thing(Kind.LOGS, item["logGroupName"], item["logGroupName"], arn)


def _alarms(client: Any, ours: Ours) -> Iterator[Thing]:
    for item in _pages(client, "describe_alarms", "MetricAlarms", AlarmNamePrefix=ours.prefix):
        yield Thing(Kind.ALARM, item["AlarmName"], item["AlarmName"], item["AlarmArn"])


def _queries(client: Any, ours: Ours) -> Iterator[Thing]:
    """By prefix; a page of 1000 at most (botocore model: QueryListMaxResults), which one environment does not fill."""
    answer = client.describe_query_definitions(queryDefinitionNamePrefix=ours.prefix, maxResults=1000)
    for item in answer.get("queryDefinitions", ()):
        yield Thing(Kind.QUERY, item["name"], item["queryDefinitionId"])


def _roles(client: Any, ours: Ours) -> Iterator[Thing]:
    """ListRoles tells no tags: asked for where the name is like ours (botocore model: Role)."""
    for item in _pages(client, "list_roles", "Roles"):
        name = item["RoleName"]
        tags = client.list_role_tags(RoleName=name)["Tags"] if named_alike(name, ours) else None
        yield Thing(Kind.ROLE, name, name, item["Arn"], _flat(tags))


def _policies(client: Any, ours: Ours) -> Iterator[Thing]:
    for item in _pages(client, "list_policies", "Policies", Scope="Local"):
        name, arn = item["PolicyName"], item["Arn"]
        tags = client.list_policy_tags(PolicyArn=arn)["Tags"] if named_alike(name, ours) else None
        yield Thing(Kind.POLICY, name, arn, arn, _flat(tags))


CONTROL = "bedrock-agentcore-control"
# Kind -> boto3's name of the service, the permission that a refusal names, what lists.
LISTERS: Mapping[Kind, tuple[str, str, Lister]] = {
    Kind.RUNTIME: (CONTROL, "bedrock-agentcore:ListAgentRuntimes", _runtimes),
    Kind.TARGET: (CONTROL, "bedrock-agentcore:ListGatewayTargets", _targets),
    Kind.GATEWAY: (CONTROL, "bedrock-agentcore:ListGateways", _gateways),
    Kind.CREDENTIALS: (CONTROL, "bedrock-agentcore:ListOauth2CredentialProviders", _credentials),
    Kind.WORKLOAD: (CONTROL, "bedrock-agentcore:ListWorkloadIdentities", _workloads),
    Kind.FUNCTION: ("lambda", "lambda:ListFunctions", _functions),
    Kind.BUILD: ("codebuild", "codebuild:ListProjects", _builds),
    Kind.POOL: ("cognito-idp", "cognito-idp:ListUserPools", _pools),
    Kind.BUCKET: ("s3", "s3:ListAllMyBuckets", _buckets),
    Kind.REPOSITORY: ("ecr", "ecr:DescribeRepositories", _repositories),
    Kind.SECRET: ("secretsmanager", "secretsmanager:ListSecrets", _secrets),
    Kind.LOGS: ("logs", "logs:DescribeLogGroups", _log_groups),
    Kind.ALARM: ("cloudwatch", "cloudwatch:DescribeAlarms", _alarms),
    Kind.QUERY: ("logs", "logs:DescribeQueryDefinitions", _queries),
    Kind.ROLE: ("iam", "iam:ListRoles", _roles),
    Kind.POLICY: ("iam", "iam:ListPolicies", _policies),
}
# Kinds whose list is complete: what the tagging API alone still knows of them is gone.
COMPLETE = frozenset({Kind.RUNTIME, Kind.GATEWAY, Kind.FUNCTION, Kind.POOL, Kind.BUCKET, Kind.REPOSITORY, Kind.SECRET})
