"""What an IAM policy document says to one question: allow, deny or nothing. Pure.

Where the answer depends on something that is not known here, an Allow does not count and a Deny does.
Rules: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements".
"""

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

from agentcore_local.strict_json import NotStrictJson, parse_object

Verdict = Literal["allow", "deny", "silent"]
_MEMBERS = {"Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition"}


class BadPolicy(ValueError):
    """The document is no policy that can be judged; the text is safe to show."""


@dataclass(frozen=True, slots=True)
class Question:
    """May this be done? keys: condition keys in lower case; None is known to be absent, a missing one not known."""

    action: str
    resource: str
    keys: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a document, checked for its form."""

    effect: Literal["allow", "deny"]
    principals: tuple[str, ...] | None
    services: tuple[str, ...]
    actions: tuple[str, ...]
    not_actions: bool
    resources: tuple[str, ...]
    not_resources: bool
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]


def parse(document: str | Mapping[str, Any], *, trust: bool = False) -> tuple[Statement, ...]:
    """The statements of a policy document. Raises BadPolicy for all that is not understood.

    A role's trust policy has no Resource: it is about the role.
    """
    if isinstance(document, str):
        try:
            document = parse_object(document.encode("utf-8", "surrogatepass"))
        except NotStrictJson:
            raise BadPolicy("The policy is not a valid JSON object") from None
    if not isinstance(document, Mapping) or document.keys() - {"Version", "Id", "Statement"}:
        raise BadPolicy("The policy has members that a policy does not have")
    if document.get("Version", "2008-10-17") not in ("2012-10-17", "2008-10-17"):
        raise BadPolicy("The policy's Version must be 2012-10-17")
    listed = document.get("Statement")
    if isinstance(listed, Mapping):
        listed = [listed]
    if not isinstance(listed, list) or not listed:
        raise BadPolicy("The policy must have at least one statement")
    return tuple(_statement({"Resource": "*", **s} if trust and isinstance(s, Mapping) else s) for s in listed)


def judge(statements: Iterable[Statement], question: Question, names: Callable[[Statement], bool]) -> Verdict:
    """What the statements say together; `names` tells whether a statement is about the caller at all."""
    found: Verdict = "silent"
    for s in statements:
        if not names(s) or not _covers(s, question):
            continue
        held = _held(s.conditions, question.keys)
        if s.effect == "deny" and held is not False:
            return "deny"
        if s.effect == "allow" and held is True:
            found = "allow"
    return found


def _statement(raw: Any) -> Statement:
    if not isinstance(raw, Mapping) or raw.keys() - _MEMBERS:
        raise BadPolicy("A statement has members that are not understood")
    if raw.get("Effect") not in ("Allow", "Deny"):
        raise BadPolicy("A statement's Effect must be Allow or Deny")
    actions, not_actions = _one_of(raw, "Action", "NotAction")
    resources, not_resources = _one_of(raw, "Resource", "NotResource")
    principals, services = _principals(raw["Principal"]) if "Principal" in raw else (None, ())
    effect: Literal["allow", "deny"] = "allow" if raw["Effect"] == "Allow" else "deny"
    conditions = _conditions(raw.get("Condition", {}))
    return Statement(effect, principals, services, actions, not_actions, resources, not_resources, conditions)


def _one_of(raw: Mapping[str, Any], name: str, opposite: str) -> tuple[tuple[str, ...], bool]:
    if (name in raw) == (opposite in raw):
        raise BadPolicy(f"A statement must have {name} or {opposite}, and not both")
    return _strings(raw.get(name, raw.get(opposite)), name), opposite in raw


def _strings(value: Any, name: str) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not values or not all(isinstance(v, str) and v for v in values):
        raise BadPolicy(f"A statement's {name} must be a string or a list of strings")
    return tuple(values)


def _principals(value: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of AWS principals and of services; the federated ones have no callers here and are left out."""
    if value == "*":
        return ("*",), ()
    if not isinstance(value, Mapping) or not value or value.keys() - {"AWS", "Service", "Federated", "CanonicalUser"}:
        raise BadPolicy('A statement\'s Principal must be "*" or an object of principals')
    listed = {kind: _strings(names, "Principal") for kind, names in value.items()}
    return listed.get("AWS", ()), listed.get("Service", ())


