import io
import json
from typing import Any

import pytest
from mortgage import tools
from mortgage.access import Access, Anyone, Nobody, Own
from mortgage.customers import DEMO_SCORES, load_customers
from mortgage.knowledge import load_knowledge
from mortgage.payments import monthly_payment
from mortgage.scores import BuiltInScores
from strands import ToolContext

from tests.fakes.agent import lines, visit

CUSTOMERS = load_customers()
MADE = [
    *tools.build_knowledge_tools(load_knowledge()),
    *tools.build_mortgage_tools(CUSTOMERS),
    *tools.build_credit_tools(BuiltInScores(CUSTOMERS)),
]
TOOLS: dict[str, Any] = {t.tool_name: t for t in MADE}
NEW_LOAN = {"new_annual_rate_percent": 3.5, "new_years": 6}
OF_CUSTOMERS: dict[str, dict[str, Any]] = {tools.CREDIT: {}, tools.MORTGAGE: {}, tools.REFINANCE: NEW_LOAN}


def use(name: str, access: Access, log: io.StringIO | None = None, **arguments: Any) -> Any:
    context = context_of(name, visit(access, log).state)
    return TOOLS[name](tool_context=context, **OF_CUSTOMERS[name], **arguments)


def context_of(name: str, state: dict[str, Any]) -> Any:
    nobody: Any = None
    return ToolContext(tool_use={"toolUseId": "t", "name": name, "input": {}}, agent=nobody, invocation_state=state)


def test_each_demo_customer_has_a_score_of_their_own() -> None:
    raw = json.loads(DEMO_SCORES.read_text())["scores"]
    scores = {id_: use(tools.CREDIT, Own(id_))["content"][0]["json"]["credit_score"] for id_ in raw}
    assert scores == raw
    assert len(set(scores.values())) == len(scores) >= 4
    assert all(300 <= score <= 850 for score in scores.values())


def test_demo_mortgages_are_consistent_with_the_payment_arithmetic() -> None:
    for id_ in ("1234", "2222", "3333"):
        m = CUSTOMERS.mortgage(id_)
        payment = monthly_payment(m.outstanding_principal, m.annual_rate_percent, m.payments_remaining / 12)
        assert payment.monthly == m.next_payment_amount, id_


@pytest.mark.parametrize("name", OF_CUSTOMERS)
@pytest.mark.parametrize("named", [None, "", "1234", " 1234 "], ids=repr)
def test_a_customer_gets_their_own_records(name: str, named: str | None) -> None:
    answer = use(name, Own("1234"), customer_id=named)
    assert answer["status"] == "success"
    assert answer["content"][0]["json"]["customer_id"] == "1234"


@pytest.mark.parametrize("name", OF_CUSTOMERS)
@pytest.mark.parametrize("named", ["2222", "9999", "12345", "1234 OR 1=1", "١٢٣٤", "1234\x00", "1234,2222", "*"])
def test_nobody_elses_records_are_read_and_whether_they_exist_is_not_said(name: str, named: str) -> None:
    log = io.StringIO()
    answer = use(name, Own("1234"), log, customer_id=named)
    assert answer == {"status": "error", "content": [{"text": "I can look up your own records only."}]}
    (line,) = lines(log, "access_denied")
    assert line["tool"] == name
    assert named not in log.getvalue()


@pytest.mark.parametrize("name", OF_CUSTOMERS)
@pytest.mark.parametrize("named", [None, "1234"])
def test_who_is_no_customer_gets_no_records(name: str, named: str | None) -> None:
    log = io.StringIO()
    answer = use(name, Nobody(), log, customer_id=named)
    assert answer["status"] == "error"
    assert "do not know you as a customer" in answer["content"][0]["text"]
    assert len(lines(log, "access_denied")) == 1


@pytest.mark.parametrize("name", OF_CUSTOMERS)
def test_who_may_act_for_customers_names_one(name: str) -> None:
    assert use(name, Anyone(), customer_id="2222")["content"][0]["json"]["customer_id"] == "2222"
    assert "name the customer" in use(name, Anyone())["content"][0]["text"]


@pytest.mark.parametrize("name", OF_CUSTOMERS)
@pytest.mark.parametrize(
    ("customer_id", "says"),
    [
        pytest.param("9999", "no record of customer 9999", id="unknown"),
        pytest.param("12a4", "1 to 12 digits", id="letters"),
        pytest.param("١٢٣٤", "1 to 12 digits", id="other-digits"),
        pytest.param("1" * 13, "1 to 12 digits", id="too-long"),
        pytest.param("../1234", "1 to 12 digits", id="path"),
        pytest.param("1234' OR '1'='1", "1 to 12 digits", id="sql"),
    ],
)
def test_an_id_without_a_record_is_refused(name: str, customer_id: str, says: str) -> None:
    answer = use(name, Anyone(), customer_id=customer_id)
    assert answer["status"] == "error"
    assert says in answer["content"][0]["text"]


def test_a_customer_without_a_mortgage_is_told_so() -> None:
    assert use(tools.MORTGAGE, Own("1111"))["content"][0]["text"] == "Customer 1111 has no mortgage with us."


def test_without_a_visit_a_tool_reads_nothing() -> None:
    with pytest.raises(KeyError):
        TOOLS[tools.CREDIT](tool_context=context_of(tools.CREDIT, {}), customer_id="1234")


def test_the_database_cannot_be_written_to() -> None:
    with pytest.raises(Exception, match="readonly"):
        load_customers()._database.execute("DELETE FROM customer")


def test_a_general_question_is_answered_with_its_source() -> None:
    found = TOOLS[tools.KNOWLEDGE](question="What is PMI?")["content"][0]["json"]["articles"]
    assert [article["source"] for article in found] == ["Private mortgage insurance (PMI)"]
    assert "20 percent down" in found[0]["text"]


def test_a_question_outside_the_knowledge_base_is_not_answered_and_its_topics_are_told() -> None:
    answer = TOOLS[tools.KNOWLEDGE](question="who won the world cup?")
    assert answer["status"] == "error"
    assert answer["content"][0]["text"].startswith("I don't know")
    assert "Escrow accounts" in answer["content"][0]["text"]


@pytest.mark.parametrize("name", [tools.PAYMENT, tools.TABLE])
def test_a_bad_loan_is_refused(name: str) -> None:
    answer = TOOLS[name](principal=-5, annual_rate_percent=3, years=10)
    assert answer["status"] == "error"
    assert "principal is -5" in answer["content"][0]["text"]


def test_amounts_leave_as_text_so_that_none_is_rounded_on_the_way() -> None:
    answer = use(tools.MORTGAGE, Own("2222"))["content"][0]["json"]
    assert answer["next_payment_amount"] == "2075.24"
