"""Payment of a fixed-rate, fully amortising loan, in exact decimal arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext

MAX_PRINCIPAL = Decimal(1_000_000_000)
MAX_RATE_PERCENT = Decimal(50)
MAX_YEARS = Decimal(50)
CENT = Decimal("0.01")
# Rates are read to a millionth of a percent: finer ones would only exhaust the digits of 1 + rate.
RATE_STEP = Decimal("0.000001")


class BadLoan(Exception):
    """The loan cannot be calculated; the message names each bad figure and the accepted range."""


@dataclass(frozen=True, slots=True)
class Payment:
    """Amounts are in the currency of the principal, rounded to cents."""

    monthly: Decimal
    months: int
    total_paid: Decimal
    total_interest: Decimal


def monthly_payment(principal: float, annual_rate_percent: float, years: float) -> Payment:
    """Level monthly payment: principal * r / (1 - (1 + r)^-n), or principal / n at 0 %.

    years may be a fraction, and is rounded to whole months. Totals are those of the unrounded payment.
    Raises BadLoan for anything that is not a finite number in range.
    """
    faults: list[str] = []
    amount = _figure("principal", principal, MAX_PRINCIPAL, faults)
    rate = _figure("annual_rate_percent", annual_rate_percent, MAX_RATE_PERCENT, faults, zero_allowed=True)
    term = _figure("years", years, MAX_YEARS, faults)
    months = int((term * 12).quantize(Decimal(1), ROUND_HALF_UP))
    if not faults and months < 1:
        faults.append(f"years is {years}; use at least one month")
    if faults:
        raise BadLoan("; ".join(faults))
    with localcontext() as context:
        context.prec = 60
        monthly_rate = rate.quantize(RATE_STEP, ROUND_HALF_UP) / 1200
        exact = amount * monthly_rate / (1 - (1 + monthly_rate) ** -months) if monthly_rate else amount / months
        total = exact * months
        return Payment(_cents(exact), months, _cents(total), _cents(total - amount))


def _figure(name: str, value: object, maximum: Decimal, faults: list[str], *, zero_allowed: bool = False) -> Decimal:
    """Return value as a Decimal, or note the fault and return zero."""
    bounds = f"{'0' if zero_allowed else 'more than 0'} to {maximum:,}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        faults.append(f"{name} is not a number; use {bounds}")
        return Decimal(0)
    number = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite() or number > maximum or number < 0 or (number == 0 and not zero_allowed):
        faults.append(f"{name} is {number:.10g}; use {bounds}")
        return Decimal(0)
    return number


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)
