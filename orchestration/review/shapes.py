"""Whether a plan's document has the shapes that the review reads. Asked once, so that no rule asks again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Test = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(item is None or isinstance(item, str) for item in value)


def _blocks(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, Mapping) for item in value)


def _map(value: Any) -> bool:
    return isinstance(value, Mapping)


def _map_of_texts(value: Any) -> bool:
    return isinstance(value, Mapping) and all(item is None or isinstance(item, str) for item in value.values())


def _trees(value: Any) -> bool:
    return isinstance(value, Mapping | bool)


# Types whose arguments rules read by name; elsewhere a name may mean something else.
READ = (
    "aws_bedrockagentcore_",
    "aws_cloudwatch_",
    "aws_cognito_",
    "aws_ecr_",
    "aws_iam_",
    "aws_kms_",
    "aws_lambda_",
    "aws_s3_bucket",
    "aws_secretsmanager_",
    "terraform_data",
)
# Arguments that rules read, at any depth; null is of every shape.
ARGUMENTS: Mapping[str, tuple[str, Test]] = {
    **dict.fromkeys(
        """
        access_token agent_runtime_name assume_role_policy bucket claim_match_operator deletion_protection
        discovery_url domain email group group_name id id_token identifier inbound_token_claim_name key_id
        match_value_string mfa_configuration name network_mode operator permissions_boundary policy policy_arn
        prevent_user_existence_errors refresh_token repository role role_arn role_name secret_arn status user
        user_name user_pool_id username
        """.split(),
        ("a text", _text),
    ),
    **dict.fromkeys(
        """
        alarm_actions allowed_audience allowed_oauth_flows allowed_oauth_scopes allowed_scopes
        auto_verified_attributes callback_urls explicit_auth_flows logout_urls managed_policy_arns
        match_value_string_list policy_arns policy_names supported_identity_providers write_attributes
        """.split(),
        ("a list of texts", _texts),
    ),
    **dict.fromkeys(
        """
        account_recovery_setting admin_create_user_config authorizer_configuration authorizing_claim_match_value
        claim_match_value custom_claim custom_claims custom_jwt_authorizer image_scanning_configuration
        inline_policy lambda_config password_policy refresh_token_rotation sign_in_policy token_validity_units
        user_pool_add_ons versioning_configuration
        """.split(),
        ("a list of blocks", _blocks),
    ),
    **dict.fromkeys(
        "access_token_validity id_token_validity minimum_length refresh_token_validity".split(), ("a number", _number)
    ),
    **dict.fromkeys(("attributes", "tags", "tags_all"), ("a map of texts", _map_of_texts)),
}
ENTRY: Mapping[str, tuple[str, Test]] = {
    **dict.fromkeys("address deposed mode module_address name previous_address type".split(), ("a text", _text)),
    "change": ("a map", _map),
}
CHANGE: Mapping[str, tuple[str, Test]] = {
    "actions": ("a list of texts", _texts),
    "before": ("a map", _map),
    "after": ("a map", _map),
    "replace_paths": ("a list of lists", lambda value: isinstance(value, list) and all(map(_listed, value))),
    **dict.fromkeys("after_unknown before_sensitive after_sensitive".split(), ("a tree of booleans", _trees)),
}
DOCUMENT: Mapping[str, tuple[str, Test]] = {
    **dict.fromkeys("action_invocations checks deferred_changes resource_changes".split(), ("a list of maps", _blocks)),
    **dict.fromkeys("configuration output_changes variables".split(), ("a map", _map)),
}


def shape_faults(document: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each member that is of another shape than the format says."""
    yield from _members("", document, DOCUMENT)
    outputs = document.get("output_changes")
    for name, change in outputs.items() if isinstance(outputs, Mapping) else ():
        if not isinstance(change, Mapping):
            yield f"output {name} is not a map"
    raw = document.get("resource_changes")
    for entry in raw if isinstance(raw, list) else ():
        yield from _entry(entry)


def _entry(entry: Any) -> Iterator[str]:
    if not isinstance(entry, Mapping) or not isinstance(change := entry.get("change"), Mapping):
        yield "an entry of resource_changes has no change"
        return
    if not entry.get("address"):
        yield "a resource has no address"
    where = f"{entry.get('address')}: "
    yield from _members(where, entry, ENTRY)
    yield from _members(where, change, CHANGE)
    if entry.get("mode", "managed") == "managed" and str(entry.get("type")).startswith(READ):
        for side in ("before", "after"):
            yield from _inside(where, change.get(side))


def _inside(where: str, values: Any) -> Iterator[str]:
    """The arguments at any depth: blocks hold arguments of their own."""
    pending = [values]
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            yield from _members(where, value, ARGUMENTS)
            pending += value.values()
        elif isinstance(value, list):
            pending += value


def _members(where: str, values: Mapping[str, Any], known: Mapping[str, tuple[str, Test]]) -> Iterator[str]:
    for name, value in values.items():
        if value is not None and name in known and not known[name][1](value):
            yield f"{where}{name} is not {known[name][0]}"


def _listed(value: Any) -> bool:
    return isinstance(value, list)
