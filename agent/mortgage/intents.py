"""Which tool a prompt asks for, by patterns. This is the scripted model's whole understanding.

The patterns are linear and look at the beginning of the prompt only, so that no prompt can be expensive.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from mortgage import tools

SCANNED_CHARACTERS = 4_000

ABILITIES = (
    "I can answer general mortgage questions, look up your existing mortgage or your credit score, work out what "
    "refinancing it would bring, and calculate a monthly payment or an amortization table from an amount, a yearly "
    'rate and a term. For example: "What is an escrow account?", "What is my credit score?", '
    '"Refinance my mortgage at 3.9% over 6 years with $2,000 closing costs", '
    '"What is the monthly payment on $300,000 at 6.5% over 30 years?"'
)


@dataclass(frozen=True, slots=True)
class UseTool:
    name: str
    arguments: dict[str, str | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    text: str


Choice = UseTool | Reply

_CREDIT = re.compile(r"\bcredit[\s-]{0,3}(?:scores?|ratings?|checks?|worthiness)\b|\bcreditworthiness\b", re.I)
_MORTGAGE = re.compile(
    r"\b(?:my|existing|current)\s(?:home\s)?(?:mortgage|loan)\b"
    r"|\b(?:mortgage|loan)\s(?:details|balance|status)\b"
    r"|\b(?:remaining|outstanding)\s(?:balance|principal|payments?)\b|\bpayments?\s(?:left|remaining)\b"
    r"|\bnext\s(?:mortgage\s)?payment\b|\bmaturity\b"
    r"|\b(?:mortgage|loan)\s(?:of|for)\s(?:customer|client)\b",
    re.I,
)
_REFINANCE = re.compile(r"\b(?:refinanc\w{0,3}|refi)\b", re.I)
_TABLE = re.compile(r"\bamorti[sz]ation\s(?:table|schedule)\b|\brepayment\s(?:table|schedule|plan)\b", re.I)
_PAYMENT = re.compile(
    r"\bmonthly\s(?:mortgage\s|loan\s)?(?:payments?|repayments?|instal?lments?)\b|\bcalculat(?:e|or|ion)\b"
    r"|\b(?:payments?|repayments?|pay)\s(?:on|for|per\smonth|a\smonth|each\smonth|monthly)\b"
    r"|\bhow\smuch\swould\si\spay\b",
    re.I,
)
_GENERAL = re.compile(
    r"\b(?:mortgages?|home\sloans?|refinanc\w{0,3}|refi|escrow|pmi|down\s?payments?|closing\s(?:costs?|fees)|apr|dti"
    r"|interest\srates?|points|amorti[sz]\w{0,5}|pre-?approv\w{0,3}|pre-?quali\w{0,8}|heloc|equity|foreclosure"
    r"|forbearance|adjustable(?:-rate)?|fixed(?:-rate)?|arm|debt[\s-]to[\s-]income|afford\w{0,7}|credit\shistory)\b",
    re.I,
)
_EXPLAIN = re.compile(
    r"\bwhat(?:'s|\sis)\san?\b|\bwhat\s(?:are|does)\b|\bexplain\b|\bhow\sdo(?:es)?\b|\bwhy\b|\bshould\si\b"
    r"|\bdifference\b|\bmeans?\b",
    re.I,
)
_LABELLED_ID = re.compile(
    r"\b(?:customer|client)?[\s_-]?(?:id|number|no\.?)(?:\s?(?:is|=|:|#)\s?|\s)[\"'`]?([\w-]{1,64})"
    r"|\b(?:customer|client)\s[\"'#]?([\w-]{0,64}[0-9][\w-]{0,64})",
    re.I,
)
_LABELLED_CUSTOMER = re.compile(r"\b(?:customer|client)(?:\sid(?:\sis)?)?\s[\"'#]?([0-9][\w-]{0,64})", re.I)
_BARE_ID = re.compile(r"(?<![\w.,$%-])([0-9]{3,64})(?![\w%]|[.,][0-9])")
_RATE = re.compile(r"(-?[0-9]{1,12}(?:\.[0-9]{1,12})?)\s?(?:%|percent\b|per\scent\b)", re.I)
_TERM = re.compile(r"(-?[0-9]{1,12}(?:\.[0-9]{1,12})?)[\s-]?(years?|yrs?|months?)\b", re.I)
_AMOUNT = re.compile(r"(?<![\w.,])([$€£]?)\s?(-?[0-9][0-9,]{0,30}(?:\.[0-9]{1,12})?)\s?(k|m|thousand|million)?\b", re.I)
_FACTORS = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6}


def choose(prompt: str) -> Choice:
    """The tool to use, or what to say instead. Of several wishes the first in the text wins; a general
    question counts only where nothing more specific is asked. Never raises."""
    text = " ".join(prompt[:SCANNED_CHARACTERS].split())
    if _REFINANCE.search(text) and _RATE.search(text):
        return _refinance(text)
    if _TABLE.search(text) and _RATE.search(text):
        return _loan(text, tools.TABLE, "an amortization table")
    wishes: list[tuple[int, Callable[[str], Choice]]] = [
        (match.start(), handle)
        for pattern, handle in ((_CREDIT, _credit), (_MORTGAGE, _mortgage), (_PAYMENT, _payment))
        if (match := pattern.search(text))
    ]
    if wishes:
        return min(wishes, key=lambda wish: wish[0])[1](text)
    if _RATE.search(text) and _TERM.search(text):
        return _payment(text)  # a rate and a term are a sum to do, whatever the words
    return _general(text) if _GENERAL.search(text) else Reply(ABILITIES)


def _credit(text: str) -> Choice:
    return _by_customer(text, tools.CREDIT)


def _mortgage(text: str) -> Choice:
    return _by_customer(text, tools.MORTGAGE)


def _general(text: str) -> Choice:
    return UseTool(tools.KNOWLEDGE, {"question": text})


def _by_customer(text: str, tool: str) -> Choice:
    """With the customer that the text names, or else the caller, whom the tool knows."""
    customer_id = _customer_id(text)
    if customer_id is not None:
        return UseTool(tool, {"customer_id": customer_id})
    return _general(text) if _EXPLAIN.search(text) else UseTool(tool)


def _refinance(text: str) -> Choice:
    rate, term = _RATE.search(text), _TERM.search(text)
    if rate is None or term is None:
        return Reply("To compare a refinancing I also need the new term in years.")
    figures: dict[str, str | float] = {"new_annual_rate_percent": float(rate.group(1)), "new_years": _years(term)}
    if (costs := next((match for match in _AMOUNT.finditer(text) if match.group(1)), None)) is not None:
        figures["closing_costs"] = _money(costs)
    named = _LABELLED_CUSTOMER.search(text)
    return UseTool(tools.REFINANCE, figures | ({"customer_id": named.group(1)} if named else {}))


def _customer_id(text: str) -> str | None:
    """The id as written, digits or not: judging it is the tool's work. None if the text holds none."""
    for match in _LABELLED_ID.finditer(text):
        if any(character.isdigit() for character in match.group()) or re.search(r"(?:is|=|:)\s?", match.group()):
            return match.group(1) or match.group(2)
    bare = _BARE_ID.search(text)
    return bare.group(1) if bare else None


