"""Rules on changes of Cognito after which more people, programs or providers get tokens, or get them more easily."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from orchestration.review.findings import Hit, Rule, Severity
from orchestration.review.masking import Unseen
from orchestration.review.people import CLIENTS, POOL, USER
from orchestration.review.plan import Action
from orchestration.review.reading import Reading
from orchestration.review.rules_cognito import CLASSES, MINUTES
from orchestration.review.values import block, entries, mapping, texts

Values = Mapping[str, Any]
Compare = Callable[[Values, Values], Iterator[str]]
# Weaker first.
FACTORS = ("OFF", "OPTIONAL", "ON")
PROTECTION = ("OFF", "AUDIT", "ENFORCED")
DEFAULTS = {"access_token": (1, "hours"), "id_token": (1, "hours"), "refresh_token": (30, "days")}
REACHES = {
    "allowed_oauth_scopes": "may ask for the scope",
    "callback_urls": "sends codes to",
    "logout_urls": "sends people who sign out to",
    "write_attributes": "may write the attribute",
}


def _on(compare: Compare, *kinds: str, made: bool = False) -> Callable[[Reading], Iterator[Hit]]:
    """Looks at what stands and stays; with `made` at what a standing environment gets as well."""

    def check(reading: Reading) -> Iterator[Hit]:
        for change in reading.plan.of(*kinds):
            if change.after is None or change.action in (Action.KEEP, Action.FORGET) or change.deposed:
                continue
            if change.before is not None or (made and not reading.plan.brand_new):
                for why in compare(mapping(change.before), change.after):
                    yield change.address, why

    return check


def _all(*checks: Callable[[Reading], Iterator[Hit]]) -> Callable[[Reading], Iterator[Hit]]:
    def check(reading: Reading) -> Iterator[Hit]:
        for one in checks:
            yield from one(reading)

    return check


def _triggers(before: Values, after: Values) -> Iterator[str]:
    then, now = before.get("lambda_config"), after.get("lambda_config")
    if now and not isinstance(now, Unseen) and block(now) != block(then):
        for name in sorted(k for k, v in block(now).items() if v not in (None, "", []) and v != block(then).get(k)):
            yield f"{name} is now {_said(block(now)[name])}: its code runs when people sign in or get tokens"
    elif isinstance(now, Unseen) and then != now and then:
        yield f"lambda_config is {now}"


def _provider(before: Values, after: Values) -> Iterator[str]:
    name = after.get("provider_name")
    verb = "is changed" if before else "is made"
    yield f"the identity provider {name} {verb}: whom it vouches for can sign in"


def _providers(before: Values, after: Values) -> Iterator[str]:
    for provider in sorted(_added(before, after, "supported_identity_providers") - {"COGNITO"}):
        yield f"people of {provider} can sign in through this client"


def _group(before: Values, after: Values) -> Iterator[str]:
    if (role := after.get("role_arn")) and role != before.get("role_arn"):
        yield f"members of {after.get('name')} may assume {role}"


def _pool(before: Values, after: Values) -> Iterator[str]:
    for name, scale, then, now in (
        ("second factor", FACTORS, before.get("mfa_configuration"), after.get("mfa_configuration")),
        ("threat protection", PROTECTION, *(_mode(values) for values in (before, after))),
    ):
        old, new = (value if value in scale else scale[0] for value in (then or scale[0], now or scale[0]))
        if scale.index(new) < scale.index(old):
            yield f"{name} turns from {then} to {now or scale[0]}"
    recoveries, former = (_recoveries(values) for values in (after, before))
    for way in sorted(recoveries - former):
        yield f"a forgotten password can be reset through {way}"
    factors, known = (set(texts(_factors(values))) for values in (after, before))
    for factor in sorted(factors - (known or {"PASSWORD"})):
        yield f"people can sign in with {factor} alone"
    yield from _passwords(block(before.get("password_policy")), block(after.get("password_policy")))


def _passwords(before: Values, after: Values) -> Iterator[str]:
    then, now = before.get("minimum_length") or 0, after.get("minimum_length") or 0
    if isinstance(now, Unseen) or (not isinstance(then, Unseen) and now < then):
        yield f"the shortest password turns from {then} to {now or 'the default'}"
    if dropped := [name for name in CLASSES if before.get(name) is True and after.get(name) is not True]:
        yield f"{', '.join(dropped)} no longer demanded"


def _client(before: Values, after: Values) -> Iterator[str]:
    if before.get("generate_secret") is True and after.get("generate_secret") is not True:
        yield "the client no longer has a secret: whoever knows its id can use it"
    if block(before.get("refresh_token_rotation")).get("feature") == "ENABLED" and (
        block(after.get("refresh_token_rotation")).get("feature") != "ENABLED"
    ):
        yield "refresh tokens are no longer rotated: a stolen one works until it expires"
    for kind in DEFAULTS:
        then, now = (_minutes(values, kind) for values in (before, after))
        if now > then:
            yield f"{kind}_validity grows from {then:g} to {now:g} minutes"


def _reaches(before: Values, after: Values) -> Iterator[str]:
    for argument, words in REACHES.items():
        for value in sorted(_added(before, after, argument)):
            yield f"it {words} {value}"


def _user(before: Values, after: Values) -> Iterator[str]:
    then, now = (mapping(values.get("attributes")) for values in (before, after))
    for name in sorted(name for name in ("email", "phone_number") if then.get(name) != now.get(name) and name in now):
        yield f"codes for {after.get('username')} go to another {name}: whoever reads them can take the account"


def _added(before: Values, after: Values, argument: str) -> set[str]:
    """Texts that come; for a list that nobody sees, the word for that."""
    now = after.get(argument)
    if isinstance(now, Unseen):
        # Unset and computed by the service in both, it is no change.
        return {str(now)} if before.get(argument) else set()
    return {*texts(now)} - {*texts(before.get(argument))}


def _minutes(values: Values, kind: str) -> float:
    number, unit = values.get(f"{kind}_validity"), block(values.get("token_validity_units")).get(kind)
    standard, standard_unit = DEFAULTS[kind]
    if not isinstance(number, int | float) or not number:
        return standard * MINUTES[standard_unit]
    return number * MINUTES.get(unit if isinstance(unit, str) else standard_unit, MINUTES[standard_unit])


def _mode(values: Values) -> Any:
    return block(values.get("user_pool_add_ons")).get("advanced_security_mode")


def _recoveries(values: Values) -> set[str]:
    setting = block(values.get("account_recovery_setting")).get("recovery_mechanism")
    return {str(entry.get("name")) for entry in entries(setting)}


def _factors(values: Values) -> Any:
    return block(values.get("sign_in_policy")).get("allowed_first_auth_factors")


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for entry in entries(value) for item in entry.values())
    return str(value)


RULES = (
    Rule(
        "AIA092",
        Severity.HIGH,
        "Somebody else decides who signs in or what tokens say",
        "see that the function, provider or role is yours, and that its owner may decide who calls",
        _all(
            _on(_triggers, POOL, made=True),
            _on(_provider, "aws_cognito_identity_provider", made=True),
            _on(_providers, *CLIENTS, made=True),
            _on(_group, "aws_cognito_user_group", made=True),
        ),
        change_only=True,
    ),
    Rule(
        "AIA093",
        Severity.HIGH,
        "Sign-in weakened",
        "keep it as strict as it is, or say in the change why less will do",
        _all(_on(_pool, POOL), _on(_client, *CLIENTS), _on(_user, USER)),
        change_only=True,
    ),
    Rule(
        "AIA094",
        Severity.MEDIUM,
        "Client reaches further",
        "see that the scope, address or attribute is wanted for this client",
        _on(_reaches, *CLIENTS),
        change_only=True,
    ),
)
