"""Rules on what the deployment keeps: code, images, secrets, and the tags that say whose they are."""

from __future__ import annotations

from collections.abc import Iterator

from orchestration.review.findings import Hit, Rule, Severity
from orchestration.review.policies import Statement
from orchestration.review.policy_text import parse_policy
from orchestration.review.reading import Reading
from orchestration.review.values import block, mapping

BLOCKS = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
# What closes a bucket; each is a resource of its own.
CLOSURES = (
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
)


def _public(reading: Reading) -> Iterator[Hit]:
    for address, values in reading.plan.after("aws_s3_bucket_public_access_block"):
        if off := [name for name in BLOCKS if values.get(name) is not True]:
            yield address, f"{', '.join(off)} not true"


def _unversioned(reading: Reading) -> Iterator[Hit]:
    for address, values in reading.plan.after("aws_s3_bucket_versioning"):
        status = block(values.get("versioning_configuration")).get("status")
        if status != "Enabled":
            yield address, f"versioning is {status}: what a running agent was made from can be overwritten"


def _denies_plain(statement: Statement) -> bool:
    """To everyone, every action, on the objects, and under no further condition."""
    return (
        not statement.allows
        and bool({"*", "AWS:*"} & set(statement.principals))
        and bool({"*", "s3:*"} & {action.lower() for action in statement.actions})
        and any(resource.endswith("*") for resource in statement.resources)
        and [(c.operator.lower(), c.key.lower(), c.values) for c in statement.conditions]
        in [[(operator, "aws:securetransport", frozenset({"false"}))] for operator in ("bool", "boolifexists")]
    )


def _without_tls(reading: Reading) -> Iterator[Hit]:
    for address, values in reading.plan.after("aws_s3_bucket_policy"):
        statements = parse_policy(values.get("policy"))
        if statements is not None and not any(map(_denies_plain, statements)):
            yield address, "no statement denies requests without TLS (aws:SecureTransport = false)"


def _mutable_images(reading: Reading) -> Iterator[Hit]:
    for address, values in reading.plan.after("aws_ecr_repository"):
        if values.get("image_tag_mutability") != "IMMUTABLE":
            yield address, f"image_tag_mutability is {values.get('image_tag_mutability')}: a tag can change its image"


def _unscanned_images(reading: Reading) -> Iterator[Hit]:
    for address, values in reading.plan.after("aws_ecr_repository"):
        if block(values.get("image_scanning_configuration")).get("scan_on_push") is not True:
            yield address, "images are not scanned when they are pushed"


def _open_bucket(reading: Reading) -> Iterator[Hit]:
    """A bucket of this plan without one of the resources that close it, its module being the same."""
    there = {(change.type, change.module) for change in reading.plan.of(*CLOSURES) if change.after is not None}
    for change in reading.plan.of("aws_s3_bucket"):
        if change.after is not None and (missing := [t for t in CLOSURES if (t, change.module) not in there]):
            yield change.address, f"no {', no '.join(missing)} beside it"


def _secret_in_state(reading: Reading) -> Iterator[Hit]:
    for address, values in reading.plan.after("aws_secretsmanager_secret_version"):
        for argument in ("secret_string", "secret_binary"):
            # Unknown as yet, it will be in the state as well.
            if values.get(argument) not in (None, ""):
                yield address, f"{argument} is set: plan and state keep the secret"


def _secret_output(reading: Reading) -> Iterator[Hit]:
    for output in reading.plan.outputs:
        if output.sensitive and output.kept:
            yield f"output.{output.name}", "it is sensitive: hidden on the screen, in the clear in the state"


def _untagged(reading: Reading) -> Iterator[Hit]:
    for address, missing in reading.untagged:
        yield address, f"tags missing: {missing}"


def _protection_dropped(reading: Reading) -> Iterator[Hit]:
    for change in reading.plan.changes:
        before, after = mapping(change.before), mapping(change.after)
        if change.before is None or change.after is None:
            continue
        for argument in ("force_destroy", "force_delete"):
            if before.get(argument) is False and after.get(argument) is True:
                yield change.address, f"{argument} turns to true: it can be deleted with all that it holds"
        if before.get("deletion_protection") == "ACTIVE" and after.get("deletion_protection") != "ACTIVE":
            yield change.address, f"deletion_protection turns from ACTIVE to {after.get('deletion_protection')}"


RULES = (
    Rule(
        "AIA040",
        Severity.HIGH,
        "Bucket can be made public",
        "set all four blocks of public access to true",
        _public,
    ),
    Rule(
        "AIA041",
        Severity.MEDIUM,
        "Bucket keeps no versions",
        'set versioning_configuration { status = "Enabled" }',
        _unversioned,
    ),
    Rule(
        "AIA042",
        Severity.HIGH,
        "Bucket takes requests without TLS",
        "deny s3:* where aws:SecureTransport is false",
        _without_tls,
    ),
    Rule(
        "AIA043",
        Severity.HIGH,
        "Image tags can be overwritten",
        'set image_tag_mutability = "IMMUTABLE"',
        _mutable_images,
    ),
    Rule(
        "AIA044",
        Severity.MEDIUM,
        "Images are not scanned",
        "set image_scanning_configuration { scan_on_push = true }",
        _unscanned_images,
    ),
    Rule(
        "AIA045",
        Severity.HIGH,
        "Bucket not closed",
        "add the missing resources to the bucket's module",
        _open_bucket,
        change_only=True,
    ),
    Rule(
        "AIA050",
        Severity.CRITICAL,
        "Secret in the state",
        "pass it through the write-only argument (secret_string_wo)",
        _secret_in_state,
    ),
    Rule(
        "AIA051",
        Severity.HIGH,
        "Secret in an output",
        "hand over the secret's ARN and read the value where it is needed",
        _secret_output,
        change_only=True,
    ),
    Rule(
        "AIA060",
        Severity.MEDIUM,
        "Taggable resource without its tags",
        "give the provider default_tags with Environment, ManagedBy, Project and Repository",
        _untagged,
    ),
    Rule(
        "AIA061",
        Severity.HIGH,
        "Deletion protection dropped",
        "keep it, or drop it in a change of its own that says why",
        _protection_dropped,
        change_only=True,
    ),
)
