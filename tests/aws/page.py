"""docs/aws-calls.md: who calls what, which statement allows it, and what fails without each statement. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.aws.policies import Policies, policies_of
from tests.aws.recording import ACCOUNT, REGION, Recorded, Recording

BY_THE_SERVICE = "on AWS the service does it as whoever calls it; nothing local does"
# Statements that no recorded call needs, and why they are there.
UNRECORDED = {
    "Alarms": "auth_alarms_enabled, off in the rehearsal: the emulator forgets most of an alarm",
    "IdentityOfTheGateway": BY_THE_SERVICE,
    "LookAtPools": "for a pool that is named like ours and is another's, which the run did not meet",
    "LookAtQuotas": "`invoke doctor` alone asks for them",
    "RuntimeIdentityRole": BY_THE_SERVICE,
}
HEAD = f"""# AWS calls

Written by `python -m scripts.aws_calls`; do not edit. The calls are those of a run of `up`, `smoke-test`, `drift`,
`ask` and `down` with `TARGET=aws` on one machine: AWS's names, TLS, signatures, an assumed role, region {REGION} and
the state in a bucket, behind which the local cloud answers ([tests/aws](../tests/aws)). `make aws-rehearsal` runs it
again as a deployer who has the policies of [deployer_policy](../terraform/modules/deployer_policy/README.md) and
nothing else, and fails where a call is new or gone. On AWS itself nothing was run.

Which actions, resources and condition keys a call needs is taken from the Service Authorization Reference
([tests/aws/needs.py](../tests/aws/needs.py)). `…` stands for what a service draws, ACCOUNT for the account.
"""
WITHOUT = """
## Without a statement

Each statement of the deployer taken away in turn, and the recorded calls asked again: what is refused first, in which
command. `make aws-rehearsal` takes some of them away for real.

"""
UNUSED = """
## Actions that no recorded call needs

They are for what the run does not do: change a deployment in place, tag anew, take back what another wrote, or ship an
image. Each was seen in the provider's log or is what the orchestrator calls then.

"""
OWN_COLUMNS = ("operation", "needs", "of", "allowed by", "in")


@dataclass(frozen=True, slots=True)
class Lack:
    """Without one statement: the command that fails first, on what, and how many permissions are missing."""

    sid: str
    command: str
    call: Recorded | None
    count: int


def lacks(calls: Sequence[Recorded], policies: Policies, commands: Sequence[str]) -> list[Lack]:
    """One for each statement; those that nothing needs have no call."""
    own = [call for call in calls if call.by == "deployer" and call.action]
    alone = {call: sids[0] for call in own if len(sids := policies.allowing(call.need)) == 1}
    found = []
    for sid in policies.statements:
        refused = [call for call, only in alone.items() if only == sid]
        first = min(refused, key=lambda call: (commands.index(call.commands[0]), call), default=None)
        found.append(Lack(sid, first.commands[0] if first else "", first, len(refused)))
    return found


def page(recording: Recording, documents: Mapping[str, Mapping[str, Any]]) -> str:
    policies = policies_of(documents)
    own = [call for call in recording.calls if call.by == "deployer"]
    others = [call for call in recording.calls if call.by != "deployer"]
    text = HEAD + "\n## The deployer\n\n" + table(OWN_COLUMNS, _rows(own, policies))
    text += "\n## Everybody else\n\n" + table(("who", *OWN_COLUMNS), _others(others, recording))
    missing = lacks(recording.calls, policies, recording.commands)
    refused = [
        (f"`{lack.sid}`", f"`{lack.command}`", f"`{lack.call.action}`", short(lack.call.resource), str(lack.count))
        for lack in missing
        if lack.call
    ]
    text += WITHOUT + table(("statement", "fails", "refused", "of", "permissions"), refused)
    reasons = [(f"`{lack.sid}`", UNRECORDED[lack.sid]) for lack in missing if not lack.call]
    text += "\nNo recorded call needs these:\n\n" + table(("statement", "why it is there"), reasons)
    unused = [(f"`{sid}`", ", ".join(f"`{a}`" for a in actions)) for sid, actions in _unused(own, documents)]
    return text + UNUSED + table(("statement", "actions"), unused)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def short(resource: str) -> str:
    """An ARN as people read it."""
    named = resource.replace(ACCOUNT, "ACCOUNT").replace(f"{REGION}_000000000", "…")
    drawn = named.replace("-0000000000", "-…").replace("-000000", "-…")
    parts = drawn.split(":", 5)
    return f"`{parts[-1]}`" if len(parts) == 6 else "any" if drawn == "*" else drawn


def _rows(calls: Sequence[Recorded], policies: Policies) -> Iterator[tuple[str, ...]]:
    for (service, operation, action), group in _grouped(calls):
        sids = sorted({sid for call in group for sid in policies.allowing(call.need)}) if action else []
        places = sorted({short(call.resource) for call in group if action})
        allowed = ", ".join(f"`{sid}`" for sid in sids) or ("anybody may" if not action else "**nothing**")
        commands = dict.fromkeys(command for call in group for command in call.commands)
        needs = f"`{action}`" if action else "-"
        yield f"{service} {operation}", needs, "<br>".join(places) or "-", allowed, ", ".join(commands)


def _others(calls: Sequence[Recorded], recording: Recording) -> Iterator[tuple[str, ...]]:
    for who in sorted({call.by for call in calls}):
        document = recording.roles.get(who)
        for row in _rows([call for call in calls if call.by == who], policies_of({who: document} if document else {})):
            judged = row[3] if document else "judged by the door or by its own trust"
            yield who, *row[:3], judged, row[4]


def _grouped(calls: Sequence[Recorded]) -> Iterator[tuple[tuple[str, str, str], list[Recorded]]]:
    groups: dict[tuple[str, str, str], list[Recorded]] = {}
    for call in calls:
        groups.setdefault((call.service, call.operation, call.action), []).append(call)
    yield from sorted(groups.items())


def _unused(calls: Sequence[Recorded], documents: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    for document in documents.values():
        for raw in document["Statement"]:
            if raw["Sid"] in UNRECORDED:
                continue
            alone = policies_of({"": {"Version": document["Version"], "Statement": [raw]}})
            used = {call.action for call in calls if call.action and alone.allowing(call.need)}
            if rest := sorted(set(raw["Action"]) - used):
                yield raw["Sid"], rest
