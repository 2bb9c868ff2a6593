"""Break terraform/ in dangerous ways, one at a time, in a copy; each must turn a test or the plan review red.

Exit codes: 0 every mutation was noticed; 1 at least one survived, or could not be judged.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from http.server import ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from orchestration.review import review  # noqa: E402 - the path comes first
from orchestration.runtime.function_package import write_package  # noqa: E402
from orchestration.terraform.mirror import cli_configuration, find_mirror  # noqa: E402
from scripts.terraform_mutations import Mutation, Rule, Run, mutations  # noqa: E402
from tests.terraform.harness import Stub  # noqa: E402

WORKERS = 2
# A test that noticed, as opposed to HCL that does not parse: an edit that breaks the language proves nothing.
NOTICED = ("Test assertion failed", "Missing expected failure", "on tests/")
IGNORED = shutil.ignore_patterns(".terraform", "*.tfstate*", "examples")


@dataclass(frozen=True, slots=True)
class Outcome:
    """`noticed` None: the edit could not be judged, `word` says why."""

    mutation: Mutation
    noticed: bool | None
    word: str
    elapsed_s: float


class Workshop:
    """One copy of terraform/, used by one mutation at a time; initialised modules are kept for the next."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder = folder
        self._env = env
        self._ready: set[str] = set()
        self.sources = folder / "terraform"
        shutil.copytree(ROOT / "terraform", self.sources, ignore=IGNORED)

    def judge(self, mutation: Mutation) -> Outcome:
        started = time.monotonic()
        kept = {edit.file: (self.sources / edit.file).read_text() for edit in mutation.edits}
        try:
            for edit in mutation.edits:
                edit.apply(self.sources)
            watcher = mutation.watcher
            noticed, word = self._tested(watcher) if isinstance(watcher, Run) else self._reviewed(watcher)
        except SystemExit as e:
            noticed, word = None, str(e)
        finally:
            for name, text in kept.items():
                (self.sources / name).write_text(text)
        return Outcome(mutation, noticed, word, time.monotonic() - started)

    def _tested(self, run: Run) -> tuple[bool | None, str]:
        """The one run alone: a whole file takes as many starts of the provider as it has runs."""
        file = self.sources / run.module / run.file
        whole = file.read_text()
        file.write_text(only(whole, run.name))
        try:
            code, text = self._run(run.module, "test", "-no-color", f"-filter={run.file}")
        finally:
            file.write_text(whole)
        if code == 0:
            return False, "stays green"
        return (True, "turns red") if any(sign in text for sign in NOTICED) else (None, text.strip()[-600:])

    def _reviewed(self, rule: Rule) -> tuple[bool | None, str]:
        given, plan = self._folder / "given.tfvars.json", self._folder / "plan"
        given.write_text(json.dumps(dict(rule.variables)))
        code, text = self._run(".", "plan", "-input=false", "-no-color", f"-var-file={given}", f"-out={plan}")
        if code != 0:
            return None, text.strip()[-600:]
        code, text = self._run(".", "show", "-json", str(plan))
        found = review(json.loads(text), today=date.min).findings
        named = [finding.address for finding in found if finding.rule == rule.id]
        return bool(named), f"finds {named[0]}" if named else "finds nothing"

    def _run(self, module: str, *arguments: str) -> tuple[int, str]:
        if module not in self._ready:
            options = [f"-backend-config=path={self._folder / 'state'}", "-lockfile=readonly"]
            code, text = self._call(module, "init", "-input=false", *(options if module == "." else ["-backend=false"]))
            if code != 0:
                raise SystemExit(text.strip()[-600:])
            self._ready.add(module)
        return self._call(module, *arguments)

    def _call(self, module: str, *arguments: str) -> tuple[int, str]:
        data = self._folder / "data" / (module.replace("/", "-") if module != "." else "root")
        command = ["terraform", f"-chdir={self.sources / module}", *arguments]
        env = {**self._env, "TF_DATA_DIR": str(data)}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout if done.returncode == 0 else done.stdout + done.stderr


def only(text: str, run: str) -> str:
    """A test file with one of its runs. Raises SystemExit if it has none of that name."""
    head, *runs = re.split(r'^(?=run ")', text, flags=re.M)
    wanted = [block for block in runs if block.startswith(f'run "{run}"')]
    if not wanted:
        raise SystemExit(f"no run {run!r}")
    return head + wanted[0]


@contextmanager
def workshops(folder: Path) -> Iterator[queue.SimpleQueue[Workshop]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    env = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    env |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
    env |= {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", "CHECKPOINT_DISABLE": "1"}
    if mirror := find_mirror(os.environ):
        (folder / "terraform.rc").write_text(cli_configuration(mirror))
        env["TF_CLI_CONFIG_FILE"] = str(folder / "terraform.rc")
    free: queue.SimpleQueue[Workshop] = queue.SimpleQueue()
    for number in range(WORKERS):
        free.put(Workshop(folder / str(number), env))
    try:
        yield free
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def judge_all(chosen: list[Mutation]) -> list[Outcome]:
    done = 0

    def judge(mutation: Mutation) -> Outcome:
        nonlocal done
        workshop = free.get()
        try:
            outcome = workshop.judge(mutation)
        finally:
            free.put(workshop)
        done += 1
        print(f"{done}/{len(chosen)} {mutation.name} {outcome.elapsed_s:.1f} s", file=sys.stderr, flush=True)
        return outcome

    with tempfile.TemporaryDirectory() as name, workshops(Path(name)) as free, ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(judge, chosen))


def show(outcomes: list[Outcome]) -> None:
    width = max(len(outcome.mutation.name) for outcome in outcomes)
    words = {True: "noticed", False: "SURVIVED", None: "NOT JUDGED"}
    for outcome in outcomes:
        print(
            f"{outcome.mutation.name:{width}}  {words[outcome.noticed]:10}  {outcome.mutation.watcher}: {outcome.word}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="name the mutations and their watchers, run nothing")
    parser.add_argument("--only", metavar="NAME", action="append", help="this mutation alone; may be given again")
    arguments = parser.parse_args()
    known = mutations()
    names = {mutation.name for mutation in known}
    if unknown := set(arguments.only or ()) - names:
        parser.error(f"no mutation {', '.join(sorted(unknown))}; --list names them")
    chosen = [mutation for mutation in known if not arguments.only or mutation.name in arguments.only]
    if arguments.list:
        print("\n".join(f"{mutation.name}: {mutation.watcher}" for mutation in chosen))
        return 0
    write_package(ROOT)
    outcomes = judge_all(chosen)
    show(outcomes)
    bad = [outcome.mutation.name for outcome in outcomes if not outcome.noticed]
    print(f"{len(outcomes) - len(bad)} of {len(outcomes)} noticed", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
