import pytest
from mortgage.knowledge import ARTICLES, load_knowledge

KNOWLEDGE = load_knowledge()


def sources(question: str) -> list[str]:
    return [title for title, _ in KNOWLEDGE.find(question)]


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("What is PMI?", "Private mortgage insurance (PMI)"),
        ("should i refinance my mortgage", "Refinancing"),
        ("Refinanced twice, does it pay?", "Refinancing"),
        ("fixed or adjustable rate?", "Fixed-rate and adjustable-rate mortgages"),
        ("what is a mortgage", "What a mortgage is"),
        ("what is the charm of a farm mortgage", "What a mortgage is"),
        ("what happens if I can't pay?", "Trouble making payments"),
        ("how much house can I afford", "Debt-to-income ratio"),
        ("what's a HELOC", "Home equity loans and lines of credit"),
    ],
)
def test_a_question_finds_its_article_first(question: str, source: str) -> None:
    assert sources(question)[0] == source


def test_a_question_about_two_things_finds_both() -> None:
    assert sources("difference between pmi and escrow") == ["Private mortgage insurance (PMI)", "Escrow accounts"]


@pytest.mark.parametrize(
    "question",
    ["who won the world cup?", "what is it?", "", "🏠", '" OR 1 NEAR(', "title:", "the weather in December", "*"],
)
def test_where_nothing_fits_nothing_is_found(question: str) -> None:
    assert sources(question) == []


def test_a_word_that_is_only_in_some_text_is_no_answer() -> None:
    assert any("yearly" in article.read_text() for article in ARTICLES.glob("*.md"))
    assert sources("my yearly holidays") == []


def test_a_very_long_question_is_still_answered() -> None:
    assert sources("escrow " + "word " * 5000) == ["Escrow accounts"]


def test_every_article_has_a_title_keywords_and_text() -> None:
    assert len(KNOWLEDGE.titles) == len(set(KNOWLEDGE.titles)) >= 12
    for title in KNOWLEDGE.titles:
        assert title in sources(title), title
