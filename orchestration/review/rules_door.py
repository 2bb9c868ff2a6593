"""Rules on an authorizer, the runtime's or the gateway's: the end state, whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from orchestration.review.door import Door
from orchestration.review.findings import Hit, Rule, Severity
from orchestration.review.masking import Unseen
from orchestration.review.people import CLIENTS
from orchestration.review.reading import Reading
from orchestration.review.values import mapping

DISCOVERY_SUFFIX = "/.well-known/openid-configuration"
OUTSIDERS = ("outsider", "probe")


def door_hits(address: str, door: Door) -> Iterator[tuple[str, Hit]]:
    """(rule id, hit) of one door. Settings are judged by the same lines as plans."""
    url = door.discovery_url
    if url is None:
        yield "AIA001", (address, "no discovery URL: without a JWT authorizer callers come with IAM alone")
    elif not door.has_allow_list:
        yield "AIA002", (address, f"no client, audience, scope or claim is demanded: every token of {url} passes")
    if isinstance(url, str) and _cognito(url) and door.audience:
        asked = door.audience if isinstance(door.audience, Unseen) else ", ".join(door.audience)
        yield (
            "AIA003",
            (address, f"audience {asked} is demanded of tokens of {url}, which carry none"),
        )
    if isinstance(url, str) and not (url.startswith("https://") and url.endswith(DISCOVERY_SUFFIX)):
        yield "AIA004", (address, f"the discovery URL is {url}")
    for name, client in sorted(door.named_clients.items()):
        if any(word in name.lower() for word in OUTSIDERS):
            yield "AIA005", (address, f"client {name} ({client}), made to be refused, is allowed")


def _cognito(url: str) -> bool:
    return (urlsplit(url).hostname or "").startswith("cognito-idp.")


def _of(rule: str) -> Rule:
    def check(reading: Reading) -> Iterator[Hit]:
        for address, door in reading.doors:
            yield from (hit for found, hit in door_hits(address, door) if found == rule)

    severity, title, remedy = TEXTS[rule]
    return Rule(rule, severity, title, remedy, check)


def _outsider_by_id(reading: Reading) -> Iterator[Hit]:
    """Under another name in the allow-list, the id still gives an outsider away."""
    outsiders = {
        mapping(change.before or change.after).get("id"): mapping(change.before or change.after).get("name")
        for change in reading.plan.of(*CLIENTS)
        if "module.probes" in change.module or "outsider" in str(mapping(change.before or change.after).get("name"))
    }
    for address, door in reading.doors:
        for name, client in sorted(door.named_clients.items()):
            if isinstance(client, str) and client in outsiders:
                yield address, f"client {name} is {outsiders[client]} ({client}), which the checks expect to be refused"


TEXTS = {
    "AIA001": (
        Severity.CRITICAL,
        "Door without a JWT authorizer",
        "set the discovery URL of the issuer whose callers may enter",
    ),
    "AIA002": (
        Severity.CRITICAL,
        "Authorizer without any allow-list",
        "list the allowed clients, or the audience, scopes or claims to be demanded",
    ),
    "AIA003": (
        Severity.HIGH,
        "Audience demanded of Cognito access tokens",
        "allow by client: Cognito access tokens carry client_id and no aud (AgentCore devguide: runtime-oauth)",
    ),
    "AIA004": (
        Severity.HIGH,
        "Discovery URL that the service does not take",
        f"use https://ISSUER{DISCOVERY_SUFFIX}",
    ),
    "AIA005": (
        Severity.CRITICAL,
        "Client of the refusal checks is allowed",
        "take it out of the allow-list: it exists to prove that other clients are refused",
    ),
}

RULES = (
    *(_of(rule) for rule in TEXTS),
    Rule(
        "AIA006",
        Severity.CRITICAL,
        "Client of the refusal checks is allowed under another name",
        TEXTS["AIA005"][2],
        _outsider_by_id,
        change_only=True,
    ),
)
