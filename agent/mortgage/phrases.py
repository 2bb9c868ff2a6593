"""How the scripted model words a tool's result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mortgage import tools

NOTHING_TO_SAY = "I have no answer to that."


def phrase(tool: str | None, facts: Mapping[str, Any] | None, text: str) -> str:
    """Word a tool's facts; without facts, or facts of an unknown shape, the tool's own text is the answer."""
    wording = _WORDINGS.get(tool or "")
    if wording is not None and facts is not None:
        try:
            return wording(facts)
        except (KeyError, TypeError, ValueError):
            pass  # another tool's facts under this name: its text is still an answer
    return text.strip() or NOTHING_TO_SAY


def _general(facts: Mapping[str, Any]) -> str:
    return f"{facts['text']} (Topic: {facts['topic']})"


def _mortgage(facts: Mapping[str, Any]) -> str:
    return (
        f"Customer {facts['customer_id']} owes ${facts['outstanding_principal']:,.2f} at "
        f"{facts['annual_rate_percent']:g}% a year, with {facts['payments_remaining']} payments "
        f"remaining until {facts['maturity_date']}. The next payment of "
        f"${facts['next_payment_amount']:,.2f} is due on {facts['next_payment_date']}."
    )


def _payment(facts: Mapping[str, Any]) -> str:
    return (
        f"The monthly payment is ${float(facts['monthly_payment']):,.2f} for ${facts['principal']:,.2f} at "
        f"{facts['annual_rate_percent']:g}% a year over {facts['months']} months: "
        f"${float(facts['total_paid']):,.2f} in total, ${float(facts['total_interest']):,.2f} of it interest."
    )


def _credit(facts: Mapping[str, Any]) -> str:
    return f"The credit score of customer {facts['customer_id']} is {facts['credit_score']}."


_WORDINGS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    tools.GENERAL: _general,
    tools.MORTGAGE: _mortgage,
    tools.PAYMENT: _payment,
    tools.CREDIT: _credit,
}
