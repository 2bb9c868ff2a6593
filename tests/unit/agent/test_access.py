from typing import Any

import pytest
from mortgage.access import Access, Anyone, Denied, Nobody, NoCustomerNamed, Own, access_of, customer_for

from tests.fakes.agent import ANN, BOB, CUSTOMERS, bearer, machine

BOTH = "agent/invoke agent/act-for-customers"


@pytest.mark.parametrize(
    ("header", "access"),
    [
        pytest.param(bearer(sub=ANN), Own("1234"), id="ann"),
        pytest.param(bearer(sub=BOB), Own("2222"), id="bob"),
        pytest.param(bearer(sub=BOB, username=ANN), Own("2222"), id="a-user-name-is-no-subject"),
        pytest.param(bearer(sub="stranger"), Nobody(), id="a-person-who-is-no-customer"),
        pytest.param(bearer(sub=ANN, scope=BOTH), Own("1234"), id="a-person-with-the-machines-scope"),
        pytest.param(bearer(sub="stranger", scope=BOTH), Nobody(), id="a-stranger-with-the-machines-scope"),
        pytest.param(bearer(sub="user-app", scope=BOTH), Nobody(), id="a-person-called-as-the-client"),
        pytest.param(machine(), Nobody(), id="a-machine-without-the-scope"),
        pytest.param(machine(BOTH), Anyone(), id="a-machine-with-the-scope"),
        pytest.param(machine("agent/act-for-customers"), Anyone(), id="the-scope-alone"),
        pytest.param(machine("agent/act-for-customers-more"), Nobody(), id="a-longer-scope"),
        pytest.param(machine("other/agent/act-for-customers"), Nobody(), id="a-scope-of-another-server"),
        pytest.param(machine("AGENT/ACT-FOR-CUSTOMERS"), Nobody(), id="a-scope-in-capitals"),
        pytest.param(machine("agent/invoke,agent/act-for-customers"), Nobody(), id="commas"),
        pytest.param(machine(None), Nobody(), id="no-scope"),
        pytest.param(
            bearer(sub="m", client_id="m", username="", scope=["agent/act-for-customers"]), Nobody(), id="list"
        ),
        pytest.param(bearer(sub="m", client_id="m", username=None, scope=BOTH, iss=None), Nobody(), id="no-issuer"),
        pytest.param(None, Nobody(), id="no-token"),
        pytest.param("Bearer garbage", Nobody(), id="garbage"),
        pytest.param("", Nobody(), id="empty"),
    ],
)
def test_claims_alone_say_whose_records_may_be_seen(header: str | None, access: Access) -> None:
    assert access_of(header, CUSTOMERS) == access


@pytest.mark.parametrize("claims", [{"sub": 7}, {"sub": ["x"]}, {"sub": {}}, {"sub": None, "client_id": 1}], ids=repr)
def test_odd_claims_are_nobody(claims: dict[str, Any]) -> None:
    assert access_of(bearer(**claims), CUSTOMERS) == Nobody()


def test_without_customers_everybody_is_nobody() -> None:
    assert access_of(bearer(sub=ANN), {}) == Nobody()


def test_one_sees_ones_own_and_may_name_oneself() -> None:
    assert customer_for(Own("1"), None) == customer_for(Own("1"), "1") == "1"


@pytest.mark.parametrize(("access", "named"), [(Own("1"), "2"), (Own("1"), ""), (Nobody(), "1"), (Nobody(), None)])
def test_anything_else_is_denied(access: Access, named: str | None) -> None:
    with pytest.raises(Denied):
        customer_for(access, named)


def test_who_sees_anyone_must_say_whom() -> None:
    assert customer_for(Anyone(), "2") == "2"
    with pytest.raises(NoCustomerNamed):
        customer_for(Anyone(), None)
