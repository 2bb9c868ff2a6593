"""Tasks that act as a caller of the agent."""

from __future__ import annotations

from invoke import Context

from cli.late import wiring
from cli.words import described, help_instead


@described("client", "user", "target", "environment")
def token(
    c: Context, client: str = "user", user: str | None = None, target: str | None = None, environment: str | None = None
) -> None:
    """Print an access token to stdout, for a pipe. It is valid for minutes; keep it out of logs."""
    with wiring.session(target, environment, quiet=True) as project:
        project.console.result(project.callers.token(wiring.Caller(client, user)))


@described("client", "user", "flow", "scope", "browser", "target", "environment", "json")
def login(
    c: Context,
    client: str | None = None,
    user: str | None = None,
    flow: str | None = None,
    scope: str | None = None,
    browser: bool = True,
    target: str | None = None,
    environment: str | None = None,
    json: bool = False,
) -> None:
    """Sign in and keep the tokens: in the browser, or with --flow srp, password or machine (its own client then)."""
    with wiring.session(target, environment, quiet=json) as project:
        wish = wiring.Wish(client, flow or "", user or "", scope or "")
        project.console.show(project.callers.login(wish, browser=browser), json=json)


@described("client", "user", "target", "environment")
def logout(
    c: Context, client: str = "user", user: str | None = None, target: str | None = None, environment: str | None = None
) -> None:
    """Revoke what was signed in and erase the tokens here."""
    with wiring.session(target, environment, quiet=True) as project:
        project.console.result(project.callers.logout(wiring.Caller(client, user)))


@described("client", "user", "target", "environment", "json")
def whoami(
    c: Context,
    client: str = "user",
    user: str | None = None,
    target: str | None = None,
    environment: str | None = None,
    json: bool = False,
) -> None:
    """Show whom ask and token act as, by the claims that the door reads; never the token."""
    with wiring.session(target, environment, quiet=True) as project:
        project.console.show(project.callers.whoami(wiring.Caller(client, user)), json=json)


@described("question", "client", "user", "session", "trace", "target", "environment", "json")
def ask(
    c: Context,
    question: str,
    client: str = "user",
    user: str | None = None,
    session: str | None = None,
    trace: bool = False,
    target: str | None = None,
    environment: str | None = None,
    json: bool = False,
) -> None:
    """Ask the agent, e.g. invoke ask "what can you do?"; the answer is shown as it comes."""
    help_instead(ask, question)
    with wiring.session(target, environment, quiet=True) as project:
        begun = project.tracing.begin(json=json) if trace else 0.0
        used = project.callers.ask(question, wiring.Caller(client, user), session or "", json=json)
        if trace:
            project.tracing.of_session(used, begun)


@described("client", "user", "session", "target", "environment")
def chat(
    c: Context,
    client: str = "user",
    user: str | None = None,
    session: str | None = None,
    target: str | None = None,
    environment: str | None = None,
) -> None:
    """Talk with the agent in one session; Ctrl-C stops an answer, Ctrl-D ends."""
    with wiring.session(target, environment) as project:
        project.callers.chat(wiring.Caller(client, user), input, session or "")


@described(
    "follow",
    "since",
    "lines",
    "all",
    "door",
    "target",
    "environment",
    "json",
    words={"json": "one JSON document a line instead of text"},
)
def logs(
    c: Context,
    follow: bool = False,
    since: str | None = None,
    lines: str | None = None,
    all: bool = False,
    door: str = "main",
    target: str | None = None,
    environment: str | None = None,
    json: bool = False,
) -> None:
    """Show what the agent wrote last, oldest first; on AWS its log group in CloudWatch."""
    with wiring.session(target, environment, quiet=json) as project:
        project.logs.show(wiring.Stretch.of(since, lines, all=all), door, follow=follow, json=json)
