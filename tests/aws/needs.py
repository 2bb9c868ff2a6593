"""What a call needs to be allowed: actions, resources and condition keys (Service Authorization Reference)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agentcore_local.app import control_permissions
from agentcore_local.control import Names
from tests.aws.operations import Call

S3_ACTIONS = {
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "UploadPart": "PutObject",
}
OF_VERSIONS = {"DeleteObject": "DeleteObjectVersion", "GetObject": "GetObjectVersion"}
# Anybody may ask who he is.
FREE = frozenset({"sts:GetCallerIdentity"})
# They look for what may be anywhere, so no name narrows them.
LISTS = re.compile(r"ListOauth2CredentialProviders|ListWorkloadIdentities|ListFunctions")
# Named otherwise than the operation.
RENAMED = {"lambda:Invoke": "lambda:InvokeFunction"}
# Where a call tags what it makes, the action that tags is needed too.
TAGGING = {
    "ecr:CreateRepository": "ecr:TagResource",
    "iam:CreatePolicy": "iam:TagPolicy",
    "iam:CreateRole": "iam:TagRole",
    "lambda:CreateFunction": "lambda:TagResource",
    "logs:CreateLogGroup": "logs:TagResource",
    "secretsmanager:CreateSecret": "secretsmanager:TagResource",
}


@dataclass(frozen=True, slots=True)
class Need:
    """One permission. `keys` in lower case; None for one that is not there."""

    action: str
    resource: str
    keys: Mapping[str, str | None] = field(default_factory=dict)


class Account:
    """Says what calls need, and remembers of what was made the facts that conditions ask for."""

    def __init__(self, region: str, account: str) -> None:
        self._region, self._account = region, account
        self._agentcore = control_permissions(Names(region, account, lambda: ""))
        self._boundaries: dict[str, str] = {}
        self._pool_tags: dict[str, Mapping[str, str]] = {}

    def needs(self, call: Call) -> list[Need]:
        action = f"{call.service}:{call.operation}"
        action = RENAMED.get(action, action)
        if action in FREE:
            return []
        if call.service == "bedrock-agentcore":
            return self._of_agentcore(call)
        if call.service == "s3":
            return list(_of_s3(call))
        resource = "*" if LISTS.fullmatch(call.operation) else self._resource(call)
        found = [Need(action, resource, self._keys(call))]
        if action in TAGGING and any(name.lower().startswith("tags") for name in call.params):
            found.append(Need(TAGGING[action], resource))
        if action in ("lambda:CreateFunction", "lambda:UpdateFunctionConfiguration") and "Role" in call.params:
            found.append(Need("iam:PassRole", call.params["Role"], {"iam:passedtoservice": "lambda.amazonaws.com"}))
        return found

    def learn(self, call: Call, answer: Mapping[str, Any]) -> None:
        """Of a call that was allowed and done."""
        if call.operation == "CreateRole":
            self._boundaries[call.params["RoleName"]] = call.params.get("PermissionsBoundary", "")
        elif call.operation == "CreateUserPool":
            self._pool_tags[answer["UserPool"]["Id"]] = call.params.get("UserPoolTags", {})

    def _of_agentcore(self, call: Call) -> list[Need]:
        if LISTS.fullmatch(call.operation):
            return [Need(f"bedrock-agentcore:{call.operation}", "*")]
        wanted = self._agentcore(call.operation, dict(call.params))
        return [Need(one.action, one.resource, one.keys) for one in wanted]

    def _resource(self, call: Call) -> str:
        p = call.params
        if call.service == "iam":
            if "RoleName" in p:
                return self._arn("iam", f"role/{p['RoleName']}", region="")
            return p.get("PolicyArn") or (
                self._arn("iam", f"policy/{p['PolicyName']}", region="") if p.get("PolicyName") else "*"
            )
        if call.service == "sts":
            return str(p["RoleArn"])
        given = p.get("ResourceArn") or p.get("resourceArn")
        if given:
            return str(given)
        if call.service == "cognito-idp":
            return self._arn("cognito-idp", f"userpool/{p['UserPoolId']}") if "UserPoolId" in p else "*"
        if call.service == "secretsmanager":
            name = p.get("SecretId") or p.get("Name")
            # The service ends an ARN with six characters of its own.
            return (
                "*"
                if not name
                else name
                if name.startswith("arn:")
                else self._arn(call.service, f"secret:{name}-??????")
            )
        if call.service == "ecr":
            name = p.get("repositoryName") or (p.get("repositoryNames") or ["*"])[0]
            return self._arn("ecr", f"repository/{name}") if name != "*" else "*"
        if call.service == "logs":
            if call.operation == "DescribeLogGroups":
                return self._arn("logs", "log-group:*")
            return self._arn("logs", f"log-group:{p['logGroupName']}:*") if "logGroupName" in p else "*"
        if call.service == "lambda":
            name = p.get("FunctionName", "*")
            return name if name.startswith("arn:") else self._arn("lambda", f"function:{name}")
        return "*"

    def _arn(self, service: str, rest: str, *, region: str | None = None) -> str:
        return f"arn:aws:{service}:{self._region if region is None else region}:{self._account}:{rest}"

    def _keys(self, call: Call) -> dict[str, str | None]:
        p = call.params
        if call.service == "cognito-idp":
            tags = self._pool_tags.get(p.get("UserPoolId", ""), {})
            keys: dict[str, str | None] = {f"aws:resourcetag/{name.lower()}": value for name, value in tags.items()}
            asked = p.get("UserPoolTags", {})
            return keys | {f"aws:requesttag/{name.lower()}": value for name, value in asked.items()}
        if call.service == "iam" and "RoleName" in p:
            boundary = p.get("PermissionsBoundary") or self._boundaries.get(p["RoleName"]) or None
            return {"iam:permissionsboundary": boundary, "iam:policyarn": p.get("PolicyArn")}
        return {}


def _of_s3(call: Call) -> Iterator[Need]:
    bucket = f"arn:aws:s3:::{call.bucket}" if call.bucket else "*"
    action = S3_ACTIONS.get(call.operation, call.operation)
    if "Objects" in call.params:
        for (key, *_), version in call.params["Objects"]:
            name = OF_VERSIONS["DeleteObject"] if version else "DeleteObject"
            yield Need(f"s3:{name}", f"{bucket}/{key}")
        return
    if "VersionId" in call.params:
        action = OF_VERSIONS.get(action, action)
    yield Need(f"s3:{action}", f"{bucket}/{call.params['Key']}" if "Key" in call.params else bucket)
