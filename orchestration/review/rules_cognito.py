"""Rules on Cognito user pools, their clients and their users."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from orchestration.review.findings import Hit, Rule, Severity
from orchestration.review.masking import Unseen
from orchestration.review.people import CLIENTS, POOL, USER, only_admins
from orchestration.review.reading import Reading
from orchestration.review.values import block, texts

MINUTES = {"seconds": 1 / 60, "minutes": 1.0, "hours": 60.0, "days": 1440.0}
LONGEST_ACCESS_MINUTES = 60
LONGEST_REFRESH_MINUTES = 30 * 1440
SHORTEST_PASSWORD = 12
CLASSES = ("require_lowercase", "require_uppercase", "require_numbers", "require_symbols")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
PLAIN = ("ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH")
ADMIN = ("ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH")

Values = Mapping[str, Any]
Look = Callable[[Values], Iterable[str]]


def _on(kinds: tuple[str, ...] | str, look: Look) -> Callable[[Reading], Iterator[Hit]]:
    def check(reading: Reading) -> Iterator[Hit]:
        for address, values in reading.plan.after(*([kinds] if isinstance(kinds, str) else kinds)):
            for why in look(values):
                yield address, why

    return check


def _known(values: Values, argument: str) -> Any:
    """None too where the value is unknown: nobody chose it, the service will."""
    value = values.get(argument)
    return None if isinstance(value, Unseen) else value


def _flows(values: Values) -> tuple[str, ...]:
    return texts(_known(values, "explicit_auth_flows"))


def _implicit(values: Values) -> Iterator[str]:
    if "implicit" in texts(values.get("allowed_oauth_flows")):
        yield "the implicit flow puts tokens into URLs, which browsers and proxies remember"


def _plain_password(values: Values) -> Iterator[str]:
    for flow in _flows(values):
        if flow in PLAIN:
            yield f"{flow}: whoever holds user name and password gets a token, and the password crosses the wire"


def _admin_password(values: Values) -> Iterator[str]:
    for flow in _flows(values):
        if flow in ADMIN:
            yield f"{flow}: a back end with IAM permissions signs people in with their password"


def _tells_who_exists(values: Values) -> Iterator[str]:
    given = _known(values, "prevent_user_existence_errors")
    if given != "ENABLED":
        yield f"prevent_user_existence_errors is {given or 'not set'}"


def _cannot_revoke(values: Values) -> Iterator[str]:
    if values.get("enable_token_revocation") is False:
        yield "enable_token_revocation is false: a stolen refresh token works until it expires"


def _lifetime(kind: str, standard_unit: str, standard: int, longest: int) -> Look:
    def look(values: Values) -> Iterator[str]:
        given = _known(values, f"{kind}_validity")
        number = given or standard
        unit = (block(values.get("token_validity_units")).get(kind) or standard_unit) if given else "minutes"
        if unit in MINUTES and number * MINUTES[unit] > longest:
            yield f"{kind}_validity is {number} {unit}, more than {longest} minutes"

    return look


def _open_by_omission(values: Values) -> Iterator[str]:
    if not _flows(values):
        yield "explicit_auth_flows is empty: Cognito then opens SRP and custom sign-in"


def _two_kinds(values: Values) -> Iterator[str]:
    for_people = [flow for flow in _flows(values) if flow != "ALLOW_REFRESH_TOKEN_AUTH"]
    if "client_credentials" in texts(values.get("allowed_oauth_flows")) and for_people:
        yield f"machines (client_credentials) and people ({', '.join(sorted(for_people))}) share one client"


def _insecure_callback(values: Values) -> Iterator[str]:
    for url in sorted(texts(values.get("callback_urls"))):
        if urlsplit(url).scheme == "http" and urlsplit(url).hostname not in LOOPBACK:
            yield f"callback URL {url} takes codes in the clear"


def _anyone_registers(values: Values) -> Iterator[str]:
    if not only_admins(values):
        yield "anyone can register: with an allow-list of clients, whoever registers may call the agent"


def _deletable(values: Values) -> Iterator[str]:
    given = _known(values, "deletion_protection")
    if given != "ACTIVE":
        yield f"deletion_protection is {given or 'not set'}"


def _weak_passwords(values: Values) -> Iterator[str]:
    policy = block(values.get("password_policy"))
    length = policy.get("minimum_length") or 0
    if not isinstance(length, Unseen) and length < SHORTEST_PASSWORD:
        yield f"passwords of {length or 'the default 8'} characters are taken"
    if missing := [name for name in CLASSES if not policy.get(name)]:
        yield f"{', '.join(missing)} not demanded"


def _no_second_factor(values: Values) -> Iterator[str]:
    if (_known(values, "mfa_configuration") or "OFF") == "OFF":
        yield "mfa_configuration is OFF"


def _password_in_state(values: Values) -> Iterator[str]:
    for argument in ("password", "temporary_password"):
        if values.get(argument) is not None:
            yield f"{argument} is set: plan and state keep it"


RULES = (
    Rule(
        "AIA010",
        Severity.HIGH,
        "Implicit OAuth flow",
        "use the code flow with PKCE for people, client_credentials for machines",
        _on(CLIENTS, _implicit),
    ),
    Rule(
        "AIA011",
        Severity.LOW,
        "Plain password flow",
        "use SRP (ALLOW_USER_SRP_AUTH) or the code flow",
        _on(CLIENTS, _plain_password),
        production=Severity.HIGH,
    ),
    Rule(
        "AIA012",
        Severity.MEDIUM,
        "Admin password flow",
        "let people sign in themselves (SRP or the code flow)",
        _on(CLIENTS, _admin_password),
    ),
    Rule(
        "AIA013",
        Severity.HIGH,
        "Client tells whether a user exists",
        'set prevent_user_existence_errors = "ENABLED"',
        _on(CLIENTS, _tells_who_exists),
    ),
    Rule(
        "AIA014",
        Severity.HIGH,
        "Token revocation off",
        "set enable_token_revocation = true",
        _on(CLIENTS, _cannot_revoke),
    ),
    Rule(
        "AIA015",
        Severity.MEDIUM,
        "Long-lived access token",
        f"set access_token_validity to {LONGEST_ACCESS_MINUTES} minutes or less: the door cannot see a revocation",
        _on(CLIENTS, _lifetime("access_token", "hours", 60, LONGEST_ACCESS_MINUTES)),
    ),
    Rule(
        "AIA016",
        Severity.LOW,
        "Long-lived refresh token",
        "set refresh_token_validity to 30 days or less",
        _on(CLIENTS, _lifetime("refresh_token", "days", LONGEST_REFRESH_MINUTES, LONGEST_REFRESH_MINUTES)),
    ),
    Rule(
        "AIA017",
        Severity.MEDIUM,
        "Sign-in flows left to the default",
        'name them: explicit_auth_flows = ["ALLOW_REFRESH_TOKEN_AUTH", ...]',
        _on(CLIENTS, _open_by_omission),
    ),
    Rule(
        "AIA018",
        Severity.MEDIUM,
        "One client for machines and people",
        "make a client for each kind, so that each can be allowed and withdrawn alone",
        _on(CLIENTS, _two_kinds),
    ),
    Rule(
        "AIA019",
        Severity.HIGH,
        "Callback URL without TLS",
        "use https, or loopback for a program on the user's machine",
        _on(CLIENTS, _insecure_callback),
    ),
    Rule(
        "AIA020",
        Severity.HIGH,
        "Anyone can register",
        "set admin_create_user_config { allow_admin_create_user_only = true }",
        _on(POOL, _anyone_registers),
    ),
    Rule(
        "AIA021",
        Severity.LOW,
        "User pool can be deleted",
        'set deletion_protection = "ACTIVE"',
        _on(POOL, _deletable),
        production=Severity.HIGH,
    ),
    Rule(
        "AIA022",
        Severity.MEDIUM,
        "Weak password policy",
        f"demand {SHORTEST_PASSWORD} characters of all four classes",
        _on(POOL, _weak_passwords),
    ),
    Rule(
        "AIA023",
        Severity.LOW,
        "No second factor",
        'set mfa_configuration = "ON" or "OPTIONAL"',
        _on(POOL, _no_second_factor),
        production=Severity.MEDIUM,
    ),
    Rule(
        "AIA024",
        Severity.HIGH,
        "User's password in the state",
        "leave it out and set it with AdminSetUserPassword",
        _on(USER, _password_in_state),
    ),
)
