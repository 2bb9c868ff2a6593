"""The live runtime against the one that was asked for, and every other way in."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from orchestration.drift.differences import Drift, Level, differences
from orchestration.runtime.spec import ObservedRuntime, RuntimeSpec, changed_fields

# The only doors without an authorizer that this project makes, one an environment.
IAM_PROBE = re.compile(r"[a-z0-9]{1,12}_probe_iam")
HIDDEN = "(hidden)"
# What decides who gets in, and to what.
DECIDES = frozenset({"authorizer", "extras", "image", "request_headers", "role_arn"})
# Where the code comes from.
SOURCE = frozenset({"bucket", "code_runtime", "entry_point", "image", "key"})
# Lists in which each entry lets somebody in; fewer of them, but not none, are a narrower door.
ADMITTING = frozenset({"authorizer.allowedClients", "authorizer.allowedAudience"})


@dataclass(frozen=True, slots=True)
class Door:
    """A runtime that this project launched: what was asked for, and what is live under that name."""

    spec: RuntimeSpec
    live: ObservedRuntime | None


@dataclass(frozen=True, slots=True)
class Other:
    """A runtime whose name begins like ours. `authorizer` is empty where there is none, `weak` why it is one."""

    name: str
    authorizer: Mapping[str, Any]
    weak: tuple[str, ...] = ()


def runtime_drifts(door: Door) -> Iterator[Drift]:
    """A row for each field of the runtime that is not as it was launched.

    Another, wider door, role, headers or code are critical, variables and the like are not.
    """
    where = f"runtime {door.spec.name}"
    if door.live is None:
        yield Drift(where, "runtime", "there", None)
        return
    if door.live.status != "READY":
        yield Drift(where, "status", "READY", door.live.status)
    yield from map(_graded, _rows(where, door.spec, door.live.spec))


def _rows(where: str, asked: RuntimeSpec, live: RuntimeSpec) -> Iterator[Drift]:
    for name in changed_fields(asked, live):
        was, now = getattr(asked, name), getattr(live, name)
        if name == "authorizer":
            yield from authorizer_drifts(where, was, now)
        elif name == "environment":
            yield from differences(where, dict(was), _ours(was, now), name)
        else:
            yield from differences(where, was, now, name)


def _graded(drift: Drift) -> Drift:
    narrower = drift.field in ADMITTING and drift.now and drift.removed and not drift.added
    grave = drift.field.partition(".")[0] in DECIDES | SOURCE and not narrower
    return replace(drift, level=Level.CRITICAL) if grave else drift


def probe_drifts(door: Door) -> Iterator[Drift]:
    """As runtime_drifts, of what decides who gets in: the smoke test renews the rest when it needs that door."""
    for drift in runtime_drifts(door):
        if drift.field.partition(".")[0] in DECIDES:
            yield drift


def package_drift(name: str, launched: str | None, now: str | None) -> Iterator[Drift]:
    """The runtime takes whatever lies in the bucket, so a package that was replaced there is live."""
    if launched != now:
        yield Drift(f"runtime {name}", "artifact", launched, now)


def unknown_artifact(name: str) -> Drift:
    """Nobody here knows what was launched: that is said, and is no difference."""
    return Drift(f"runtime {name}", "artifact", "unknown", "not compared: no ledger here", level=Level.NOTE)


def image_drift(name: str, image: str, launched: str | None, now: str | None) -> Iterator[Drift]:
    """Tags are immutable, so an image under another digest, or none, was deleted first."""
    if launched != now:
        yield Drift(f"runtime {name}", f"image {image}", launched, now, level=Level.CRITICAL)


def endpoint_drifts(spec: RuntimeSpec, pinned: Mapping[str, tuple[str, ObservedRuntime | None]]) -> Iterator[Drift]:
    """Endpoints that answer with a version that is not ours: {name: (version, that version or None)}.

    Graded as those of the runtime itself.
    """
    for name, (version, live) in sorted(pinned.items()):
        where = f"runtime {spec.name} endpoint {name}"
        if live is None:
            yield Drift(where, "version", "one with this door", version or "unknown", level=Level.CRITICAL)
            continue
        yield from map(_graded, _rows(where, spec, live.spec))


def policy_drifts(where: str, policy: str | None) -> Iterator[Drift]:
    """A policy on the runtime or an endpoint: this project makes none, and it may let in callers of other accounts."""
    if policy is not None:
        yield from (
            replace(drift, level=Level.CRITICAL) for drift in differences(where, None, policy, "resource policy")
        )


def open_doors(project: str, environment: str, others: Sequence[Other], recorded: Collection[str]) -> Iterator[Drift]:
    """Runtimes of the project without an authorizer, where any IAM caller with a permission gets in, or a weak one.

    `recorded`: names that this environment launched without one on purpose. The one such door that another
    environment makes is known by its name alone, because its records are elsewhere: it is shown as a note.
    """
    prefix = f"{project}_"
    for other in others:
        rest = other.name.removeprefix(prefix)
        foreign_probe = IAM_PROBE.fullmatch(rest) and not rest.startswith(f"{environment}_")
        where = f"runtime {other.name}"
        if not other.name.startswith(prefix) or other.name in recorded:
            continue
        if not other.authorizer:
            level = Level.NOTE if foreign_probe else Level.CRITICAL
            yield Drift(where, "authorizer", "there", None, level=level)
        for reason in other.weak if other.authorizer else ():
            yield Drift(where, "authorizer", "one that names callers", reason, level=Level.CRITICAL)


def authorizer_drifts(where: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Drift]:
    """Lists of the authorizer are sets: order means nothing."""
    if not now:
        yield Drift(where, "authorizer", "there", None, level=Level.CRITICAL)
        return
    for drift in differences(where, _sorted(was), _sorted(now), "authorizer"):
        yield replace(drift, field=drift.field.replace("authorizer.customJWTAuthorizer", "authorizer"))


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return sorted((_sorted(item) for item in value), key=repr)
    return value


def _ours(was: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """A variable that somebody else set may hold a secret: its name is enough."""
    return {name: value if name in was else HIDDEN for name, value in now.items()}
