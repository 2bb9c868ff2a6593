"""The first run against real AWS: what only AWS can answer, in order, with what it costs said before, and cleaned up.

    scripts/first-run-on-aws --yes [--environment first] [--only-answers]

It runs `invoke doctor`, `up`, `smoke-test` and `drift` with TARGET=aws, asks the doors what no document tells
(scripts/answers.py), writes the answers into tests/contract/aws_answers.json and ends with `invoke down`, whatever
happened. --only-answers asks the doors of an environment that is up, and leaves it.
Exit codes: 0 everything as expected, 1 a step failed (the environment is down all the same), 2 not confirmed,
4 the teardown failed: something may still cost money.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from scripts.answers import Told, collect, doors_of, table

ROOT = Path(__file__).resolve().parent.parent
ANSWERS = ROOT / "tests" / "contract" / "aws_answers.json"
PAGE = ROOT / "docs" / "first-run-on-aws.md"
BEGIN, END = "<!-- BEGIN ANSWERS -->\n", "<!-- END ANSWERS -->\n"
COST = """this makes real resources: a runtime, four more for the probes, a gateway, a user pool, a bucket, two secrets.
cost, by docs/cost.md, for the half hour that it takes: under one US dollar where Cognito bills its machine clients by
the time they are there, at most $30 where it bills each for a month. No model is called. The last step removes all."""
STEPS = (("doctor",), ("up", "--yes"), ("smoke-test",), ("drift",))
TIMEOUT_S = 60.0
CODE_FAILED, CODE_NOT_CONFIRMED, CODE_LEFT = 1, 2, 4


@dataclass(frozen=True, slots=True)
class Done:
    code: int
    out: str


Invoke = Callable[[Sequence[str], bool], Done]
"""invoke(words, quiet): quiet keeps the output to itself, since it may hold a token."""


def life(invoke: Invoke, answers: Callable[[], None], say: Callable[[str], None]) -> int:
    """Every step in order, then down. Stops at the first that fails, but for down."""
    code, begun = 0, False
    try:
        for words in STEPS:
            say(f"step: {' '.join(words)}")
            begun = begun or words[0] == "up"
            if invoke(words, False).code != 0:
                say(f"failed: {' '.join(words)}")
                code = CODE_FAILED
                break
            if words[0] == "smoke-test":
                say("step: answers")
                answers()
    except (httpx.HTTPError, ValueError, KeyError) as e:
        say(f"failed: {type(e).__name__}")
        code = CODE_FAILED
    finally:
        if begun:
            say("step: down")
            if invoke(("down", "--yes"), False).code != 0:
                say("failed: down. Run `make down TARGET=aws` again: what is left costs money")
                code = CODE_LEFT
    return code


def ask(invoke: Invoke, http: httpx.Client) -> dict[str, Told]:
    """Raises ValueError where a command gave none of its output, httpx.HTTPError."""
    outputs = json.loads(invoke(("outputs", "--json"), True).out)
    token = invoke(("token", "--client", "machine"), True).out.strip()
    return collect(http, doors_of(outputs), token)


def record(path: Path, told: Mapping[str, Told], region: str, day: str) -> None:
    """Put AWS's answers beside those that are expected of it."""
    document: dict[str, Any] = json.loads(path.read_text())
    document["aws"] = {"region": region, "day": day, "answers": {name: one.document() for name, one in told.items()}}
    path.write_text(json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def with_table(page: str, document: Mapping[str, Any]) -> str:
    """The page with the answers' table as the document has them."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}{table(document)}{END}{rest.partition(END)[2]}"


def _invoker(env: Mapping[str, str]) -> Invoke:
    def invoke(words: Sequence[str], quiet: bool) -> Done:
        program = str(Path(sys.executable).with_name("invoke"))
        out = subprocess.PIPE if quiet else None
        done = subprocess.run([program, *words], cwd=ROOT, env=dict(env), stdout=out, text=True, check=False)
        return Done(done.returncode, done.stdout or "")

    return invoke


def main(argv: Sequence[str], env: Mapping[str, str]) -> int:
    parser = argparse.ArgumentParser(prog="first-run-on-aws", allow_abbrev=False)
    parser.add_argument("--yes", action="store_true", help="the cost is known")
    parser.add_argument("--environment", default="first")
    parser.add_argument("--only-answers", action="store_true", help="ask the doors of an environment that is up")
    parser.add_argument("--into", type=Path, default=ANSWERS, help="the file that the answers go into")
    flags = parser.parse_args(argv)
    chosen = {**env, "TARGET": "aws", "ENVIRONMENT": flags.environment, "MODEL_PROVIDER": "scripted"}
    invoke = _invoker(chosen)

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    def answers() -> None:
        with httpx.Client(timeout=TIMEOUT_S) as http:
            region = chosen.get("AWS_REGION") or chosen.get("AWS_DEFAULT_REGION") or "us-east-1"
            record(flags.into, ask(invoke, http), region, datetime.now(UTC).date().isoformat())
        if flags.into == ANSWERS:
            PAGE.write_text(with_table(PAGE.read_text(), json.loads(ANSWERS.read_text())))

    if flags.only_answers:
        answers()
        return 0
    say(COST)
    if not flags.yes:
        say("nothing was made: add --yes")
        return CODE_NOT_CONFIRMED
    return life(invoke, answers, say)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
