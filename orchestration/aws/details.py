"""What stands in the way of removing a thing: a role's policies, a bucket's versions and unfinished uploads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from orchestration.aws.session import Clients, translated
from orchestration.errors import OrchestrationError
from orchestration.remains import Kind, Thing


def detailed(clients: Clients, thing: Thing) -> Thing:
    """The thing with what is known of its contents; as it is where they may not be looked at."""
    if thing.kind not in DETAILS:
        return thing
    service, action, look = DETAILS[thing.kind]
    try:
        with translated(action):
            return look(clients.make(service), thing)
    except OrchestrationError as e:
        return replace(thing, holds=f"not looked into: {e.message}")


def _role(client: Any, thing: Thing) -> Thing:
    attached = [
        policy["PolicyArn"]
        for page in client.get_paginator("list_attached_role_policies").paginate(RoleName=thing.id)
        for policy in page["AttachedPolicies"]
    ]
    pages = client.get_paginator("list_role_policies").paginate(RoleName=thing.id)
    return replace(
        thing, attached=tuple(attached), inline=tuple(name for page in pages for name in page["PolicyNames"])
    )


def _bucket(client: Any, thing: Thing) -> Thing:
    """Of the first page each: that there is something decides, not how much."""
    versions = client.list_object_versions(Bucket=thing.id)
    uploads = client.list_multipart_uploads(Bucket=thing.id).get("Uploads", ())
    found = [*versions.get("Versions", ()), *versions.get("DeleteMarkers", ())]
    more = " or more" if versions.get("IsTruncated") else ""
    held = [f"{len(found)}{more} versions of objects"] if found else []
    held += [f"{len(uploads)} unfinished uploads"] if uploads else []
    return replace(thing, holds=", ".join(held))


DETAILS: Mapping[Kind, tuple[str, str, Callable[[Any, Thing], Thing]]] = {
    Kind.BUCKET: ("s3", "s3:ListBucketVersions", _bucket),
    Kind.ROLE: ("iam", "iam:ListAttachedRolePolicies", _role),
}
