"""Marks which calls reached an agent. Silence proves nothing unless a good call at the same door is heard."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from orchestration.checks.callers import Caller
from orchestration.checks.canary import behind
from orchestration.checks.case import Door
from orchestration.checks.draft import finish, good
from orchestration.checks.kit import Unavailable
from orchestration.checks.outcome import Outcome, Subject
from orchestration.checks.request import new_session_id
from orchestration.errors import OrchestrationError, Unfit

# Who is let in at each door, in the order in which they are tried.
GOOD_CALLERS: Mapping[Door, tuple[Caller, ...]] = {
    Door.MAIN: (Caller.PERSON, Caller.MACHINE),
    Door.SCOPE: (Caller.SCOPED,),
    Door.GROUP: (Caller.PERSON,),
    Door.AUDIENCE: (Caller.PERSON_ID,),
    Door.IAM: (Caller.INVOKER,),
    Door.GATEWAY: (Caller.AGENT,),
}


@dataclass(frozen=True, slots=True)
class Witness:
    """A good call at a door whose cases are all refused. `fault`: why it was not let in, else empty."""

    canary: str
    fault: str = ""


def look_up(outcomes: Sequence[Outcome], subject: Subject) -> list[Outcome]:
    """Mark what reached the agent; an answer that does not fit to that is wrong, whatever its status was."""
    sent = {outcome.canary for outcome in outcomes if outcome.canary}
    if subject.canaries is None or not sent:
        return list(outcomes)
    witnesses = _witnesses(outcomes, subject)
    good_ones = {witness.canary for witness in witnesses.values() if not witness.fault}
    expected = {o.canary for o in outcomes if o.canary and o.case.reached and o.ok} | good_ones
    through = {behind(o.canary) for o in outcomes if o.canary and o.case.through and o.ok}
    seen = subject.canaries.seen(sent | good_ones | through, expected | through)
    heard = {outcome.case.door for outcome in outcomes if outcome.canary in seen}
    heard |= {door for door, witness in witnesses.items() if witness.canary in seen}

    def marked(outcome: Outcome) -> Outcome:
        if not outcome.canary:
            return outcome
        if outcome.case.through and outcome.ok and behind(outcome.canary) not in seen:
            why = f"answered, but no call through the gateway belongs to it: {outcome.reason}"
            return replace(outcome, reached=outcome.canary in seen, ok=False, reason=why)
        if outcome.case.reached or outcome.case.door in heard:
            return _marked(outcome, outcome.canary in seen)
        return _unproven(outcome, witnesses.get(outcome.case.door))

    return [marked(outcome) for outcome in outcomes]


def _witnesses(outcomes: Sequence[Outcome], subject: Subject) -> dict[Door, Witness]:
    """A good call for each door at which every case that ran must be refused; none where no good caller is to be had.

    A door with a case that must be let in needs none: that case is wrong when nothing is heard of it.
    """
    called = [outcome for outcome in outcomes if outcome.skipped is None]
    enough = {outcome.case.door for outcome in called if outcome.case.reached}
    doors = dict.fromkeys(outcome.case.door for outcome in called if outcome.case.door not in enough)
    found = ((door, _witness(door, subject)) for door in doors)
    return {door: witness for door, witness in found if witness}


def _witness(door: Door, subject: Subject) -> Witness | None:
    for caller in GOOD_CALLERS[door]:
        if door is Door.MAIN and caller in subject.excluded:
            continue
        canary = secrets.token_hex(16)
        try:
            reply = subject.sender_of(door).send(
                finish(good(subject.kit, caller, subject.doors[door], new_session_id(), canary))
            )
        except Unavailable:
            continue
        except Unfit:
            raise
        except OrchestrationError as e:
            return Witness(canary, e.message)
        return Witness(canary, "" if reply.status == 200 else f"a good call was answered {reply.status}")
    return None


def _marked(outcome: Outcome, reached: bool) -> Outcome:
    if reached == outcome.case.reached or not outcome.ok:
        return replace(outcome, reached=reached)
    text = "refused, but the call reached the agent" if reached else "answered, but the call never reached the agent"
    return replace(outcome, reached=reached, ok=False, reason=f"{text}: {outcome.reason}")


def _unproven(outcome: Outcome, witness: Witness | None) -> Outcome:
    """Nothing is known of an agent that is not heard when it must be; without a good caller nothing is claimed."""
    if witness is None or not outcome.ok:
        return outcome
    why = witness.fault or "the agent did not note a good call at this door"
    return replace(outcome, ok=False, reason=f"nothing proves that the call did not reach the agent ({why})")
