"""Where credit scores come from: a gateway where one is configured, or else what the agent has built in."""

from __future__ import annotations

from typing import Protocol

from mortgage.customers import Customers, NoRecord
from mortgage.failures import describe
from mortgage.visit import Visit

# In a result's metadata and beside each look-up in the log.
SOURCE = "credit_score_source"


class Unreachable(Exception):
    """The source gives no score that can be told; the message is for the caller. `cause` is a slug for the log."""

    def __init__(self, cause: str) -> None:
        super().__init__(
            "The credit service cannot be reached, so I cannot tell the credit score. Please try again later."
        )
        self.cause = cause


class Scores(Protocol):
    source: str

    def credit_score(self, customer_id: str, visit: Visit) -> int:
        """Raises BadCustomerId, NoRecord, Unreachable."""
        ...


class BuiltInScores:
    source = "built_in"

    def __init__(self, customers: Customers) -> None:
        self._customers = customers

    def credit_score(self, customer_id: str, visit: Visit) -> int:
        return self._customers.credit_score(customer_id)


def look_up(scores: Scores, customer_id: str, visit: Visit) -> int:
    """The score of a customer whom the visit may see. The log says which source was asked, the answer which gave it.

    Raises as `scores` does. There is no second source: a score of elsewhere would pass for the one that was asked for.
    """
    outcome: dict[str, str] = {"outcome": "broken"}
    try:
        score = scores.credit_score(customer_id, visit)
        outcome = {"outcome": "found"}
        visit.sources[SOURCE] = scores.source
        return score
    except NoRecord:
        outcome = {"outcome": "no_record"}
        raise
    except Unreachable as e:
        outcome = {"outcome": "unreachable", "cause": e.cause, "why": describe(e)}
        raise
    finally:
        visit.journal.note("credit_looked_up", source=scores.source, **outcome, trace=visit.trace)
