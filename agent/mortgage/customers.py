"""Demo customers: invented people with a mortgage and a credit score, read from a JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEMO_CUSTOMERS = Path(__file__).parent / "data" / "customers.demo.json"
MAX_ID_DIGITS = 12


class BadCustomerId(Exception):
    """A customer id is 1 to 12 digits; the message says so without repeating what was given."""


class NoRecord(Exception):
    """No such customer, or the customer has no such record."""


@dataclass(frozen=True, slots=True)
class Mortgage:
    """Amounts in US dollars; dates as ISO text (YYYY-MM-DD)."""

    outstanding_principal: float
    annual_rate_percent: float
    maturity_date: str
    payments_remaining: int
    next_payment_date: str
    next_payment_amount: float


@dataclass(frozen=True, slots=True)
class Customer:
    credit_score: int
    mortgage: Mortgage | None


class Customers:
    """Look-ups by customer id."""

    def __init__(self, customers: Mapping[str, Customer]) -> None:
        self._customers = dict(customers)

    def credit_score(self, customer_id: str) -> int:
        """Raises BadCustomerId, NoRecord."""
        return self._find(customer_id).credit_score

    def mortgage(self, customer_id: str) -> Mortgage:
        """Raises BadCustomerId, NoRecord."""
        mortgage = self._find(customer_id).mortgage
        if mortgage is None:
            raise NoRecord(f"Customer {customer_id} has no mortgage with us.")
        return mortgage

    def _find(self, customer_id: str) -> Customer:
        if not (customer_id.isascii() and customer_id.isdigit() and len(customer_id) <= MAX_ID_DIGITS):
            raise BadCustomerId(f"A customer id has 1 to {MAX_ID_DIGITS} digits and nothing else.")
        try:
            return self._customers[customer_id]
        except KeyError:
            raise NoRecord(f"There is no record of customer {customer_id}.") from None


def load_customers(path: Path = DEMO_CUSTOMERS) -> Customers:
    """Read {"customers": {id: {"credit_score": int, "mortgage": {...} or null}}}."""
    raw: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["customers"]
    return Customers(
        {
            customer_id: Customer(
                credit_score=int(entry["credit_score"]),
                mortgage=Mortgage(**entry["mortgage"]) if entry["mortgage"] else None,
            )
            for customer_id, entry in raw.items()
        }
    )
