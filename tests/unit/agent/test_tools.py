import json
from typing import Any

import pytest
from mortgage import tools
from mortgage.customers import DEMO_CUSTOMERS, load_customers
from mortgage.knowledge import load_knowledge
from mortgage.payments import monthly_payment

TOOLS: dict[str, Any] = {t.tool_name: t for t in tools.build_tools(load_customers(), load_knowledge())}


def test_each_demo_customer_has_a_score_of_their_own() -> None:
    raw = json.loads(DEMO_CUSTOMERS.read_text())["customers"]
    scores = {id_: TOOLS[tools.CREDIT](customer_id=id_)["content"][0]["json"]["credit_score"] for id_ in raw}
    assert scores == {id_: entry["credit_score"] for id_, entry in raw.items()}
    assert len(set(scores.values())) == len(scores) >= 4
    assert all(300 <= score <= 850 for score in scores.values())


def test_demo_mortgages_are_consistent_with_the_payment_arithmetic() -> None:
    for id_ in ("1234", "2222", "3333"):
        m = load_customers().mortgage(id_)
        payment = monthly_payment(m.outstanding_principal, m.annual_rate_percent, m.payments_remaining / 12)
        assert str(payment.monthly) == f"{m.next_payment_amount:.2f}", id_


@pytest.mark.parametrize("name", [tools.CREDIT, tools.MORTGAGE])
@pytest.mark.parametrize(
    ("customer_id", "says"),
    [
        pytest.param("9999", "no record of customer 9999", id="unknown"),
        pytest.param("", "1 to 12 digits", id="empty"),
        pytest.param("12a4", "1 to 12 digits", id="letters"),
        pytest.param("١٢٣٤", "1 to 12 digits", id="other-digits"),
        pytest.param(" 1234", "1 to 12 digits", id="space"),
        pytest.param("1" * 13, "1 to 12 digits", id="too-long"),
        pytest.param("../1234", "1 to 12 digits", id="path"),
    ],
)
def test_an_id_without_a_record_is_refused(name: str, customer_id: str, says: str) -> None:
    answer = TOOLS[name](customer_id=customer_id)
    assert answer["status"] == "error"
    assert says in answer["content"][0]["text"]


def test_a_customer_without_a_mortgage_is_told_so() -> None:
    assert TOOLS[tools.MORTGAGE](customer_id="1111")["content"][0]["text"] == ("Customer 1111 has no mortgage with us.")


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("What is PMI?", "Private mortgage insurance (PMI)"),
        ("should i refinance my mortgage", "Refinancing"),
        ("fixed or adjustable rate?", "Fixed-rate and adjustable-rate mortgages"),
        ("what is a mortgage", "What a mortgage is"),
        ("what happens if I can't pay?", "Trouble making payments"),
        ("what is the charm of a farm mortgage", "What a mortgage is"),
    ],
)
def test_general_questions_cite_their_topic(question: str, topic: str) -> None:
    assert TOOLS[tools.GENERAL](question=question)["content"][0]["json"]["topic"] == topic


def test_a_question_outside_the_knowledge_base_is_refused_with_its_topics() -> None:
    answer = TOOLS[tools.GENERAL](question="who won the world cup?")
    assert answer["status"] == "error"
    assert "Escrow accounts" in answer["content"][0]["text"]


def test_a_bad_loan_is_refused() -> None:
    answer = TOOLS[tools.PAYMENT](principal=-5, annual_rate_percent=3, years=10)
    assert answer["status"] == "error"
    assert "principal is -5" in answer["content"][0]["text"]
