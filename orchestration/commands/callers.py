"""Commands that act as a caller of the agent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from orchestration.checks.request import new_session_id
from orchestration.client import LOOK_AT_LOG, AgentClient, AgentFailed, checked_prompt, checked_session
from orchestration.commands.chat import Chat
from orchestration.commands.logs import Logs
from orchestration.report import SCHEMA_VERSION
from orchestration.settings import Settings
from orchestration.steps import Steps
from orchestration.tokens import Desk, DeskTokens, Held, Wish, claims_of

# Of the agent's log behind a failure.
LINES_SHOWN, LINE_SHOWN = 3, 200


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a client by its short name or id, and one of its users; None: the one who signed in last."""

    client: str = "user"
    username: str | None = None


@dataclass(frozen=True, slots=True)
class Callers:
    """Act as a caller of the agent."""

    steps: Steps

    def token(self, caller: Caller) -> str:
        return self._desk().take(caller.client, caller.username).access

    def login(self, wish: Wish, *, browser: bool) -> dict[str, Any]:
        """Sign in and say who that is."""
        desk = self._desk(browser=browser)
        return self._shown(desk.client_of(wish), desk.login(wish))

    def whoami(self, caller: Caller) -> dict[str, Any]:
        """What the agent's door will read in the caller's token; never the token."""
        return self._shown(caller.client, self._desk().take(caller.client, caller.username))

    def logout(self, caller: Caller) -> str:
        """Revoke and erase; says what became of the tokens."""
        held, revoked = self._desk().logout(caller.client, caller.username)
        if held is None:
            return f"nobody is signed in through {caller.client}"
        end = "revoked and erased" if revoked else "erased; nothing was revoked at the provider"
        return f"{held.username or held.client_id}: {end}. The last access token holds until its end"

    def ask(self, question: str, caller: Caller, session_id: str = "", *, json: bool = False) -> str:
        """Show the agent's answer as it comes; the session that it was given in. Raises CallFailed with the refusal."""
        checked_prompt(question)
        session = checked_session(session_id or new_session_id("caller"))
        settings = self.steps.live_settings()
        console, said = self.steps.console, ""
        for piece in self._answer(self._agent(settings, caller), question, session):
            said += piece
            if not json:
                console.piece(piece)
        if not said:
            raise AgentFailed("the agent's answer is empty", remedy=self._look, status=200)
        if json:
            console.document({"schema_version": SCHEMA_VERSION, "session_id": session, "answer": said})
        else:
            console.piece("\n")
        return session

    def chat(self, caller: Caller, read_line: Callable[[], str], session_id: str = "") -> None:
        """Questions and answers until the end of input, in one session."""
        session = checked_session(session_id or new_session_id("caller"))
        settings = self.steps.live_settings()
        agent = self._agent(settings, caller)
        Chat(lambda question: self._answer(agent, question, session), self.steps.console, read_line, session).run()

    def _answer(self, agent: AgentClient, question: str, session: str) -> Iterator[str]:
        """The answer in pieces; a failure of the agent says where its log is."""
        try:
            yield from agent.ask(checked_prompt(question), session_id=session)
        except AgentFailed as e:
            if e.remedy == LOOK_AT_LOG:
                e.remedy = self._look
            raise

    @property
    def _look(self) -> str:
        """Where the agent's log is, and how it ends where it is on this machine."""
        command = f"`{self.steps.deployment.command('invoke logs --since 10m')}`"
        words = " | ".join(line.told(LINE_SHOWN) for line in Logs(self.steps).last(LINES_SHOWN))
        return f"{command} shows the agent's log" + (f", which ends: {words}" if words else "")

    def _agent(self, settings: Settings, caller: Caller) -> AgentClient:
        tokens = DeskTokens(self.steps.tools.desk(settings), caller.client, caller.username)
        return self.steps.tools.agent(settings, self.steps.runtime_arn(settings), tokens)

    def _desk(self, *, browser: bool = True) -> Desk:
        return self.steps.tools.desk(self.steps.live_settings(), browser=browser)

    def _shown(self, client: str, held: Held) -> dict[str, Any]:
        said = claims_of(held.access)
        return {
            "schema_version": SCHEMA_VERSION,
            "client": client,
            "client_id": said.get("client_id") or held.client_id,
            "username": held.username or None,
            "subject": said.get("sub"),
            "issuer": said.get("iss") or held.issuer,
            "token_use": said.get("token_use"),
            "scopes": str(said.get("scope", "")).split(),
            "groups": said.get("cognito:groups") or said.get("groups") or [],
            "flow": held.flow,
            "expires_in_s": max(0, int(held.expires_at - self.steps.clock.now())),
            "renewable": bool(held.refresh) or not held.username,
        }
