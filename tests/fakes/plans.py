"""Plans made by hand: one sound resource of each kind that rules look at, and the edits that break one rule each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

ACCOUNT = "111122223333"
ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AAAAAAAAA"
DISCOVERY_URL = f"{ISSUER}/.well-known/openid-configuration"
TAGS = {"Environment": "dev", "ManagedBy": "terraform", "Project": "demo", "Repository": "demo"}
UNKNOWN = object()
BUCKET_ARN = "arn:aws:s3:::demo-code"


def policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "arn:aws:s3:::demo-code/*", **more: Any) -> dict[str, Any]:
    return {"Sid": "Only", "Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(**changes: Any) -> dict[str, Any]:
    """The service's trust, confined to this account; None drops a member."""
    statement = {
        "Sid": "Service",
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "bedrock-agentcore.amazonaws.com"},
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:*"},
        },
    } | changes
    return {key: value for key, value in statement.items() if value is not None}


TLS_ONLY = {
    "Sid": "TlsOnly",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [BUCKET_ARN, f"{BUCKET_ARN}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
DOOR = {
    "discovery_url": DISCOVERY_URL,
    "allowed_clients": {"user": "client-of-people"},
    "allowed_audience": [],
    "allowed_scopes": [],
    "custom_claims": [],
}
SOUND: Mapping[str, Mapping[str, Any]] = {
    "terraform_data": {"input": DOOR},
    "aws_cognito_user_pool": {
        "name": "demo-callers",
        "admin_create_user_config": [{"allow_admin_create_user_only": True}],
        "deletion_protection": "ACTIVE",
        "mfa_configuration": "ON",
        "password_policy": [
            {
                "minimum_length": 12,
                "require_lowercase": True,
                "require_numbers": True,
                "require_symbols": True,
                "require_uppercase": True,
            }
        ],
        "tags_all": TAGS,
    },
    "aws_cognito_user_pool_client": {
        "name": "demo-user",
        "user_pool_id": "us-east-1_AAAAAAAAA",
        "explicit_auth_flows": ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
        "allowed_oauth_flows": ["code"],
        "callback_urls": ["https://demo.example/callback", "http://localhost:8080"],
        "prevent_user_existence_errors": "ENABLED",
        "enable_token_revocation": True,
        "access_token_validity": 15,
        "refresh_token_validity": 8,
        "token_validity_units": [{"access_token": "minutes", "refresh_token": "hours"}],
    },
    "aws_cognito_user": {"username": "caller", "user_pool_id": "us-east-1_AAAAAAAAA"},
    "aws_iam_role": {"name": "demo-runtime", "assume_role_policy": policy(trust()), "tags_all": TAGS},
    "aws_iam_role_policy": {"name": "demo-runtime", "role": "demo-runtime", "policy": policy(allow("s3:GetObject"))},
    "aws_s3_bucket_public_access_block": {
        "bucket": "demo-code",
        "block_public_acls": True,
        "block_public_policy": True,
        "ignore_public_acls": True,
        "restrict_public_buckets": True,
    },
    "aws_s3_bucket_versioning": {"bucket": "demo-code", "versioning_configuration": [{"status": "Enabled"}]},
    "aws_s3_bucket_policy": {"bucket": "demo-code", "policy": policy(TLS_ONLY)},
    "aws_ecr_repository": {
        "name": "demo",
        "image_tag_mutability": "IMMUTABLE",
        "image_scanning_configuration": [{"scan_on_push": True}],
        "tags_all": TAGS,
    },
    "aws_secretsmanager_secret_version": {"secret_id": "demo/password", "secret_string_wo_version": 1},
}
INVOKE = "bedrock-agentcore:InvokeAgentRuntime"
RUNTIMES = f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:runtime"

FEDERATED = trust(
    Action="sts:AssumeRoleWithWebIdentity",
    Principal={"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"},
    Condition={"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}},
)


def _anyone(principal: Any, **condition: Any) -> dict[str, Any]:
    return {"assume_role_policy": policy(trust(Principal=principal, Condition=condition or None))}


def _service(**condition: Any) -> dict[str, Any]:
    return {"assume_role_policy": policy(trust(Condition=condition))}


def _inline(action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    return {"policy": policy(allow(action, resource, **more))}


_PERMISSION = {"action": "lambda:InvokeFunction", "function_name": "f", "principal": "*"}
_ACCOUNT = {"aws:SourceAccount": ACCOUNT}
_SOURCE = {"aws:SourceArn": f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:*"}
_DENY = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [BUCKET_ARN, f"{BUCKET_ARN}/*"]}
_PLAIN = {"Bool": {"aws:SecureTransport": "false"}}

# (rules, type of resource, arguments): written to look bounded, and judged by hand. Without a rule, nothing is wrong.
HOSTILE: tuple[tuple[tuple[str, ...], str, Mapping[str, Any]], ...] = (
    (("AIA030",), "aws_iam_role", _anyone({"AWS": "*"}, StringLike={"aws:PrincipalArn": "*"})),
    (("AIA030",), "aws_iam_role", _anyone({"AWS": "*"}, ArnLike={"aws:PrincipalArn": "arn:aws:iam::*:role/x"})),
    (("AIA030",), "aws_iam_role", _anyone({"AWS": "*"}, StringNotEquals={"aws:PrincipalOrgID": "o-1"})),
    (("AIA030",), "aws_iam_role", _anyone({"AWS": "*"}, StringEqualsIfExists={"aws:PrincipalOrgID": "o-1"})),
    (("AIA030",), "aws_iam_role", _anyone({"AWS": "*"}, StringEquals={"aws:PrincipalOrgID": []})),
    (("AIA030",), "aws_iam_role", _anyone({"Federated": "*"})),
    ((), "aws_iam_role", _anyone({"AWS": "*"}, StringEquals={"aws:PrincipalOrgID": "o-1"})),
    (("AIA031",), "aws_iam_role", _service(StringLike={"aws:SourceAccount": "*"}, ArnLike=_SOURCE)),
    (("AIA031",), "aws_iam_role", _service(StringEquals=_ACCOUNT, ArnLike={"aws:SourceArn": "arn:aws:*:*:*:*"})),
    (("AIA031",), "aws_iam_role", _service(StringNotEquals={"aws:SourceAccount": "1"}, ArnLike=_SOURCE)),
    (("AIA031",), "aws_iam_role", _service(**{"ForAllValues:StringEquals": _ACCOUNT, "ArnLike": _SOURCE})),
    (("AIA031",), "aws_iam_role", _service(Null={"aws:SourceAccount": "true"}, ArnLike=_SOURCE)),
    ((), "aws_iam_role", _service(StringLike=_ACCOUNT, ArnLike=_SOURCE)),
    (("AIA032",), "aws_iam_role_policy", _inline("s3:Get?bject", "arn:aws:s3:::demo-code/*")),
    (("AIA033",), "aws_iam_role_policy", _inline("s3:GetObject", "**")),
    (("AIA033",), "aws_iam_role_policy", _inline("s3:GetObject", "arn:*")),
    (("AIA033",), "aws_iam_role_policy", _inline("s3:GetObject", "arn:aws:s3:::*")),
    (
        ("AIA033",),
        "aws_iam_role_policy",
        _inline("secretsmanager:GetSecretValue", "*", Condition={"StringLike": {"aws:RequestedRegion": "*"}}),
    ),
    (
        ("AIA033",),
        "aws_iam_role_policy",
        _inline("secretsmanager:GetSecretValue", "*", Condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"}}),
    ),
    (
        (),
        "aws_iam_role_policy",
        _inline("s3:GetObject", "*", Condition={"StringEquals": {"s3:ResourceAccount": ACCOUNT}}),
    ),
    (
        ("AIA034",),
        "aws_iam_role_policy",
        _inline(
            "iam:PassRole",
            f"arn:aws:iam::{ACCOUNT}:role/demo",
            Condition={"StringNotEquals": {"iam:PassedToService": "x"}},
        ),
    ),
    (
        ("AIA034",),
        "aws_iam_role_policy",
        _inline(
            "iam:PassRole", "arn:aws:iam::*:role/*", Condition={"StringEquals": {"iam:PassedToService": "lambda.x"}}
        ),
    ),
    (("AIA037",), "aws_iam_role_policy", _inline(INVOKE, f"{RUNTIMES}/?*")),
    (
        ("AIA037",),
        "aws_iam_role_policy",
        _inline(INVOKE, [f"{RUNTIMES}/*-*", f"{RUNTIMES}/*/runtime-endpoint/*"]),
    ),
    (("AIA037",), "aws_iam_role_policy", _inline(f"{INVOKE}WithWebSocketStream", f"{RUNTIMES}/*")),
    ((), "aws_iam_role_policy", _inline(INVOKE, [f"{RUNTIMES}/demo-*", f"{RUNTIMES}/demo-*/runtime-endpoint/*"])),
    (("AIA033", "AIA038"), "aws_iam_role_policy", _inline("iam:AttachRolePolicy", "*", Condition=_PLAIN)),
    (
        (),
        "aws_iam_role_policy",
        _inline(
            "iam:AttachRolePolicy",
            f"arn:aws:iam::{ACCOUNT}:role/*",
            Condition={"StringEquals": {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/bound"}},
        ),
    ),
    ((), "aws_iam_role_policy", _inline("iam:AttachRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/demo-*")),
    (
        ("AIA039",),
        "aws_iam_role",
        {
            "assume_role_policy": policy(
                FEDERATED | {"Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:*"}}}
            )
        },
    ),
    (
        (),
        "aws_iam_role",
        {
            "assume_role_policy": policy(
                FEDERATED | {"Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:me/demo:*"}}}
            )
        },
    ),
    (
        ("AIA042",),
        "aws_s3_bucket_policy",
        {"policy": policy(_DENY | {"Action": "s3:DeleteBucket", "Condition": _PLAIN})},
    ),
    (
        ("AIA042",),
        "aws_s3_bucket_policy",
        {"policy": policy(_DENY | {"Principal": {"AWS": "arn:aws:iam::1:root"}, "Condition": _PLAIN})},
    ),
    (
        ("AIA042",),
        "aws_s3_bucket_policy",
        {"policy": policy(_DENY | {"Condition": _PLAIN | {"StringEquals": {"aws:PrincipalTag/a": "b"}}})},
    ),
    (("AIA042",), "aws_s3_bucket_policy", {"policy": policy(_DENY | {"Resource": BUCKET_ARN, "Condition": _PLAIN})}),
    ((), "aws_lambda_function_url", {"function_name": "f", "authorization_type": "AWS_IAM"}),
    ((), "aws_lambda_permission", _PERMISSION | {"source_account": ACCOUNT}),
    ((), "aws_lambda_permission", _PERMISSION | {"principal_org_id": "o-1"}),
    ((), "aws_lambda_permission", _PERMISSION | {"principal": "bedrock-agentcore.amazonaws.com"}),
    (("AIA030",), "aws_sqs_queue", {"policy": policy(allow("sqs:SendMessage", "arn:aws:sqs:::q", Principal="*"))}),
    (
        ("AIA010", "AIA013", "AIA017"),
        "aws_cognito_managed_user_pool_client",
        {"name_prefix": "x", "allowed_oauth_flows": ["implicit"]},
    ),
    (("AIA019",), "aws_cognito_user_pool_client", {"callback_urls": ["HTTP://demo.example/callback"]}),
)

# (rule, type of resource, arguments that break the rule and no other)
BROKEN: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("AIA001", "terraform_data", {"input": DOOR | {"discovery_url": None}}),
    ("AIA002", "terraform_data", {"input": DOOR | {"allowed_clients": {}}}),
    ("AIA003", "terraform_data", {"input": DOOR | {"allowed_audience": ["agent"]}}),
    ("AIA004", "terraform_data", {"input": DOOR | {"discovery_url": DISCOVERY_URL.replace("https", "http")}}),
    ("AIA004", "terraform_data", {"input": DOOR | {"discovery_url": ISSUER}}),
    ("AIA005", "terraform_data", {"input": DOOR | {"allowed_clients": {"Outsider": "client-of-nobody"}}}),
    ("AIA010", "aws_cognito_user_pool_client", {"allowed_oauth_flows": ["code", "implicit"]}),
    ("AIA011", "aws_cognito_user_pool_client", {"explicit_auth_flows": ["ALLOW_USER_PASSWORD_AUTH"]}),
    ("AIA012", "aws_cognito_user_pool_client", {"explicit_auth_flows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]}),
    ("AIA013", "aws_cognito_user_pool_client", {"prevent_user_existence_errors": "LEGACY"}),
    ("AIA013", "aws_cognito_user_pool_client", {"prevent_user_existence_errors": None}),
    ("AIA013", "aws_cognito_user_pool_client", {"prevent_user_existence_errors": UNKNOWN}),
    ("AIA014", "aws_cognito_user_pool_client", {"enable_token_revocation": False}),
    ("AIA015", "aws_cognito_user_pool_client", {"access_token_validity": 61}),
    (
        "AIA015",
        "aws_cognito_user_pool_client",
        {"access_token_validity": 2, "token_validity_units": [{"refresh_token": "hours"}]},
    ),
    ("AIA016", "aws_cognito_user_pool_client", {"refresh_token_validity": 721}),
    ("AIA017", "aws_cognito_user_pool_client", {"explicit_auth_flows": []}),
    ("AIA017", "aws_cognito_user_pool_client", {"explicit_auth_flows": None}),
    ("AIA017", "aws_cognito_user_pool_client", {"explicit_auth_flows": UNKNOWN}),
    ("AIA018", "aws_cognito_user_pool_client", {"allowed_oauth_flows": ["client_credentials"]}),
    ("AIA019", "aws_cognito_user_pool_client", {"callback_urls": ["http://demo.example/callback"]}),
    ("AIA019", "aws_cognito_user_pool_client", {"callback_urls": ["http://localhost.example/callback"]}),
    (
        "AIA020",
        "aws_cognito_user_pool",
        {"admin_create_user_config": [{"allow_admin_create_user_only": False}]},
    ),
    ("AIA020", "aws_cognito_user_pool", {"admin_create_user_config": []}),
    ("AIA021", "aws_cognito_user_pool", {"deletion_protection": "INACTIVE"}),
    ("AIA022", "aws_cognito_user_pool", {"password_policy": []}),
    ("AIA022", "aws_cognito_user_pool", {"password_policy": UNKNOWN}),
    (
        "AIA022",
        "aws_cognito_user_pool",
        {"password_policy": [{**SOUND["aws_cognito_user_pool"]["password_policy"][0], "minimum_length": 8}]},
    ),
    (
        "AIA022",
        "aws_cognito_user_pool",
        {"password_policy": [{**SOUND["aws_cognito_user_pool"]["password_policy"][0], "require_symbols": False}]},
    ),
    ("AIA023", "aws_cognito_user_pool", {"mfa_configuration": "OFF"}),
    ("AIA023", "aws_cognito_user_pool", {"mfa_configuration": UNKNOWN}),
    ("AIA024", "aws_cognito_user", {"password": "Not-a-real-one-1"}),
    ("AIA024", "aws_cognito_user", {"temporary_password": "Not-a-real-one-1"}),
    ("AIA030", "aws_iam_role", {"assume_role_policy": policy(trust(Principal="*", Condition=None))}),
    ("AIA030", "aws_iam_role", {"assume_role_policy": policy(trust(Principal={"AWS": ["*"]}, Condition=None))}),
    ("AIA031", "aws_iam_role", {"assume_role_policy": policy(trust(Condition=None))}),
    (
        "AIA031",
        "aws_iam_role",
        {"assume_role_policy": policy(trust(Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}}))},
    ),
    ("AIA032", "aws_iam_role_policy", {"policy": policy(allow("s3:*"))}),
    ("AIA033", "aws_iam_role_policy", {"policy": policy(allow(["s3:GetObject", "xray:PutTraceSegments"], "*"))}),
    ("AIA034", "aws_iam_role_policy", {"policy": policy(allow("iam:PassRole", "arn:aws:iam::1:role/demo"))}),
    (
        "AIA034",
        "aws_iam_role_policy",
        {
            "policy": policy(
                allow("iam:PassRole", "*", Condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}})
            )
        },
    ),
    (
        "AIA035",
        "aws_iam_role_policy",
        {"policy": policy(allow("bedrock-agentcore:GetWorkloadAccessTokenForUserId", RUNTIMES))},
    ),
    ("AIA036", "aws_iam_role_policy", {"policy": policy(allow(None, NotAction="s3:PutObject"))}),
    ("AIA037", "aws_iam_role_policy", {"policy": policy(allow(INVOKE, f"{RUNTIMES}/*"))}),
    ("AIA037", "aws_iam_role_policy", {"policy": policy(allow(INVOKE, "*"))}),
    (
        "AIA038",
        "aws_iam_role_policy",
        {"policy": policy(allow(["iam:CreateAccessKey", "iam:GetUser"], f"arn:aws:iam::{ACCOUNT}:user/*"))},
    ),
    ("AIA039", "aws_iam_role", {"assume_role_policy": policy(FEDERATED)}),
    ("AIA040", "aws_s3_bucket_public_access_block", {"restrict_public_buckets": False}),
    ("AIA041", "aws_s3_bucket_versioning", {"versioning_configuration": [{"status": "Suspended"}]}),
    ("AIA042", "aws_s3_bucket_policy", {"policy": policy(TLS_ONLY | {"Condition": {}})}),
    ("AIA043", "aws_ecr_repository", {"image_tag_mutability": "MUTABLE"}),
    ("AIA044", "aws_ecr_repository", {"image_scanning_configuration": [{"scan_on_push": False}]}),
    ("AIA044", "aws_ecr_repository", {"image_scanning_configuration": []}),
    ("AIA050", "aws_secretsmanager_secret_version", {"secret_string": "Not-a-real-one-1"}),
    ("AIA060", "aws_ecr_repository", {"tags_all": {"Project": "demo"}}),
    ("AIA060", "aws_cognito_user_pool", {"tags_all": {}}),
    ("AIA097", "aws_lambda_function_url", {"function_name": "f", "authorization_type": "NONE"}),
    ("AIA098", "aws_lambda_permission", _PERMISSION),
    ("AIA098", "aws_lambda_permission", _PERMISSION | {"source_arn": "arn:aws:events:us-east-1:*:rule/x"}),
    ("AIA098", "aws_lambda_permission", _PERMISSION | {"source_account": "*"}),
)


