"""Asks before money is spent. Pure but for the two functions it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestration.errors import BadInput


def consent(
    who: str, env: Mapping[str, str], *, yes: bool, say: Callable[[str], None], ask: Callable[[], str] | None
) -> None:
    """Show who acts where, and go on only with a yes: the flag, CI=true, or the word typed at a terminal.

    `ask` reads one line; None where there is no terminal. Raises BadInput otherwise.
    """
    say(who)
    if yes or env.get("CI") == "true":
        return
    if ask is None:
        raise BadInput(
            "this makes or removes billed resources on AWS, and there is no terminal to ask",
            remedy="add --yes (make: YES=1), or set CI=true",
            code="not_confirmed",
        )
    say("This makes or removes billed resources in that account. Type yes to go on:")
    if ask().strip() != "yes":
        raise BadInput("not confirmed; nothing was changed", remedy="type yes, or add --yes", code="not_confirmed")
