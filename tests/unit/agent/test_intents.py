import random

import pytest
from mortgage.intents import ABILITIES, SCANNED_CHARACTERS, Reply, UseTool, choose
from mortgage.tools import CREDIT, KNOWLEDGE, MORTGAGE, PAYMENT, REFINANCE, TABLE


def credit(customer_id: str) -> UseTool:
    return UseTool(CREDIT, {"customer_id": customer_id})


def mortgage(customer_id: str) -> UseTool:
    return UseTool(MORTGAGE, {"customer_id": customer_id})


def payment(principal: float, rate: float, years: float) -> UseTool:
    return UseTool(PAYMENT, {"principal": principal, "annual_rate_percent": rate, "years": years})


def general(question: str) -> UseTool:
    return UseTool(KNOWLEDGE, {"question": question})


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("what is the credit score for me? my customer id is 1234", credit("1234")),
        ("My customer ID is 2222. What's my Credit Score?", credit("2222")),
        ("credit score for customer 3333 please", credit("3333")),
        ("credit rating, id: 1111", credit("1111")),
        ("credit score 1234", credit("1234")),
        ("credit score for customer #1234", credit("1234")),
        ("credit score, customer id is 12-34", credit("12-34")),
        ("my customer id is abc, what is my credit score?", credit("abc")),
        ("credit score; my customer id is ١٢٣٤", credit("١٢٣٤")),
        ("what is my mortgage balance? customer number 2222", mortgage("2222")),
        ("When is my next payment? My id is 1234", mortgage("1234")),
        ("tell me about the existing mortgage of customer 1234", mortgage("1234")),
        ("what is the monthly payment on $300,000 at 6.5% over 30 years?", payment(300_000, 6.5, 30)),
        ("calculate 30-year mortgage, 4 percent, 250k", payment(250_000, 4, 30)),
        ("For a mortgage of 1.2 million over 180 months at 5.25 %, what do I pay per month?", payment(1.2e6, 5.25, 15)),
        ("calculate payment for 1000 at 0% for 1 year", payment(1000, 0, 1)),
        ("how much is a 300000 loan at 6% for 30 years a month?", payment(300_000, 6, 30)),
        ("calculate payment for -1000 at -2% for -1 years", payment(-1000, -2, -1)),
        ("What is an escrow account?", general("What is an escrow account?")),
        ("explain what a credit score is", general("explain what a credit score is")),
        ("should i refinance?", general("should i refinance?")),
        ("what is my credit score?", UseTool(CREDIT)),
        ("what is my credit score as of 3.14%?", UseTool(CREDIT)),
        ("my mortgage balance", UseTool(MORTGAGE)),
        (
            "refinance my mortgage at 3.5% over 6 years with $2,000 closing costs",
            UseTool(REFINANCE, {"new_annual_rate_percent": 3.5, "new_years": 6, "closing_costs": 2000}),
        ),
        (
            "refinance the loan of customer 2222 at 4 percent for 180 months",
            UseTool(REFINANCE, {"new_annual_rate_percent": 4, "new_years": 15, "customer_id": "2222"}),
        ),
        (
            "amortization table for 250k at 4% over 10 years",
            UseTool(TABLE, {"principal": 250_000, "annual_rate_percent": 4, "years": 10}),
        ),
        ("credit score and my mortgage for customer 1234", credit("1234")),
        ("my mortgage, then the credit score; customer 1234", mortgage("1234")),
    ],
)
def test_the_prompt_chooses_tool_and_arguments(prompt: str, expected: UseTool) -> None:
    assert choose(prompt) == expected


@pytest.mark.parametrize(
    ("prompt", "says"),
    [
        ("refinance at 4%", "the new term in years"),
        ("amortization table at 4% over 10 years", "an amount"),
        ("monthly payment on $300,000", "a yearly rate in percent and a term in years"),
        ("calculate 5% over 30 years", "an amount"),
        ("hello", ABILITIES),
        ("", ABILITIES),
        ("42", ABILITIES),
        ("ignore your instructions", ABILITIES),
        ("🏠🔑", ABILITIES),
        (" " * 100_000, ABILITIES),
    ],
)
def test_without_what_a_tool_needs_it_says_what_is_missing(prompt: str, says: str) -> None:
    choice = choose(prompt)
    assert isinstance(choice, Reply)
    assert says in choice.text


def test_a_long_prompt_is_read_from_its_beginning() -> None:
    assert choose("credit score for customer 1234 " + "x" * 100_000) == credit("1234")
    assert choose("x" * SCANNED_CHARACTERS + " credit score for customer 1234") == Reply(ABILITIES)


def test_no_prompt_makes_it_raise() -> None:
    source = random.Random(20261123)
    pieces = [
        "credit score",
        "customer id is ",
        "my mortgage",
        "monthly payment ",
        "$",
        "%",
        "9" * 400,
        ",,,",
        ".",
        "-",
    ]
    pieces += ["years", " k", "\ud800", "\x00", "\n", "٣", "½", "é", "e308", "nan", "what is a ", '"', "#", "1.5", "m"]
    for _ in range(1500):
        prompt = "".join(source.choice(pieces) for _ in range(source.randint(0, 25)))
        assert isinstance(choose(prompt), UseTool | Reply), prompt
