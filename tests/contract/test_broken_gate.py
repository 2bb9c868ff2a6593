"""The matrix against a door that is broken in one way at a time: each break turns exactly its own cases wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from orchestration.checks import cases as matrix
from orchestration.checks.case import Case, Door, Verdict
from orchestration.checks.forge import public_jwk
from orchestration.checks.kit import Kit
from orchestration.checks.run import Outcome, Subject, run_cases
from orchestration.clock import SystemClock
from tests.doubles import issuer
from tests.doubles.broken_gate import BrokenGate
from tests.doubles.switches import Switch
from tests.doubles.token_door import Rules

NOW = 1_800_000_000
DOORS = {
    door: f"arn:aws:bedrock-agentcore:{issuer.REGION}:000000000000:runtime/door_{door.value}-AbCdEfGhIj"
    for door in Door
    if door is not Door.GATEWAY
} | {Door.GATEWAY: "http://gate.invalid/gateways/tools-ab12cd34ef/mcp"}
CLIENTS = frozenset({issuer.USER, issuer.MACHINE})
RULES: Mapping[Door, Rules | None] = {
    Door.MAIN: Rules(clients=CLIENTS),
    Door.SCOPE: Rules(clients=CLIENTS | {issuer.PROBE}, scopes=frozenset({issuer.SCOPE})),
    Door.GROUP: Rules(clients=CLIENTS, groups=frozenset({issuer.GROUP})),
    Door.AUDIENCE: Rules(audience=frozenset({issuer.USER})),
    Door.IAM: None,
    Door.GATEWAY: Rules(clients=frozenset({issuer.AGENT}), scopes=frozenset({issuer.GATEWAY_SCOPE})),
}
# What the agent makes of a call is not a gate's to answer for.
CASES = tuple(case for case in matrix.CASES if "agent" not in case.tags)
SOURCE = issuer.TinyIssuer(NOW)
KIT = Kit(SOURCE, issuer.POOL, issuer.USER, issuer.REGION, lambda: float(NOW))


def wrong(
    *switches: Switch,
    keys_reachable: bool = True,
    cases: Sequence[Case] = CASES,
    rules: Mapping[Door, Rules | None] = RULES,
) -> set[str]:
    """The ids of the cases whose outcome is not as expected."""
    found = outcomes(*switches, keys_reachable=keys_reachable, cases=cases, rules=rules)
    return {outcome.case.id for outcome in found if not outcome.ok}


def outcomes(
    *switches: Switch,
    keys_reachable: bool = True,
    cases: Sequence[Case] = CASES,
    rules: Mapping[Door, Rules | None] = RULES,
) -> list[Outcome]:
    """The matrix, run against a gate of its own."""
    attackers = public_jwk(KIT.attacker, "key-of-the-attacker")
    urls = ("https://attacker.invalid/jwks.json", "https://attacker.invalid/cert.pem")
    gate = BrokenGate(
        {DOORS[door]: asked for door, asked in rules.items()},
        NOW,
        frozenset(switches),
        dict.fromkeys(urls, attackers),
        keys_reachable,
    )
    subject = Subject(DOORS, KIT, gate, gate, local=True, excluded={})
    found = run_cases(cases, subject, SystemClock(), lambda outcome: None, parallel=1)
    assert [outcome.case.id for outcome in found if outcome.skipped] == []
    return found


# What each break lets through or wrongly keeps out.
CAUGHT: Mapping[Switch, str] = {
    Switch.EMPTY_ADMITTED: "empty-header no-token scheme-alone token-in-cookie token-in-query token-in-trailer",
    Switch.BASIC_ADMITTED: "scheme-basic",
    Switch.ANY_SCHEME: "scheme-token",
    Switch.NO_SCHEME_NEEDED: "no-scheme",
    Switch.SCHEME_CASE_COUNTS: "scheme-lower",
    Switch.FIRST_HEADER_WINS: "two-headers-good-first",
    Switch.LAST_HEADER_WINS: "two-headers-good-last",
    Switch.FOLDED_HEADER_JOINED: "folded-header",
    Switch.FIRST_TOKEN_OF_A_LIST: "two-tokens",
    Switch.TOKEN_FROM_QUERY: "token-in-query",
    Switch.TOKEN_FROM_COOKIE: "token-in-cookie",
    Switch.TOKEN_FROM_TRAILER: "token-in-trailer",
    Switch.FURTHER_PARTS_IGNORED: "four-parts",
    Switch.LENIENT_BASE64: "padding space-inside standard-base64",
    Switch.ALG_NONE: "alg-none alg-none-capitals alg-none-cased alg-none-signed",
    Switch.HS256_WITH_PUBLIC_KEY: "hs256-public-key",
    Switch.ALGORITHM_FROM_TOKEN: "alg-ps256 alg-rs384",
    Switch.SIGNATURE_SKIPPED: "foreign-key header-tampered payload-tampered scope-forged "
    "signature-borrowed signature-cut signature-doubled signature-tampered",
    Switch.SIGNATURE_SKIPPED_WHEN_EMPTY: "alg-none alg-none-cased signature-empty",
    Switch.SIGNATURE_BEGINNING_SUFFICES: "signature-doubled",
    Switch.CRIT_IGNORED: "crit-unknown",
    Switch.KID_OPTIONAL: "kid-missing",
    Switch.UNKNOWN_KID_TAKES_FIRST_KEY: "kid-path kid-sql kid-unknown",
    Switch.JWK_TRUSTED: "jwk-embedded",
    Switch.JKU_FOLLOWED: "jku-attacker",
    Switch.X5U_FOLLOWED: "x5u-attacker",
    Switch.ANY_POOL_TRUSTED: "issuer-longer other-pool",
    Switch.ISSUER_SKIPPED: "issuer-longer issuer-missing issuer-slash",
    Switch.ISSUER_PREFIX: "issuer-longer issuer-slash",
    Switch.ISSUER_SLASH_TRIMMED: "issuer-slash",
    Switch.EXPIRY_SKIPPED: "expired expiry-text last-minute no-expiry",
    Switch.EXPIRY_OPTIONAL: "no-expiry",
    Switch.EXPIRY_CONVERTED: "expiry-text",
    Switch.NO_LAST_MINUTE: "last-minute",
    Switch.NOT_BEFORE_SKIPPED: "not-yet-valid",
    Switch.ISSUED_AT_SKIPPED: "issued-in-future",
    Switch.CLIENT_SKIPPED: "client-list client-longer client-missing group-outsider id-token "
    "outsider outsider-machine probe-machine scope-outsider",
    Switch.CLIENT_OPTIONAL: "client-missing id-token",
    Switch.CLIENT_PREFIX: "client-longer",
    Switch.CLIENT_IN_LIST: "client-list",
    Switch.ID_TOKENS_ADMITTED: "id-token",
    Switch.REFRESH_TOKENS_ADMITTED: "refresh-token",
    Switch.SCOPE_SKIPPED: "scope-absent scope-capitals scope-commas scope-list scope-longer "
    "scope-missing scope-of-main scope-other",
    Switch.SCOPE_OPTIONAL: "scope-absent",
    Switch.SCOPE_SUBSTRING: "scope-commas scope-list scope-longer",
    Switch.SCOPE_CASE_IGNORED: "scope-capitals",
    Switch.CLAIM_SKIPPED: "group-longer group-machine group-missing group-nested group-text",
    Switch.CLAIM_SUBSTRING: "group-longer group-nested group-text",
    Switch.AUDIENCE_SKIPPED: "audience-empty audience-longer audience-missing audience-nested audience-other",
    Switch.AUDIENCE_OPTIONAL: "audience-missing",
    Switch.AUDIENCE_PREFIX: "audience-longer",
    Switch.SIGNED_CALLS_ADMITTED: "sigv4-on-token-door",
    Switch.TOKENS_AT_SIGNED_DOOR: "token-on-signed-door",
    Switch.UNSIGNED_ADMITTED: "basic-on-signed-door unsigned",
    Switch.SIGV4_UNCHECKED: "body-changed old-signature signed-for-other-region signed-for-other-service wrong-secret",
    Switch.SIGV4_CLOCK_IGNORED: "old-signature",
    Switch.SIGV4_SCOPE_IGNORED: "signed-for-other-region signed-for-other-service",
    Switch.SESSION_TOKEN_OPTIONAL: "no-session-token",
    Switch.UNKNOWN_KEY_ADMITTED: "unknown-access-key",
    Switch.PERMISSIONS_SKIPPED: "no-permission other-runtime",
    Switch.ROUTE_NORMALISED: "arn-dot-segment arn-dots arn-half-quoted arn-null arn-quoted-twice arn-slash "
    "arn-unquoted",
    Switch.ANY_RUNTIME: "arn-dots arn-null arn-quoted-twice arn-slash other-account other-region unknown-runtime",
    Switch.QUALIFIER_IGNORED: "two-qualifiers unknown-qualifier",
    Switch.SESSION_LENGTH_IGNORED: "session-long session-short",
    Switch.SESSION_UNBOUND: "session-of-another session-of-another-person",
    Switch.OVERSIZE_ADMITTED: "oversized-body oversized-header",
    Switch.TWO_LENGTHS_ADMITTED: "two-lengths",
}
GATEWAY_CASES = {case.id for case in CASES if case.door is Door.GATEWAY}
# What the gateway's own cases notice beside those that it has in common with the main door.
CAUGHT_AT_GATEWAY: Mapping[Switch, str] = {
    Switch.CLIENT_SKIPPED: "agent-at-the-runtime gateway-id-token gateway-machine gateway-person "
    "gateway-scope-outsider",
    Switch.CLIENT_OPTIONAL: "gateway-id-token",
    Switch.SCOPE_SKIPPED: "gateway-scope-absent gateway-scope-capitals gateway-scope-longer gateway-scope-other",
    Switch.SCOPE_OPTIONAL: "gateway-scope-absent",
    Switch.SCOPE_SUBSTRING: "gateway-scope-longer",
    Switch.SCOPE_CASE_IGNORED: "gateway-scope-capitals",
    Switch.SIGNED_CALLS_ADMITTED: "gateway-sigv4",
}


# Whoever breaks one rule of the gateway finds the rule about the scope behind it.
KEPT_OUT_TWICE = {"gateway-id-token", "gateway-other-pool", "gateway-refresh-token"}


def shared(ids: str) -> set[str]:
    """The cases of these that are tried at the gateway too."""
    return {f"gateway-{id}" for id in ids.split()} & GATEWAY_CASES - KEPT_OUT_TWICE


def at_gateway(switch: Switch) -> set[str]:
    """The same break at the gateway: the cases of the main door that are tried there too, and its own."""
    return shared(CAUGHT[switch]) | set(CAUGHT_AT_GATEWAY.get(switch, "").split())


# With a door that admits everybody while its provider is down: every case that dies of a key or a signature.
CAUGHT_WITHOUT_KEYS = (
    "alg-empty alg-es256 alg-missing alg-none-capitals alg-none-signed "
    "alg-ps256 alg-rs384 foreign-key header-tampered hs256-public-key "
    "jku-attacker jwk-embedded kid-missing kid-path kid-sql kid-unknown "
    "payload-tampered scope-forged signature-borrowed signature-cut "
    "signature-doubled signature-tampered x5u-attacker"
)
REFUSED_BEFORE_THE_AGENT = {case.id for case in CASES if not case.reached and case.verdict is Verdict.REFUSED}
FOR_THE_AGENT = {case.id for case in CASES if case.reached}


def test_the_gate_in_order_passes_every_case() -> None:
    assert wrong() == set()


@pytest.mark.parametrize("switch", CAUGHT, ids=lambda switch: switch.name.lower())
def test_a_break_turns_exactly_its_own_cases_wrong(switch: Switch) -> None:
    assert wrong(switch) == set(CAUGHT[switch].split()) | at_gateway(switch)


def test_a_gate_that_fails_open_without_keys_is_caught() -> None:
    assert wrong(Switch.FAILS_OPEN_WITHOUT_KEYS) == set()
    caught = wrong(Switch.FAILS_OPEN_WITHOUT_KEYS, keys_reachable=False)
    assert caught == set(CAUGHT_WITHOUT_KEYS.split()) | shared(CAUGHT_WITHOUT_KEYS)
    assert caught <= REFUSED_BEFORE_THE_AGENT


def test_a_refusal_that_the_agent_hears_of_is_none() -> None:
    """The body of oversized-body is announced and never sent, so nothing can arrive."""
    assert wrong(Switch.REFUSES_AND_FORWARDS) == REFUSED_BEFORE_THE_AGENT - {"oversized-body"}


def test_an_answer_that_the_agent_knows_nothing_of_is_none() -> None:
    assert wrong(Switch.ANSWERS_WITHOUT_AGENT) == FOR_THE_AGENT | {"gateway-tools"}


def test_refusals_alone_prove_nothing_of_an_agent_that_notes_no_call() -> None:
    chosen = [case for case in CASES if "signature" in case.tags]
    assert not any(case.reached for case in chosen)
    assert wrong(cases=chosen) == set()
    assert wrong(Switch.ANSWERS_WITHOUT_AGENT, cases=chosen) == {case.id for case in chosen}


def test_a_main_door_that_lets_in_the_probes_machine_is_caught() -> None:
    opened = {**RULES, Door.MAIN: Rules(clients=CLIENTS | {issuer.PROBE})}
    assert wrong(rules=opened) == {"probe-machine"}


def test_a_refusal_with_a_status_of_its_own_is_noticed() -> None:
    assert wrong(Switch.WRONG_STATUS) == REFUSED_BEFORE_THE_AGENT


def test_every_break_is_in_the_table_and_is_caught() -> None:
    apart = {
        Switch.FAILS_OPEN_WITHOUT_KEYS,
        Switch.REFUSES_AND_FORWARDS,
        Switch.ANSWERS_WITHOUT_AGENT,
        Switch.WRONG_STATUS,
    }
    assert set(CAUGHT) | apart == set(Switch)
    assert all(CAUGHT.values())
