"""The specialists' tools: plain functions on given data, wrapped for Strands.

Each returns facts as JSON, or a refusal as text with status "error"; the model does the wording. Whoever's records a
tool reads is decided by the visit (access.py), whatever customer the model names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from strands import ToolContext, tool
from strands.types.tools import AgentTool

from mortgage.access import Denied, NoCustomerNamed
from mortgage.customers import BadCustomerId, Customers, NoRecord
from mortgage.knowledge import Knowledge
from mortgage.payments import BadLoan, amortization, monthly_payment, refinance
from mortgage.scores import Scores, Unreachable, look_up
from mortgage.visit import KEY, Visit

KNOWLEDGE = "search_knowledge_base"
MORTGAGE = "get_existing_mortgage"
REFINANCE = "calculate_refinancing"
PAYMENT = "calculate_monthly_payment"
TABLE = "get_amortization_table"
CREDIT = "get_credit_score"

NOT_KNOWN = "I don't know: the knowledge base has nothing on that. It covers: {}."

ToolAnswer = dict[str, Any]


def build_knowledge_tools(knowledge: Knowledge) -> list[AgentTool]:
    @tool(name=KNOWLEDGE)
    def search_knowledge_base(question: str) -> ToolAnswer:
        """Look a general mortgage question up. Answer from the returned texts alone and name their sources.

        Args:
            question: The customer's question in full.
        """
        found = knowledge.find(question)
        if not found:
            return refusal(NOT_KNOWN.format("; ".join(knowledge.titles)))
        return facts({"articles": [{"source": title, "text": text} for title, text in found]})

    return [search_knowledge_base]


def build_mortgage_tools(customers: Customers) -> list[AgentTool]:
    @tool(name=MORTGAGE, context=True)
    def get_existing_mortgage(tool_context: ToolContext, customer_id: str | None = None) -> ToolAnswer:
        """Look up an existing mortgage: balance, rate, maturity and the next payment.

        Args:
            customer_id: The customer's id exactly as given; leave it out for the caller's own mortgage.
        """

        def read(customer: str) -> Mapping[str, object]:
            return asdict(customers.mortgage(customer))

        return _records(tool_context, MORTGAGE, customer_id, read)

    @tool(name=REFINANCE, context=True)
    def calculate_refinancing(
        tool_context: ToolContext,
        new_annual_rate_percent: float,
        new_years: float,
        closing_costs: float = 0,
        customer_id: str | None = None,
    ) -> ToolAnswer:
        """Compare an existing mortgage with a new one for the same balance: payments, break-even, interest.

        Args:
            new_annual_rate_percent: Yearly interest rate of the new loan in percent, such as 5.25.
            new_years: Term of the new loan in years.
            closing_costs: What the new loan costs at once.
            customer_id: The customer's id exactly as given; leave it out for the caller's own mortgage.
        """

        def read(customer: str) -> Mapping[str, object]:
            old = customers.mortgage(customer)
            compared = refinance(
                old.outstanding_principal,
                old.annual_rate_percent,
                old.payments_remaining,
                new_annual_rate_percent,
                new_years,
                closing_costs,
            )
            return {"balance": old.outstanding_principal, "payment_now": old.next_payment_amount, **asdict(compared)}

        return _records(tool_context, REFINANCE, customer_id, read)

    return [get_existing_mortgage, calculate_refinancing, *_calculators()]


def build_credit_tools(scores: Scores) -> list[AgentTool]:
    @tool(name=CREDIT, context=True)
    def get_credit_score(tool_context: ToolContext, customer_id: str | None = None) -> ToolAnswer:
        """Look up a credit score, a number from 300 to 850.

        Args:
            customer_id: The customer's id exactly as given; leave it out for the caller's own score.
        """

        def read(customer: str) -> Mapping[str, object]:
            return {"credit_score": look_up(scores, customer, tool_context.invocation_state[KEY])}

        return _records(tool_context, CREDIT, customer_id, read)

    return [get_credit_score]


def _calculators() -> list[AgentTool]:
    """They know no customer."""

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
            return refusal(_uncountable(e))
        return facts({"principal": principal, "annual_rate_percent": annual_rate_percent, **asdict(payment)})

    @tool(name=TABLE)
    def get_amortization_table(principal: float, annual_rate_percent: float, years: float) -> ToolAnswer:
        """List interest, principal and remaining balance of a fixed-rate mortgage, year by year.

        Args:
            principal: Amount borrowed.
            annual_rate_percent: Yearly interest rate in percent, such as 6.5; 0 is allowed.
            years: Term in years; a fraction is allowed.
        """
        try:
            table = amortization(principal, annual_rate_percent, years)
        except BadLoan as e:
            return refusal(_uncountable(e))
        return facts({"years": [asdict(year) for year in table]})

    return [calculate_monthly_payment, get_amortization_table]


def _records(
    context: ToolContext, name: str, customer_id: str | None, read: Callable[[str], Mapping[str, object]]
) -> ToolAnswer:
    """What `read` finds about the customer whose records this visit may see; without a visit nothing is read."""
    visit: Visit = context.invocation_state[KEY]
    try:
        customer = visit.customer(name, customer_id)
        return facts({"customer_id": customer, **read(customer)})
    except (Denied, NoCustomerNamed, BadCustomerId, NoRecord, Unreachable) as e:
        return refusal(str(e))
    except BadLoan as e:
        return refusal(_uncountable(e))


def _uncountable(error: BadLoan) -> str:
    return f"That loan cannot be calculated: {error}."


def facts(values: Mapping[str, object]) -> ToolAnswer:
    return {"status": "success", "content": [{"json": _plain(values)}]}


def refusal(text: str) -> ToolAnswer:
    return {"status": "error", "content": [{"text": text}]}


def _plain(value: Any) -> Any:
    """Amounts as text, which no model rounds."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Decimal) else value
