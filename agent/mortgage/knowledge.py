"""The knowledge base: short texts on mortgage topics, found by their keywords."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

KNOWLEDGE_FILE = Path(__file__).parent / "data" / "knowledge.json"


@dataclass(frozen=True, slots=True)
class Topic:
    topic: str
    keywords: tuple[str, ...]
    text: str


class Knowledge:
    """Finds the topic whose keywords cover most of a question."""

    def __init__(self, topics: list[Topic]) -> None:
        self._topics = [
            (
                topic,
                re.compile(r"(?<!\w)(?:" + "|".join(_longest_first(topic.keywords)) + r")(?!\w)", re.IGNORECASE),
            )
            for topic in topics
        ]

    @property
    def titles(self) -> list[str]:
        return [topic.topic for topic, _ in self._topics]

    def find(self, question: str) -> Topic | None:
        """The best topic, or None where the knowledge base has nothing. A tie goes to the earlier topic,
        so that the general ones at the end of the file answer only what no other topic does."""
        best: tuple[int, Topic] | None = None
        for topic, pattern in self._topics:
            score = len({match.group().lower() for match in pattern.finditer(question)})
            if score and (best is None or score > best[0]):
                best = (score, topic)
        return best[1] if best else None


def load_knowledge(path: Path = KNOWLEDGE_FILE) -> Knowledge:
    """Read {"topics": [{"topic": str, "keywords": [str], "text": str}]}."""
    raw = json.loads(path.read_text(encoding="utf-8"))["topics"]
    return Knowledge([Topic(entry["topic"], tuple(entry["keywords"]), entry["text"]) for entry in raw])


def _longest_first(keywords: tuple[str, ...]) -> list[str]:
    return [re.escape(keyword) for keyword in sorted(keywords, key=len, reverse=True)]
