"""This machine and this shell: interpreter, packages, tools, room, variables that lead astray."""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from orchestration.doctor.findings import Finding, Severity, fine, said, warning
from orchestration.errors import OrchestrationError, Unfit
from orchestration.http import listening
from orchestration.machine import require_room

MINIMUM_FILES = 256
PROXIES = ("http_proxy", "https_proxy", "all_proxy")
OTHERS_WRITE = 0o022
LOOPBACK = ("127.0.0.1", "localhost")
# Our own commands obey none of them on AWS and hand none on locally (tools._variables); other programs do.
REDIRECTING = ("AWS_ENDPOINT_URL", "BEDROCK_AGENTCORE_CP_ENDPOINT", "BEDROCK_AGENTCORE_DP_ENDPOINT")
CLI_CONFIGURATION = "TF_CLI_CONFIG_FILE"


def python() -> Iterator[Finding]:
    yield fine(f"Python {'.'.join(str(n) for n in sys.version_info[:3])}")


def packages(lock: Path) -> Iterator[Finding]:
    """What is installed against the lock file, without hashes: those were checked when it was installed."""
    wrong, pinned = [], 0
    for wanted in _pins(lock.read_text(encoding="utf-8")):
        pinned += 1
        name, pin = wanted.name, str(wanted.specifier).removeprefix("==")
        try:
            if (found := version(name)) != pin:
                wrong.append(f"{name} is {found}, not {pin}")
        except PackageNotFoundError:
            wrong.append(f"{name} is missing")
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        yield said(
            Unfit(
                f"installed packages are not those of {lock.name}: {', '.join(wrong[:3])}{more}",
                remedy="rm -f .venv/lock.sha256 && make setup",
                code="packages_differ",
            )
        )
    else:
        yield fine(f"{pinned} packages as locked")


def _pins(text: str) -> Iterator[Requirement]:
    for line in text.splitlines():
        try:
            wanted = Requirement(line.removesuffix("\\").strip())
        except InvalidRequirement:
            continue  # a comment, a hash
        if wanted.marker is None or wanted.marker.evaluate():
            yield wanted


def programs(env: Mapping[str, str]) -> Iterator[Finding]:
    """uv packs the agent and comes with the packages; git names the commit in the evidence."""
    beside = Path(sys.executable).parent
    if shutil.which("uv", path=f"{beside}:{env.get('PATH', '')}") is None:
        yield said(Unfit(f"there is no uv in {beside}", remedy="rm -f .venv/lock.sha256 && make setup", code="no_uv"))
    else:
        yield fine("uv")
    if shutil.which("git", path=env.get("PATH")) is None:
        yield warning("no_git", "git is not on PATH: evidence names no commit", "apt-get install git")
    else:
        yield fine("git")


def room(*folders: Path) -> Iterator[Finding]:
    """Of checkout, state and temporary files, each disk once."""
    disks: dict[int, Path] = {}
    for folder in (*folders, Path(tempfile.gettempdir())):
        place = next(place for place in (folder, *folder.parents) if place.exists())
        disks.setdefault(place.stat().st_dev, folder)
    for folder in disks.values():
        yield fine(f"{require_room(folder) // 2**20} MB left on the disk of {folder}")


def files() -> Iterator[Finding]:
    """Each agent, connection and log is an open file."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed < MINIMUM_FILES:
        yield warning("few_files", f"a process may open {allowed} files here", f"ulimit -n {MINIMUM_FILES * 4}")
    else:
        yield fine(f"{allowed} open files allowed")


def shell_umask(umask: int) -> Iterator[Finding]:
    """Our own files have modes of their own; what the shell makes has those of its umask."""
    if umask & OTHERS_WRITE != OTHERS_WRITE:
        yield warning(
            "open_umask",
            f"umask is {umask:04o}: others may change what this shell makes, a checkout and a file of tokens too",
            "umask 022  # or 077, then look at the checkout: chmod -R go-w .",
        )
    else:
        yield fine(f"umask {umask:04o}")


def sign_in(redirect_uris: Sequence[str]) -> Iterator[Finding]:
    """Where a browser comes back to. Everything but a sign-in by browser goes on without."""
    try:
        with listening(redirect_uris) as redirect:
            yield fine(f"a sign-in comes back to {redirect.redirect_uri}")
    except OrchestrationError as e:
        yield said(e, Severity.WARNS)


def proxies(env: Mapping[str, str]) -> Iterator[Finding]:
    """Our own commands go to loopback directly; what the README shows with curl, or an SDK, obeys the variables."""
    lower = {name.lower(): value for name, value in env.items() if value and name.lower().endswith("_proxy")}
    if not (given := [name for name in PROXIES if name in lower]):
        yield fine("no proxy")
        return
    exempt = [word.strip() for word in lower.get("no_proxy", "").split(",") if word.strip()]
    if "*" in exempt or {*LOOPBACK} <= {*exempt}:
        yield fine(f"{', '.join(given)}, but not for this machine")
        return
    yield warning(
        "proxy_hides_loopback",
        f"{given[0].upper()} is set and NO_PROXY is {','.join(exempt)!r}: curl and SDKs would look for the local "
        f"cloud behind the proxy",
        f"export NO_PROXY={(words := ','.join(dict.fromkeys((*exempt, *LOOPBACK))))} no_proxy={words}",
    )


def leftovers(env: Mapping[str, str]) -> Iterator[Finding]:
    """Variables that send other programs elsewhere, or name what is not there."""
    if stray := sorted(name for name in env if name.startswith(REDIRECTING) and env[name]):
        yield warning(
            "aws_redirected",
            f"{stray[0]} is {env[stray[0]]!r}: these commands pass it over, other AWS programs of this shell do not",
            f"unset {' '.join(stray)}",
        )
    path = env.get(CLI_CONFIGURATION)
    if path is not None and not Path(path).is_file():
        yield warning(
            "no_cli_config",
            f"{CLI_CONFIGURATION} is {path!r}, which is no file: it is passed over",
            f"unset {CLI_CONFIGURATION}",
        )
