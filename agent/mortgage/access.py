"""Whose records a caller may see. Decided from verified claims alone: neither prompt nor model has a say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from mortgage.claims import Unreadable, claims_of, identity_of

# A scope of the caller pool's resource server, which only a machine's client may be granted.
ACT_FOR_CUSTOMERS = "agent/act-for-customers"


class Denied(Exception):
    """The caller may not see these records; the message is for the caller and says nothing about them."""


class NoCustomerNamed(Exception):
    """The caller may see any customer's records and has to say whose."""


@dataclass(frozen=True, slots=True)
class Own:
    """The records of one customer: the caller."""

    customer_id: str


@dataclass(frozen=True, slots=True)
class Anyone:
    """The records of whichever customer is named."""


@dataclass(frozen=True, slots=True)
class Nobody:
    """No customer's records."""


Access = Own | Anyone | Nobody


def access_of(authorization: str | None, customers: Mapping[str, str]) -> Access:
    """What a call with this header may see. customers: subject -> customer id.

    A person sees the customer that the subject stands for, whatever scopes the token has; a machine with
    ACT_FOR_CUSTOMERS sees any; everybody else, signed calls without a token too, sees none.
    """
    if authorization is None:
        return Nobody()
    try:
        claims = claims_of(authorization)
        _, subject = identity_of(claims)
    except Unreadable:
        return Nobody()
    if _is_machine(claims):
        return Anyone() if ACT_FOR_CUSTOMERS in _scopes(claims) else Nobody()
    return Own(customers[subject]) if subject in customers else Nobody()


def customer_for(access: Access, named: str | None) -> str:
    """The customer whose records a tool may read, given the one that was named. Raises Denied, NoCustomerNamed."""
    match access:
        case Own(own):
            if named is not None and named != own:
                raise Denied("I can look up your own records only.")
            return own
        case Anyone():
            if named is None:
                raise NoCustomerNamed("Please name the customer by id: you may ask about any.")
            return named
        case Nobody():
            raise Denied("I do not know you as a customer, so I cannot look up any customer's records for you.")
        case _:
            assert_never(access)


def _is_machine(claims: Mapping[str, Any]) -> bool:
    """A token of client_credentials is about its client and names no user (Cognito devguide: access token payload)."""
    client = claims.get("client_id")
    names_user = any(claims.get(name) for name in ("username", "cognito:username"))
    return isinstance(client, str) and claims.get("sub", client) == client and not names_user


def _scopes(claims: Mapping[str, Any]) -> list[str]:
    scope = claims.get("scope")
    return scope.split(" ") if isinstance(scope, str) else []
