"""Callers sign in, ask and leave, by the commands of README."""

from __future__ import annotations

import json
import stat

import pytest

from tests.e2e.conftest import Clone

pytestmark = pytest.mark.e2e


def test_a_caller_signs_in_is_known_asks_and_leaves(up: Clone) -> None:
    signed_in = json.loads(up.invoke("login", "--flow", "srp", "--json").out)
    who = json.loads(up.invoke("whoami", "--json").out)
    token = up.invoke("token").out.strip()
    kept = next(up.path.glob(".state/*/tokens/tokens.json"))
    assert (signed_in["flow"], who["subject"]) == ("srp", signed_in["subject"])
    assert token.count(".") == 2 and token not in json.dumps(who)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600 and token in kept.read_text()

    asked = json.loads(up.invoke("ask", "what can you do?", "--json", "--session", "s" * 40).out)
    again = up.invoke("ask", "what did i just ask?", "--session", "s" * 40)
    assert asked["answer"] and asked["session_id"] == "s" * 40
    assert "what can you do?" in again.out

    assert "revoked and erased" in up.invoke("logout").out
    assert token not in kept.read_text()


def test_a_flow_that_is_not_offered_is_refused_with_what_to_add(up: Clone) -> None:
    done = up.invoke("login", "--client", "machine", "--flow", "srp")
    assert done.code == 1 and "error [flow_off]" in done.err and "remedy: " in done.err
    assert "Traceback" not in done.err
