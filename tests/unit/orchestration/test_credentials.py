from __future__ import annotations

import pytest

from orchestration.checks.cases import Credential
from orchestration.checks.credentials import bearer, unsigned, with_claim
from orchestration.tokens import TokenBroker
from tests.fakes.orchestration import FakeIdentityProvider, decoded, jwt, settings

TOKEN = jwt(client_id="c", scope="a b", name="\u00e4\u00f6\u4e2d")


@pytest.fixture
def broker() -> TokenBroker:
    return TokenBroker(settings(), FakeIdentityProvider(), lambda *args: "machine-token")


def test_one_claim_is_changed_and_nothing_else() -> None:
    header, payload, signature = with_claim(TOKEN, "username", "somebody-else").split(".")
    good_header, good_payload, good_signature = TOKEN.split(".")
    assert (header, signature) == (good_header, good_signature)
    assert decoded(payload) == decoded(good_payload) | {"username": "somebody-else"}
    assert payload != good_payload


def test_an_unsigned_token_differs_in_algorithm_and_signature_alone() -> None:
    header, payload, signature = unsigned(TOKEN).split(".")
    good_header, good_payload, _ = TOKEN.split(".")
    assert decoded(header) == decoded(good_header) | {"alg": "none"}
    assert payload == good_payload
    assert signature == ""


@pytest.mark.parametrize("length", range(4))
def test_every_length_of_a_part_is_read(length: int) -> None:
    token = jwt(pad="x" * length)
    assert decoded(with_claim(token, "n", 1).split(".")[1])["pad"] == "x" * length


def test_parts_carry_no_padding() -> None:
    assert "=" not in with_claim(TOKEN, "n", 1) + unsigned(TOKEN)


@pytest.mark.parametrize("credential", list(Credential))
def test_every_credential_is_made(broker: TokenBroker, credential: Credential) -> None:
    user = broker.user()
    expected = {
        Credential.USER: user.access,
        Credential.MACHINE: "machine-token",
        Credential.NONE: None,
        Credential.SIGV4: None,
        Credential.GARBAGE: "garbage",
        Credential.TAMPERED: with_claim(user.access, "username", "somebody-else"),
        Credential.UNSIGNED: unsigned(user.access),
        Credential.IDENTITY: user.id,
    }
    made = bearer(credential, broker)
    if credential is Credential.OUTSIDER:
        assert made is not None
        assert decoded(made.split(".")[1])["client_id"] == "client-of-outsiders"
    else:
        assert made == expected[credential]


def test_no_two_refused_callers_send_the_same(broker: TokenBroker) -> None:
    made = [bearer(c, broker) for c in Credential if c not in (Credential.NONE, Credential.SIGV4)]
    assert len(set(made)) == len(made)
