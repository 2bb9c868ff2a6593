"""Commands that act as a caller of the agent."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.checks.request import answer_text, bearer_request, refusal_text
from orchestration.errors import BadInput, OrchestrationError
from orchestration.steps import Steps
from orchestration.tokens import Client


@dataclass(frozen=True, slots=True)
class Callers:
    """Act as a caller of the agent."""

    steps: Steps

    def token(self, client: str) -> str:
        if client not in {Client.USER, Client.MACHINE}:
            raise BadInput(f"--client is {client!r}", remedy="use --client user or --client machine", code="bad_client")
        return self.steps.tools.broker(self.steps.live_settings()).access(Client(client))

    def ask(self, question: str) -> str:
        """The agent's answer to a person. Raises OrchestrationError with the refusal."""
        if not question.strip():
            raise BadInput("the question is empty", remedy='invoke ask "what can you do?"')
        settings = self.steps.live_settings()
        arn = self.steps.runtime_arn(settings)
        token = self.steps.tools.broker(settings).access(Client.USER)
        reply = self.steps.tools.sender(settings).send(bearer_request(arn, token, {"prompt": question}))
        if answer := answer_text(reply.body) if reply.status == 200 else "":
            return answer
        raise OrchestrationError(
            f"the runtime answered {reply.status}: {refusal_text(reply) or 'no text'}",
            remedy=self.steps.deployment.command("invoke smoke-test"),
            code="ask_failed",
        )