def resource(
    kind: str,
    name: str = "one",
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    module: str = "",
    unknown: Mapping[str, Any] | None = None,
    sensitive: Mapping[str, Any] | None = None,
    actions: list[str] | None = None,
) -> dict[str, Any]:
    """One entry of resource_changes; its actions follow from its sides unless they are given."""
    if actions is None:
        both = before is not None and after is not None
        same = before == after and not unknown
        actions = (["no-op"] if same else ["update"]) if both else ["delete"] if after is None else ["create"]
    return {
        "address": f"{module}.{kind}.{name}" if module else f"{kind}.{name}",
        "module_address": module,
        "mode": "managed",
        "type": kind,
        "name": name,
        "change": {
            "actions": actions,
            "before": before,
            "after": after,
            "after_unknown": unknown or {},
            "before_sensitive": sensitive or {},
            "after_sensitive": sensitive or {},
        },
    }


def sound(kind: str, **changes: Any) -> dict[str, Any]:
    """The sound values of a kind; None drops an argument."""
    return {key: value for key, value in {**SOUND.get(kind, {}), **changes}.items() if value is not None}


def made(kind: str, **changes: Any) -> dict[str, Any]:
    """A resource that the plan creates; terraform_data is the door. UNKNOWN is what only the apply will tell."""
    unknown = {key: True for key, value in changes.items() if value is UNKNOWN}
    after = sound(kind, **{key: None if value is UNKNOWN else value for key, value in changes.items()})
    return resource(kind, "authorizer" if kind == "terraform_data" else "one", after=after, unknown=unknown)


def plan(*resources: Mapping[str, Any], environment: str = "dev", **more: Any) -> dict[str, Any]:
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "variables": {"environment": {"value": environment}},
        "resource_changes": list(resources),
        **more,
    }
