"""Whose good credential a call begins with."""

from __future__ import annotations

from enum import StrEnum


class Caller(StrEnum):
    """The values are for people."""

    NOBODY = "no credential"
    PERSON = "access token of a person (password flow)"
    PERSON_ID = "ID token of a person"
    PERSON_REFRESH = "refresh token of a person"
    SECOND = "access token of a second person, who is in no group"
    MACHINE = "access token of a machine (client_credentials)"
    ACTING_MACHINE = "access token of a machine (client_credentials) that may act for customers"
    OUTSIDER = "access token of a person, issued to an app client that is not allowed"
    OUTSIDER_ID = "ID token of a person, issued to an app client that is not allowed"
    OUTSIDER_MACHINE = "access token of a machine that is not allowed, with the scope asked for"
    SCOPED = "access token of a machine with the scope asked for"
    SCOPED_BOTH = "access token of a machine with the scope asked for among several"
    SCOPED_LONGER = "access token of a machine with a scope that begins with the one asked for"
    SCOPED_OTHER = "access token of a machine with another scope"
    OTHER_POOL = "access token of a person of another user pool"
    AGENT = "access token of the agent's own machine, with the gateway's scope"
    GATEWAY_OUTSIDER = "access token of a machine that is not allowed at the gateway, with its scope"
    OPERATOR = "SigV4 signature of the operator"
    INVOKER = "SigV4 signature of a role that may call this runtime"
    STRANGER = "SigV4 signature of a role without permissions"
    ELSEWHERE = "SigV4 signature of a role that may call another runtime"


SIGNED = frozenset({Caller.OPERATOR, Caller.INVOKER, Caller.STRANGER, Caller.ELSEWHERE})