def _payment(text: str) -> Choice:
    return _loan(text, tools.PAYMENT, "a monthly payment")


def _loan(text: str, tool: str, subject: str) -> Choice:
    rate, term = _RATE.search(text), _TERM.search(text)
    amount = _amount(text, rate, term)
    if not (rate or term or amount is not None) and _EXPLAIN.search(text):
        return _general(text)
    found = {"an amount": amount, "a yearly rate in percent": rate, "a term in years": term}
    if missing := [name for name, value in found.items() if value is None]:
        return Reply(f"To calculate {subject} I also need {' and '.join(missing)}.")
    assert amount is not None and rate and term  # noqa: S101 - for the type checker: nothing is missing here
    return UseTool(tool, {"principal": amount, "annual_rate_percent": float(rate.group(1)), "years": _years(term)})


def _amount(text: str, rate: re.Match[str] | None, term: re.Match[str] | None) -> float | None:
    """The sum of money in the text: the first with a currency's sign, or else the first number left over."""
    taken = [match.span() for match in (rate, term) if match]
    amounts = [
        match
        for match in _AMOUNT.finditer(text)
        if not any(start < match.end() and match.start() < end for start, end in taken)
    ]
    amount = next((match for match in amounts if match.group(1)), amounts[0] if amounts else None)
    return None if amount is None else _money(amount)


def _money(amount: re.Match[str]) -> float:
    return float(amount.group(2).replace(",", "")) * _FACTORS.get((amount.group(3) or "").lower(), 1.0)


def _years(term: re.Match[str]) -> float:
    length = float(term.group(1))
    return length / 12 if term.group(2).lower().startswith("month") else length
