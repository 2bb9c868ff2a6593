"""Tasks that prove what the door does."""

from __future__ import annotations

import sys

from invoke import Context

from cli.late import wiring
from cli.words import described


@described(
    "case",
    "tag",
    "parallel",
    "runtime_arn",
    "discovery_url",
    "client",
    "token_stdin",
    "target",
    "environment",
    "yes",
    "json",
    iterable=("case", "tag"),
    words={"client": "with --runtime-arn: a client that it lets in"},
)
def smoke_test(
    c: Context,
    case: list[str] | None = None,
    tag: list[str] | None = None,
    parallel: str = "4",
    runtime_arn: str | None = None,
    discovery_url: str | None = None,
    client: str | None = None,
    token_stdin: bool = False,
    target: str | None = None,
    environment: str | None = None,
    yes: bool = False,
    json: bool = False,
) -> None:
    """Call the runtime as allowed and refused callers; exit 1 if any verdict is wrong."""
    with wiring.session(target, environment, yes=yes, quiet=json) as project:
        choice = wiring.Choice.of(case or (), tag or (), parallel)
        readline = sys.stdin.readline if token_stdin else None
        foreign = wiring.Foreign.of(runtime_arn, discovery_url, client, readline)
        report = project.proof.smoke_test_of(choice, foreign) if foreign else project.proof.smoke_test(choice)
        project.proof.judge(report, json=json)


@described(
    "client",
    "gateway",
    "token_stdin",
    "target",
    "environment",
    "json",
    words={
        "client": "whose token to call with: user, machine or outsider (default: user; with --gateway the agent's own)",
        "gateway": "call the gateway of the agent's tools instead of the runtime",
        "token_stdin": "call with the token on the first line of stdin instead",
    },
)
def explain(
    c: Context,
    client: str | None = None,
    gateway: bool = False,
    token_stdin: bool = False,
    target: str | None = None,
    environment: str | None = None,
    json: bool = False,
) -> None:
    """Call once and say why it was answered so, rule by rule; exit 1 if the rules predict another answer."""
    with wiring.session(target, environment, quiet=True) as project:
        explanation = project.proof.explaining.call(
            client, sys.stdin.readline if token_stdin else None, gateway=gateway
        )
        project.proof.show_explanation(explanation, json=json)


@described("since", "target", "environment", "json", "counts")
def auth_log(
    c: Context,
    since: str = "1h",
    target: str | None = None,
    environment: str | None = None,
    json: bool = False,
    counts: bool = False,
) -> None:
    """Show whom the door let in and refused, and by which rule; no token, no name."""
    with wiring.session(target, environment, quiet=json or counts) as project:
        project.proof.show_log(project.proof.explaining.log(since), json=json, counted=counts)


@described(
    "id",
    "since",
    "target",
    "environment",
    "json",
    words={"id": "trace id of a request (default: the last one)"},
)
def trace(
    c: Context,
    id: str | None = None,
    since: str = "10m",
    target: str | None = None,
    environment: str | None = None,
    json: bool = False,
) -> None:
    """Follow one request through runtime, agent, gateway and function, by what each of them wrote down."""
    with wiring.session(target, environment, quiet=True) as project:
        project.tracing.show(id, since, json=json)
