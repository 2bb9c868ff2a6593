"""Payments of fixed-rate, fully amortising loans, in decimal arithmetic: level payment, table, refinancing."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, localcontext

MAX_PRINCIPAL = Decimal(1_000_000_000)
MAX_RATE_PERCENT = Decimal(50)
MAX_YEARS = Decimal(50)
MAX_COSTS = Decimal(10_000_000)
DIGITS = 60
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


@dataclass(frozen=True, slots=True)
class Year:
    """One year of an amortization table; the last one may be shorter."""

    year: int
    interest: Decimal
    principal: Decimal
    balance: Decimal
    """What is left at its end."""


@dataclass(frozen=True, slots=True)
class Refinancing:
    """A new loan for what is left of an old one; the costs are paid at once."""

    payment: Decimal
    monthly_saving: Decimal
    """Below zero when the new payment is the higher one."""
    months_to_break_even: int | None
    """Whole months until the savings have paid the costs; None: never while both loans would run."""
    interest_saving: Decimal
    """Interest of the old loan's rest less that of the new loan, costs not counted."""


@dataclass(frozen=True, slots=True)
class _Loan:
    amount: Decimal
    monthly_rate: Decimal
    months: int

    @property
    def level(self) -> Decimal:
        """principal * r / (1 - (1 + r)^-n), or principal / n at 0 %."""
        if not self.monthly_rate:
            return self.amount / self.months
        return self.amount * self.monthly_rate / (1 - (1 + self.monthly_rate) ** -self.months)


Figure = float | Decimal


def monthly_payment(principal: Figure, annual_rate_percent: Figure, years: Figure) -> Payment:
    """The level monthly payment.

    years may be a fraction, and is rounded to whole months. Totals are those of the unrounded payment.
    Raises BadLoan for anything that is not a finite number in range.
    """
    with localcontext() as context:
        context.prec = DIGITS
        loan = _loan(principal, annual_rate_percent, years)
        total = loan.level * loan.months
        return Payment(_cents(loan.level), loan.months, _cents(total), _cents(total - loan.amount))


def amortization(principal: Figure, annual_rate_percent: Figure, years: Figure) -> list[Year]:
    """The loan year by year, each payment rounded to cents as a lender does; the last one settles what is left.

    Raises BadLoan as monthly_payment does.
    """
    with localcontext() as context:
        context.prec = DIGITS
        loan = _loan(principal, annual_rate_percent, years)
        payment, balance, table = _cents(loan.level), _cents(loan.amount), list[Year]()
        for first in range(0, loan.months, 12):
            interest_paid, before = Decimal(0), balance
            for month in range(first, min(first + 12, loan.months)):
                interest = _cents(balance * loan.monthly_rate)
                last = month == loan.months - 1
                balance -= balance if last else min(payment - interest, balance)
                interest_paid += interest
            table.append(Year(first // 12 + 1, interest_paid, before - balance, balance))
        return table


def refinance(
    balance: Figure, rate_percent: Figure, months_left: int, new_rate_percent: Figure, new_years: Figure, costs: Figure
) -> Refinancing:
    """Compare what is left of a loan with a new one of the same amount. Raises BadLoan."""
    faults: list[str] = []
    paid_at_once = _figure("closing_costs", costs, MAX_COSTS, faults, zero_allowed=True)
    if faults:
        raise BadLoan("; ".join(faults))
    with localcontext() as context:
        context.prec = DIGITS
        old, new = _loan(balance, rate_percent, Decimal(months_left) / 12), _loan(balance, new_rate_percent, new_years)
        saving = _cents(old.level) - _cents(new.level)
        months = int((paid_at_once / saving).to_integral_value(ROUND_CEILING)) if saving > 0 else None
        return Refinancing(
            payment=_cents(new.level),
            monthly_saving=saving,
            months_to_break_even=months if months is not None and months <= min(old.months, new.months) else None,
            interest_saving=_cents(old.level * old.months) - _cents(new.level * new.months),
        )


def _loan(principal: Figure, annual_rate_percent: Figure, years: Figure) -> _Loan:
    """Raises BadLoan naming each bad figure."""
    faults: list[str] = []
    amount = _figure("principal", principal, MAX_PRINCIPAL, faults)
    rate = _figure("annual_rate_percent", annual_rate_percent, MAX_RATE_PERCENT, faults, zero_allowed=True)
    term = _figure("years", years, MAX_YEARS, faults)
    months = int((term * 12).quantize(Decimal(1), ROUND_HALF_UP))
    if not faults and months < 1:
        faults.append(f"years is {years}; use at least one month")
    if faults:
        raise BadLoan("; ".join(faults))
    return _Loan(amount, rate.quantize(RATE_STEP, ROUND_HALF_UP) / 1200, months)


def _figure(name: str, value: object, maximum: Decimal, faults: list[str], *, zero_allowed: bool = False) -> Decimal:
    """Return value as a Decimal, or note the fault and return zero."""
    bounds = f"{'0' if zero_allowed else 'more than 0'} to {maximum:,}"
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        faults.append(f"{name} is not a number; use {bounds}")
        return Decimal(0)
    number = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite() or number > maximum or number < 0 or (number == 0 and not zero_allowed):
        faults.append(f"{name} is {number:.10g}; use {bounds}")
        return Decimal(0)
    return number


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)
