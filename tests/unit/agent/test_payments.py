from decimal import Decimal

import pytest
from mortgage.payments import BadLoan, amortization, monthly_payment, refinance


@pytest.mark.parametrize(
    ("principal", "rate", "years", "monthly", "months"),
    [
        pytest.param(300_000, 6.5, 30, "1896.20", 360, id="thirty-years"),
        pytest.param(150_000, 4.5, 6, "2381.10", 72, id="six-years"),
        pytest.param(100_000, 12, 1, "8884.88", 12, id="one-percent-a-month"),
        pytest.param(120_000, 0, 10, "1000.00", 120, id="zero-rate"),
        pytest.param(100, 0, 0.25, "33.33", 3, id="fraction-of-a-year"),
        pytest.param(1000, 1e-300, 1, "83.33", 12, id="vanishing-rate"),
        pytest.param(1e9, 50, 50, "41666666.67", 600, id="upper-bounds"),
    ],
)
def test_payment(principal: float, rate: float, years: float, monthly: str, months: int) -> None:
    payment = monthly_payment(principal, rate, years)
    assert (payment.monthly, payment.months) == (Decimal(monthly), months)


def test_payments_repay_the_loan_to_the_cent() -> None:
    payment = monthly_payment(250_000, 5.25, 15)
    balance = Decimal(250_000)
    for _ in range(payment.months):
        balance += balance * Decimal("5.25") / 1200 - payment.total_paid / payment.months
    assert abs(balance) < Decimal("0.05")
    assert payment.total_interest == payment.total_paid - 250_000


@pytest.mark.parametrize(
    ("principal", "rate", "years", "named"),
    [
        pytest.param(0, 5, 30, ["principal"], id="no-principal"),
        pytest.param(-1, 5, 30, ["principal"], id="negative-principal"),
        pytest.param(2e9, 5, 30, ["principal"], id="principal-too-large"),
        pytest.param(float("nan"), 5, 30, ["principal"], id="principal-nan"),
        pytest.param(True, 5, 30, ["principal"], id="principal-is-a-boolean"),
        pytest.param("1", 5, 30, ["principal"], id="principal-is-text"),
        pytest.param(1000, -0.1, 30, ["annual_rate_percent"], id="negative-rate"),
        pytest.param(1000, 50.1, 30, ["annual_rate_percent"], id="rate-too-high"),
        pytest.param(1000, float("inf"), 30, ["annual_rate_percent"], id="rate-infinite"),
        pytest.param(1000, 5, 0, ["years"], id="no-term"),
        pytest.param(1000, 5, 0.01, ["years"], id="less-than-a-month"),
        pytest.param(1000, 5, 51, ["years"], id="term-too-long"),
        pytest.param(10**5000, 5, float("-inf"), ["principal", "years"], id="two-faults-at-once"),
    ],
)
def test_bad_figures_are_refused_by_name(principal: float, rate: float, years: float, named: list[str]) -> None:
    with pytest.raises(BadLoan) as refused:
        monthly_payment(principal, rate, years)
    names = ("principal", "annual_rate_percent", "years")
    assert [name for name in names if name in str(refused.value)] == named
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("principal", "rate", "years"),
    [(300_000, 6.5, 30), (100, 0, 0.25), (0.01, 5, 1), (1e9, 50, 50), (1000, 5, 1.5)],
    ids=repr,
)
def test_a_table_repays_the_loan_exactly(principal: float, rate: float, years: float) -> None:
    table = amortization(principal, rate, years)
    assert sum(year.principal for year in table) == Decimal(str(principal)).quantize(Decimal("0.01"))
    assert table[-1].balance == 0
    assert [year.year for year in table] == list(range(1, len(table) + 1))


def test_a_table_has_the_figures_of_the_textbook() -> None:
    first, second = amortization(1000, 5, 2)
    assert (first.interest, first.principal, first.balance) == (Decimal("38.92"), Decimal("487.52"), Decimal("512.48"))
    assert (second.interest, second.principal) == (Decimal("13.98"), Decimal("512.48"))


@pytest.mark.parametrize(
    ("new_rate", "new_years", "costs", "saving", "months"),
    [
        pytest.param(3.5, 6, 2000, "68.34", 30, id="pays-after-30-months"),
        pytest.param(3.5, 6, 0, "68.34", 0, id="free-of-cost"),
        pytest.param(3.5, 6, 4920, "68.34", 72, id="pays-with-the-last-payment"),
        pytest.param(3.5, 6, 4921, "68.34", None, id="never-pays"),
        pytest.param(5.5, 6, 2000, "-69.58", None, id="dearer"),
        pytest.param(4.5, 6, 2000, "0.00", None, id="the-same"),
    ],
)
def test_refinancing_breaks_even_when_the_savings_have_paid_the_costs(
    new_rate: float, new_years: float, costs: float, saving: str, months: int | None
) -> None:
    found = refinance(Decimal(150_000), Decimal("4.5"), 72, new_rate, new_years, costs)
    assert (found.monthly_saving, found.months_to_break_even) == (Decimal(saving), months)


def test_a_longer_loan_can_lower_the_payment_and_cost_more() -> None:
    found = refinance(Decimal(150_000), Decimal("4.5"), 72, 4.0, 15, 0)
    assert found.monthly_saving > 0
    assert found.interest_saving < 0


@pytest.mark.parametrize("costs", [-1, float("nan"), True, 1e9])
def test_costs_must_be_a_sum_of_money(costs: float) -> None:
    with pytest.raises(BadLoan, match="closing_costs"):
        refinance(Decimal(150_000), Decimal("4.5"), 72, 3.5, 6, costs)
