"""The assistant's tools: plain functions on given data, wrapped for Strands.

Each returns facts as JSON, or a refusal as text with status "error"; the model does the wording.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from strands import tool
from strands.types.tools import AgentTool

from mortgage.customers import BadCustomerId, Customers, NoRecord
from mortgage.knowledge import Knowledge
from mortgage.payments import BadLoan, monthly_payment

GENERAL = "answer_general_mortgage_question"
MORTGAGE = "get_existing_mortgage"
PAYMENT = "calculate_monthly_payment"
CREDIT = "get_credit_score"

ToolAnswer = dict[str, Any]


def build_tools(customers: Customers, knowledge: Knowledge) -> list[AgentTool]:
    """The four tools, bound to their data."""

    @tool(name=GENERAL)
    def answer_general_mortgage_question(question: str) -> ToolAnswer:
        """Look a general mortgage question up in the knowledge base. Cite the returned topic in the answer.

        Args:
            question: The customer's question in full.
        """
        topic = knowledge.find(question)
        if topic is None:
            return refusal(f"The knowledge base has nothing on that. It covers: {'; '.join(knowledge.titles)}.")
        return facts({"topic": topic.topic, "text": topic.text})

    @tool(name=MORTGAGE)
    def get_existing_mortgage(customer_id: str) -> ToolAnswer:
        """Look up a customer's existing mortgage: balance, rate, maturity and the next payment.

        Args:
            customer_id: The customer's id, digits only, exactly as the customer gave it.
        """
        try:
            return facts({"customer_id": customer_id, **asdict(customers.mortgage(customer_id))})
        except (BadCustomerId, NoRecord) as e:
            return refusal(str(e))

    @tool(name=PAYMENT)
    def calculate_monthly_payment(principal: float, annual_rate_percent: float, years: float) -> ToolAnswer:
        """Calculate the monthly payment of a fixed-rate mortgage that is paid off in equal payments.

        Args:
            principal: Amount borrowed.
            annual_rate_percent: Yearly interest rate in percent, such as 6.5; 0 is allowed.
            years: Term in years; a fraction is allowed.
        """
        try:
            payment = monthly_payment(principal, annual_rate_percent, years)
        except BadLoan as e:
            return refusal(f"That loan cannot be calculated: {e}.")
        return facts(
            {
                "principal": principal,
                "annual_rate_percent": annual_rate_percent,
                "months": payment.months,
                "monthly_payment": str(payment.monthly),
                "total_paid": str(payment.total_paid),
                "total_interest": str(payment.total_interest),
            }
        )

    @tool(name=CREDIT)
    def get_credit_score(customer_id: str) -> ToolAnswer:
        """Look up a customer's credit score, a number from 300 to 850.

        Args:
            customer_id: The customer's id, digits only, exactly as the customer gave it.
        """
        try:
            return facts({"customer_id": customer_id, "credit_score": customers.credit_score(customer_id)})
        except (BadCustomerId, NoRecord) as e:
            return refusal(str(e))

    return [
        answer_general_mortgage_question,
        get_existing_mortgage,
        calculate_monthly_payment,
        get_credit_score,
    ]


def facts(values: Mapping[str, object]) -> ToolAnswer:
    return {"status": "success", "content": [{"json": dict(values)}]}


def refusal(text: str) -> ToolAnswer:
    return {"status": "error", "content": [{"text": text}]}
