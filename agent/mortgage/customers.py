"""Demo customers: invented people with a mortgage and a credit score, in an SQLite database in memory."""

from __future__ import annotations

import json
import sqlite3
import threading
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
DEMO_CUSTOMERS = DATA / "customers.demo.json"
# A file of its own, which the credit check behind the gateway is packed with too.
DEMO_SCORES = DATA / "credit_scores.demo.json"
MAX_ID_DIGITS = 12

# Amounts are text: SQLite's numbers are binary fractions.
SCHEMA = """
CREATE TABLE customer (id TEXT PRIMARY KEY, credit_score INTEGER NOT NULL);
CREATE TABLE mortgage (
    customer_id TEXT PRIMARY KEY REFERENCES customer (id),
    as_of TEXT NOT NULL,
    outstanding_principal TEXT NOT NULL,
    annual_rate_percent TEXT NOT NULL,
    maturity_date TEXT NOT NULL,
    payments_remaining INTEGER NOT NULL,
    next_payment_date TEXT NOT NULL,
    next_payment_amount TEXT NOT NULL
);
"""


class BadCustomerId(Exception):
    """A customer id is 1 to 12 digits; the message says so without repeating what was given."""


class NoRecord(Exception):
    """No such customer, or the customer has no such record."""


@dataclass(frozen=True, slots=True)
class Mortgage:
    """As it stood at the end of the day `as_of`. Amounts in US dollars; dates as ISO text (YYYY-MM-DD)."""

    as_of: str
    outstanding_principal: Decimal
    annual_rate_percent: Decimal
    maturity_date: str
    payments_remaining: int
    next_payment_date: str
    next_payment_amount: Decimal


MORTGAGE_COLUMNS = ", ".join(field.name for field in fields(Mortgage))
AMOUNTS = ("outstanding_principal", "annual_rate_percent", "next_payment_amount")


class Customers:
    """Look-ups by customer id, from any thread. The database is read-only by then."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._lock = threading.Lock()

    def credit_score(self, customer_id: str) -> int:
        """Raises BadCustomerId, NoRecord."""
        check_id(customer_id)
        row = self._one("SELECT credit_score FROM customer WHERE id = ?", customer_id)
        if row is None:
            raise NoRecord(f"There is no record of customer {customer_id}.")
        return int(row[0])

    def mortgage(self, customer_id: str) -> Mortgage:
        """Raises BadCustomerId, NoRecord."""
        self.credit_score(customer_id)
        row = self._one(f"SELECT {MORTGAGE_COLUMNS} FROM mortgage WHERE customer_id = ?", customer_id)  # noqa: S608 - our own names
        if row is None:
            raise NoRecord(f"Customer {customer_id} has no mortgage with us.")
        values = {field.name: value for field, value in zip(fields(Mortgage), row, strict=True)}
        return Mortgage(**values | {name: Decimal(values[name]) for name in AMOUNTS})

    def _one(self, query: str, customer_id: str) -> Any:
        with self._lock:
            return self._database.execute(query, (customer_id,)).fetchone()


def load_customers(path: Path = DEMO_CUSTOMERS, scores_path: Path = DEMO_SCORES) -> Customers:
    """Seed a database from {"as_of": date, "customers": {id: {"mortgage": {} or null}}} and {"scores": {id: int}}."""
    scores: dict[str, int] = json.loads(scores_path.read_text(encoding="utf-8"))["scores"]
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    # Tools run in threads of a pool; Customers lets one at a time in.
    database = sqlite3.connect(":memory:", check_same_thread=False)
    database.executescript(SCHEMA)
    for customer_id, entry in raw["customers"].items():
        database.execute("INSERT INTO customer VALUES (?, ?)", (customer_id, scores[customer_id]))
        if entry["mortgage"]:
            record = {"as_of": raw["as_of"], **entry["mortgage"]}
            mortgage = [record[field.name] for field in fields(Mortgage)]
            values = [customer_id, *(str(value) if isinstance(value, Decimal) else value for value in mortgage)]
            database.execute("INSERT INTO mortgage VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
    database.commit()
    database.execute("PRAGMA query_only = ON")
    return Customers(database)


def check_id(customer_id: str) -> None:
    """Raises BadCustomerId."""
    if not (customer_id.isascii() and customer_id.isdigit() and len(customer_id) <= MAX_ID_DIGITS):
        raise BadCustomerId(f"A customer id has 1 to {MAX_ID_DIGITS} digits and nothing else.")
