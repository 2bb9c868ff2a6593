"""Looks for what a teardown left: every service that Terraform, the launch or AgentCore itself makes things in.

By name in each service's own list, and by tag in the Resource Groups Tagging API, which knows no IAM. Never run against
AWS.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from orchestration.aws.details import detailed
from orchestration.aws.lists import COMPLETE, LISTERS, Lister
from orchestration.aws.session import Clients, translated
from orchestration.errors import OrchestrationError
from orchestration.remains import Found, Kind, Ours, Remain, Thing, Unseen, recognised, removal
from orchestration.remains.ownership import named_alike
from orchestration.settings import ENVIRONMENT, PROJECT

# How the local emulators say that they do not have an operation or a whole service.
NOT_SERVED = frozenset(
    {"400", "InvalidAction", "InvalidOperationException", "NotImplemented", "UnknownOperationException"}
)
# These are every kind's trouble, and the caller's to mend first.
CREDENTIALS = frozenset({"bad_credentials", "no_credentials"})
# GetResources takes so many ARNs at once (botocore model: ResourceARNListForGet).
ARNS = 100
# What the rest of an ARN says of what it names (Service Authorization Reference: resource types).
ARN_FORMS: Mapping[tuple[str, str], Kind] = {
    ("bedrock-agentcore", r"runtime/([^/]+)"): Kind.RUNTIME,
    ("bedrock-agentcore", r"gateway/([^/]+)"): Kind.GATEWAY,
    ("cloudwatch", r"alarm:(.+)"): Kind.ALARM,
    ("codebuild", r"project/(.+)"): Kind.BUILD,
    ("cognito-idp", r"userpool/(.+)"): Kind.POOL,
    ("ecr", r"repository/(.+)"): Kind.REPOSITORY,
    ("lambda", r"function:([^:]+)"): Kind.FUNCTION,
    ("logs", r"log-group:(.+?)(?::\*)?"): Kind.LOGS,
    ("s3", r"([^/]+)"): Kind.BUCKET,
}


class RemainsSearch:
    """Searches one account and region."""

    def __init__(self, clients: Clients, *, local: bool) -> None:
        self._clients = clients
        self._local = local

    def search(self, ours: Ours) -> Found:
        """What is recognised as ours, in an order in which it can be removed, and what could not be looked at.

        Raises Unfit without usable credentials.
        """
        unseen: list[Unseen] = []
        listed: dict[Kind, list[Thing]] = {}
        for kind, (service, action, lister) in LISTERS.items():
            answer = self._ask(kind, service, action, lister, ours, unseen)
            if answer is not None:
                listed[kind] = answer
        things = [thing for of_kind in listed.values() for thing in of_kind]
        things = _merged(things, self._tagged(things, ours, unseen), listed.keys())
        found = [(detailed(self._clients, thing), how) for thing in things if (how := recognised(thing, ours))]
        remains = [Remain(thing, how, removal(thing, ours.region)) for thing, how in found]
        order = list(Kind)
        return Found(tuple(sorted(remains, key=lambda r: (order.index(r.thing.kind), r.thing.name))), tuple(unseen))

    def _ask(
        self, kind: Kind, service: str, action: str, lister: Lister, ours: Ours, unseen: list[Unseen]
    ) -> list[Thing] | None:
        try:
            with translated(action):
                return list(lister(self._clients.make(service), ours))
        except OrchestrationError as e:
            if e.code in CREDENTIALS:
                raise
            unseen.append(self._unseen(kind, action, e))
            return None

    def _unseen(self, kind: Kind, action: str, error: OrchestrationError) -> Unseen:
        cause = error.__cause__
        code = cause.response.get("Error", {}).get("Code") if isinstance(cause, ClientError) else None
        if self._local and code in NOT_SERVED:
            return Unseen(kind, "the local cloud has no such service", can_hold=False)
        return Unseen(kind, error.message or action)

    def _tagged(self, things: list[Thing], ours: Ours, unseen: list[Unseen]) -> list[Thing]:
        """Everything that is tagged as ours, and the tags of what is only called like something of ours."""
        alike = [t.arn for t in things if t.arn and t.tags is None and named_alike(t.name, ours)]

        def ask(client: Any, _: Ours) -> Iterator[Thing]:
            wanted = [{"Key": PROJECT, "Values": [ours.project]}, {"Key": ENVIRONMENT, "Values": [ours.environment]}]
            for page in client.get_paginator("get_resources").paginate(TagFilters=wanted):
                yield from _of_page(page)
            for start in range(0, len(alike), ARNS):
                yield from _of_page(client.get_resources(ResourceARNList=alike[start : start + ARNS]))

        return self._ask(Kind.TAGGED, "resourcegroupstaggingapi", "tag:GetResources", ask, ours, unseen) or []


def _merged(things: list[Thing], tagged: list[Thing], listed: Collection[Kind]) -> list[Thing]:
    """The things with the tags that are known of them, then what the tagging API alone knows.

    Not what a service that lists all that it has does not list: the tagging API remembers what was just deleted.
    """
    by_arn = {thing.arn: thing for thing in tagged}
    by_id = {(thing.kind, thing.id): thing for thing in tagged}
    merged = []
    for thing in things:
        known = by_arn.get(thing.arn) or by_id.get((thing.kind, thing.id))
        merged.append(thing if known is None else replace(thing, arn=known.arn, tags=known.tags))
    seen = {thing.arn for thing in merged} | {(thing.kind, thing.id) for thing in merged}
    new = [thing for arn, thing in by_arn.items() if not {arn, (thing.kind, thing.id)} & seen]
    return merged + [thing for thing in new if not (thing.kind in COMPLETE and thing.kind in listed)]


def _of_page(page: Mapping[str, Any]) -> Iterator[Thing]:
    for entry in page["ResourceTagMappingList"]:
        yield named_by(entry["ResourceARN"], {tag["Key"]: tag["Value"] for tag in entry["Tags"]})


def named_by(arn: str, tags: Mapping[str, str]) -> Thing:
    """A thing of which only ARN and tags are known."""
    service, rest = arn.split(":")[2], arn.split(":", 5)[-1]
    if service == "secretsmanager":
        return Thing(Kind.SECRET, rest.removeprefix("secret:"), arn, arn, tags)
    for (of_service, form), kind in ARN_FORMS.items():
        if service == of_service and (match := re.fullmatch(form, rest)):
            return Thing(kind, match[1], match[1], arn, tags)
    return Thing(Kind.TAGGED, rest, arn, arn, tags)
