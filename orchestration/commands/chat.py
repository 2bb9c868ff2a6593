"""A conversation in the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from orchestration.console import Console
from orchestration.errors import OrchestrationError

PROMPT = "> "


@dataclass(frozen=True, slots=True)
class Chat:
    """`read_line` gives one line, raises EOFError at the end of input. One failed answer does not end the chat."""

    ask: Callable[[str], Iterator[str]]
    console: Console
    read_line: Callable[[], str]
    session_id: str

    def run(self) -> None:
        self.console.note(f"session {self.session_id}; Ctrl-C stops an answer, Ctrl-D ends")
        while True:
            try:
                question = self.read_line().strip()
            except (EOFError, KeyboardInterrupt) as e:
                if isinstance(e, KeyboardInterrupt) and e.args:
                    raise  # the process was told to end
                self.console.piece("\n")
                return
            if question:
                self._answer(question)

    def _answer(self, question: str) -> None:
        pieces = self.ask(question)
        try:
            for piece in pieces:
                self.console.piece(piece)
            self.console.piece("\n")
        except KeyboardInterrupt as e:
            if e.args:
                raise  # the process was told to end, not the answer
            self.console.piece(" [stopped]\n")
        except OrchestrationError as e:
            self.console.error(e)
        finally:
            close = getattr(pieces, "close", None)  # hanging up is how the agent learns that nobody reads
            if close:
                close()