def _conditions(value: Any) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    if not isinstance(value, Mapping):
        raise BadPolicy("A statement's Condition must be an object")
    out = []
    for operator, tests in value.items():
        if not isinstance(tests, Mapping):
            raise BadPolicy("A condition must be an object of keys and values")
        for key, expected in tests.items():
            values = expected if isinstance(expected, list) else [expected]
            if not all(isinstance(v, str | int | float | bool) for v in values):
                raise BadPolicy("A condition's values must be strings")
            texts = tuple(str(v).lower() if isinstance(v, bool) else str(v) for v in values)
            out.append((operator.lower(), key.lower(), texts))
    return tuple(out)


def _covers(s: Statement, q: Question) -> bool:
    acts = any(matches(a.lower(), q.action.lower()) for a in s.actions) != s.not_actions
    # A policy variable in a resource is not played: it may mean the resource, so a Deny counts and an Allow not.
    unknown = any("${" in r for r in s.resources)
    hits = (s.effect == "deny") if unknown else any(matches(r, q.resource) for r in s.resources) != s.not_resources
    return acts and hits


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in text), re.DOTALL)


def matches(pattern: str, value: str) -> bool:
    """Whether a value fits a pattern with * and ?."""
    return _pattern(pattern).fullmatch(value) is not None


def _held(conditions: Sequence[tuple[str, str, tuple[str, ...]]], keys: Mapping[str, str | None]) -> bool | None:
    """True when all conditions hold, False when one does not, None when that cannot be known."""
    held = [_condition(operator, key, values, keys) for operator, key, values in conditions]
    return False if False in held else None if None in held else True


def _condition(operator: str, key: str, values: tuple[str, ...], keys: Mapping[str, str | None]) -> bool | None:
    if key not in keys or any("${" in v for v in values):
        return None
    actual, plain = keys[key], operator.removesuffix("ifexists")
    if operator == "null":
        return (actual is None) == (values[:1] == ("true",))
    negated = plain in _NEGATED
    test = _TESTS.get(_NEGATED.get(plain, plain))
    if test is None:
        return None
    if actual is None:
        return negated or plain != operator
    try:
        return any(test(actual, v) for v in values) != negated
    except ValueError:
        return None


def _in_network(actual: str, network: str) -> bool:
    return ipaddress.ip_address(actual) in ipaddress.ip_network(network, strict=False)


def _moment(text: str) -> float:
    if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
        return float(text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "stringequals": lambda a, b: a == b,
    "stringequalsignorecase": lambda a, b: a.lower() == b.lower(),
    "stringlike": lambda a, b: matches(b, a),
    "arnequals": lambda a, b: matches(b, a),
    "arnlike": lambda a, b: matches(b, a),
    "bool": lambda a, b: a.lower() == b.lower(),
    "ipaddress": _in_network,
    "numericequals": lambda a, b: float(a) == float(b),
    "numericlessthan": lambda a, b: float(a) < float(b),
    "numericlessthanequals": lambda a, b: float(a) <= float(b),
    "numericgreaterthan": lambda a, b: float(a) > float(b),
    "numericgreaterthanequals": lambda a, b: float(a) >= float(b),
    "dateequals": lambda a, b: _moment(a) == _moment(b),
    "datelessthan": lambda a, b: _moment(a) < _moment(b),
    "datelessthanequals": lambda a, b: _moment(a) <= _moment(b),
    "dategreaterthan": lambda a, b: _moment(a) > _moment(b),
    "dategreaterthanequals": lambda a, b: _moment(a) >= _moment(b),
}
_NEGATED: Mapping[str, str] = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "notipaddress": "ipaddress",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
}
