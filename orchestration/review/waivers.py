"""Findings that someone answers for, each by rule, address and what was found, with a reason and an end.

Bound to what was found, a waiver does not answer for the next change at the same address.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

from orchestration.errors import BadInput, GateRefused
from orchestration.review.findings import Finding
from orchestration.review.registry import BY_ID
from orchestration.review.values import plain

PLACE = "policies/waivers.toml"
LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Waiver:
    """Valid up to and on the day that it expires."""

    rule: str
    address: str
    why: str
    owner: str
    reason: str
    expires: date

    @property
    def place(self) -> tuple[str, str, str]:
        return self.rule, self.address, self.why


def place_of(finding: Finding) -> tuple[str, str, str]:
    """By which a waiver names a finding: as it is shown."""
    return finding.rule, finding.address, plain(finding.why)


MEMBERS = tuple(field.name for field in fields(Waiver))


def load_waivers(text: str, place: str = PLACE) -> tuple[Waiver, ...]:
    """The `[[waiver]]` tables of a TOML text. Raises BadInput naming `place` and all that is wrong."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise _bad(place, [str(e)]) from None
    raw = document.get("waiver", [])
    faults = [f"unknown table {name!r}" for name in document if name != "waiver"]
    if not isinstance(raw, list) or not all(isinstance(entry, Mapping) for entry in raw):
        raise _bad(place, [*faults, "write each waiver as [[waiver]]"])
    for number, entry in enumerate(raw, 1):
        faults += (f"waiver {number}: {fault}" for fault in _faults(entry))
    places = [(entry.get("rule"), entry.get("address"), entry.get("why")) for entry in raw]
    faults += (f"{rule} at {address} is waived twice for the same" for rule, address, _ in _twice(places))
    if faults:
        raise _bad(place, faults)
    return tuple(Waiver(**entry) for entry in raw)


def refuse_untimely(waivers: Iterable[Waiver], today: date) -> None:
    """Raises GateRefused naming every waiver whose day is past, or so far off that nobody would look again."""
    if late := [w for w in waivers if w.expires < today]:
        named = "; ".join(f"{w.rule} at {w.address} expired on {w.expires} (owner {w.owner})" for w in late)
        raise GateRefused(
            f"waivers have expired: {named}",
            remedy="mend what they waive, or have the owner renew them in the file of waivers",
            code="waiver_expired",
        )
    if endless := [w for w in waivers if w.expires > today + LONGEST]:
        named = "; ".join(f"{w.rule} at {w.address} until {w.expires} (owner {w.owner})" for w in endless)
        raise GateRefused(
            f"waivers hold for more than {LONGEST.days} days: {named}",
            remedy="set a nearer day there; the owner renews it then",
            code="waiver_too_long",
        )


def _faults(entry: Mapping[str, Any]) -> Iterable[str]:
    if missing := [name for name in MEMBERS if name not in entry]:
        yield f"{', '.join(missing)} missing"
    if extra := [name for name in entry if name not in MEMBERS]:
        yield f"{', '.join(extra)} unknown"
    for name in ("rule", "address", "why", "owner", "reason"):
        value = entry.get(name, "-")
        if not isinstance(value, str) or not value.strip():
            yield f"{name} is {value!r}, not a text"
    expires = entry.get("expires", date.max)
    # A date with a time of day is a date to Python as well.
    if type(expires) is not date:
        yield f"expires is {expires!r}; write a date such as 2027-01-31, without quotes"
    if isinstance(rule := entry.get("rule", next(iter(BY_ID))), str) and rule not in BY_ID:
        yield f"rule is {rule!r}, which is none"
    if isinstance(address := entry.get("address", ""), str) and "*" in address:
        yield f"address is {address!r}; a waiver holds for one address, written in full"


def _twice(places: list[Any]) -> list[Any]:
    return [place for number, place in enumerate(places) if place in places[:number]]


def _bad(place: str, faults: list[str]) -> BadInput:
    return BadInput(f"{place}: {'; '.join(faults)}", remedy=f"edit {place}", code="bad_waiver")
