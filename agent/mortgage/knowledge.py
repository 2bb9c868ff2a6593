"""The knowledge base: short articles on mortgage topics, found by SQLite's full-text index."""

from __future__ import annotations

import re
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

ARTICLES = Path(__file__).parent / "data" / "knowledge"
MAX_TERMS = 60
# A second source is worth naming only where it answers about as well as the first.
NEARLY_AS_GOOD = 0.6
# Words of questions, which some titles have too.
EMPTY_WORDS = frozenset(
    "a about am an and are as at be been but by can could did do does for from give had has have how i if in into is "
    "it its just like long make me my no not of on or our please should so some tell than that the their them there "
    "these they this to too us was we were what when where which who whom whose why will with would you your".split()
)
SCHEMA = "CREATE VIRTUAL TABLE article USING fts5(title, keywords, text, tokenize = 'porter unicode61')"
# A word that only happens to be in some text is no answer: one must be in a title or among the keywords.
SEARCH = """
SELECT title, text, bm25(article, 4.0, 8.0, 1.0) AS score FROM article
WHERE article MATCH ? ORDER BY score, rowid LIMIT 2
"""


@dataclass(frozen=True, slots=True)
class Article:
    title: str
    keywords: tuple[str, ...]
    text: str


class Knowledge:
    """Finds the articles that a question is about, from any thread."""

    def __init__(self, articles: list[Article]) -> None:
        self.titles = [article.title for article in articles]
        self._lock = threading.Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.execute(SCHEMA)
        rows = [(a.title, ", ".join(a.keywords), a.text) for a in articles]
        self._database.executemany("INSERT INTO article VALUES (?, ?, ?)", rows)
        self._database.commit()

    def find(self, question: str) -> list[tuple[str, str]]:
        """(title, text) of the best article, and of a second one that is nearly as good; nothing where the knowledge
        base has nothing."""
        words = re.findall(r"[^\W_]+", question.lower())
        terms = [word for word in dict.fromkeys(words) if word not in EMPTY_WORDS][:MAX_TERMS]
        if not terms:
            return []
        wanted = " OR ".join(f'"{term}"' for term in terms)
        with self._lock:
            rows = self._database.execute(SEARCH, (f"({{title keywords}} : ({wanted})) AND ({wanted})",)).fetchall()
        return [(title, text) for title, text, score in rows if score <= rows[0][2] * NEARLY_AS_GOOD]


def load_knowledge(folder: Path = ARTICLES) -> Knowledge:
    """Read every article of a folder: "# title", a line "Keywords: a, b", then its text."""
    return Knowledge([_article(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.md"))])


def _article(source: str) -> Article:
    title, keywords, text = source.split("\n\n", 2)
    listed = keywords.removeprefix("Keywords:").split(",")
    return Article(title.removeprefix("#").strip(), tuple(word.strip() for word in listed), " ".join(text.split()))
