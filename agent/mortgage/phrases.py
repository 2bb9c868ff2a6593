"""How the scripted model words a tool's result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from mortgage import tools

NOTHING_TO_SAY = "I have no answer to that."


def phrase(tool: str | None, facts: Mapping[str, Any] | None, text: str) -> str:
    """Word a tool's facts; without facts, or facts of an unknown shape, the tool's own text is the answer."""
    wording = _WORDINGS.get(tool or "")
    if wording is not None and facts is not None:
        try:
            return wording(facts)
        except (KeyError, TypeError, ValueError, InvalidOperation):
            pass  # another tool's facts under this name: its text is still an answer
    return text.strip() or NOTHING_TO_SAY


def _knowledge(facts: Mapping[str, Any]) -> str:
    return " ".join(f"{article['text']} (Source: {article['source']}.)" for article in facts["articles"])


def _mortgage(facts: Mapping[str, Any]) -> str:
    return (
        f"As of {facts['as_of']}, customer {facts['customer_id']} owes {_money(facts['outstanding_principal'])} at "
        f"{Decimal(facts['annual_rate_percent']).normalize():f}% a year, with {facts['payments_remaining']} payments "
        f"remaining until {facts['maturity_date']}. The next payment of "
        f"{_money(facts['next_payment_amount'])} is due on {facts['next_payment_date']}."
    )


def _refinance(facts: Mapping[str, Any]) -> str:
    months = facts["months_to_break_even"]
    even = f"breaks even after {months} months" if months is not None else "never breaks even"
    return (
        f"Refinancing {_money(facts['balance'])} changes the monthly payment from {_money(facts['payment_now'])} to "
        f"{_money(facts['payment'])} and {even}. Interest saved in total: {_money(facts['interest_saving'])}."
    )


def _payment(facts: Mapping[str, Any]) -> str:
    return (
        f"The monthly payment is {_money(facts['monthly'])} for {_money(facts['principal'])} at "
        f"{facts['annual_rate_percent']:g}% a year over {facts['months']} months: "
        f"{_money(facts['total_paid'])} in total, {_money(facts['total_interest'])} of it interest."
    )


def _table(facts: Mapping[str, Any]) -> str:
    rows = [
        f"Year {year['year']}: interest {_money(year['interest'])}, principal {_money(year['principal'])}, "
        f"balance {_money(year['balance'])}."
        for year in facts["years"]
    ]
    return "\n".join(rows)


def _credit(facts: Mapping[str, Any]) -> str:
    return f"The credit score of customer {facts['customer_id']} is {facts['credit_score']}."


def _money(amount: object) -> str:
    value = Decimal(str(amount))
    return f"{'-' if value < 0 else ''}${abs(value):,.2f}"


_WORDINGS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    tools.KNOWLEDGE: _knowledge,
    tools.MORTGAGE: _mortgage,
    tools.REFINANCE: _refinance,
    tools.PAYMENT: _payment,
    tools.TABLE: _table,
    tools.CREDIT: _credit,
}
