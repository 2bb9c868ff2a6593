"""Many callers at once, some with bad tokens, against a stack of its own on this machine. Prints one JSON document.

    python -m scripts.load [--seconds 60] [--connections 64] [--bad-percent 10]

Every request has an id of its own: a good one must come back from the agent with that id, a bad one must be refused
with the status of its kind, and the decision log and the agent must tell the same story afterwards. Exit 1 on a wrong
verdict, when agentcore_local has grown by more than 20 MiB, or when it holds more than 16 further descriptors.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import psutil
from joserfc.jwk import OctKey

from orchestration.embedded.rotated import Tail
from tests.contract.agents import archive
from tests.contract.cloud import ROLE, Emulator, Local, eventually, make_role
from tests.contract.deployed import BUCKET
from tests.contract.provider import CLIENT, DISCOVERY_URL, ISSUER, Provider, token
from tests.fakes.tokens import b64, compact, rsa_key

MAX_GROWTH_MIB, MAX_DESCRIPTORS = 20.0, 16
WARM_UP_S = 5.0
LOOK_EVERY_S = 0.25
SETTLE_S = 4.0  # longer than the gateway keeps an idle connection to the agent
MIB = 1024 * 1024

AGENT = """
import json, os
from aiohttp import web

arrived = []

async def ping(request):
    return web.json_response({"status": "Healthy"})

async def invoke(request):
    asked = json.loads(await request.read())
    if asked.get("recall"):
        return web.json_response({"arrived": arrived})
    arrived.append(asked["id"])
    return web.json_response({"id": asked["id"]})

app = web.Application()
app.router.add_get("/ping", ping)
app.router.add_post("/invocations", invoke)
web.run_app(app, host=os.environ["HOST"], port=int(os.environ["PORT"]), print=None)
"""


def credentials() -> tuple[dict[str, str], dict[str, tuple[dict[str, str], int]]]:
    """The good credential, and by kind each bad one with the status that it must get."""
    now = int(time.time())
    good = token("k1", "first")
    text = good["Authorization"]
    head, payload, signature = text.removeprefix("Bearer ").split(".")
    secret = OctKey.import_key({"kty": "oct", "k": b64(rsa_key("first").public_key.public_numbers().n.to_bytes(256))})
    claims = json.dumps({"iss": ISSUER, "client_id": CLIENT, "exp": now + 900}).encode()
    as_secret = compact(claims, {"alg": "HS256", "kid": "k1"}, secret, "HS256")
    flipped = ("B" if signature[9] != "B" else "C").join((signature[:9], signature[10:]))
    bad = {
        "none": ({}, 401),
        "basic": ({"Authorization": "Basic YTpi"}, 401),
        "garbage": ({"Authorization": "Bearer garbage"}, 403),
        "expired": (token("k1", "first", {"exp": now - 5}), 401),
        "expiring": (token("k1", "first", {"exp": now + 30}), 401),
        "other-client": (token("k1", "first", {"client_id": "other"}), 401),
        "other-issuer": (token("k1", "first", {"iss": "https://evil.test"}), 401),
        "forged": (token("k1", "attacker"), 403),
        "unknown-key": (token("k9", "attacker"), 403),
        "flipped-bit": ({"Authorization": f"Bearer {head}.{payload}.{flipped}"}, 403),
        "unsigned": ({"Authorization": f"Bearer {b64(json.dumps({'alg': 'none'}))}.{payload}."}, 403),
        "public-key-as-secret": ({"Authorization": f"Bearer {as_secret}"}, 403),
        "sigv4": ({"Authorization": "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request"}, 403),
    }
    return good, bad


@dataclass
class Seen:
    """What the callers saw. Latencies in seconds."""

    verdicts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    admitted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    good_ids: set[str] = field(default_factory=set)
    by_request: dict[str, bool] = field(default_factory=dict)  # our request's id at the gateway: good or not


async def caller(url: str, until: float, bad_percent: int, seen: Seen, session: aiohttp.ClientSession) -> None:
    """One connection's worth of calls, one after the other."""
    good, bad = credentials()
    kinds, dice = sorted(bad), random.Random(secrets.randbits(64))  # noqa: S311  no secret depends on it
    sticky = {"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": "load-" + secrets.token_hex(20)}
    while time.monotonic() < until:
        kind = dice.choice(kinds) if dice.randrange(100) < bad_percent else "good"
        headers, status = (good, 200) if kind == "good" else bad[kind]
        own = secrets.token_hex(12)
        if kind == "good":
            seen.good_ids.add(own)
        began = time.monotonic()
        named = sticky if dice.randrange(10) else {}  # one in ten begins a session of its own
        async with session.post(url, data=json.dumps({"id": own}), headers=headers | named) as reply:
            body = await reply.read()
        took = time.monotonic() - began
        (seen.admitted if kind == "good" else seen.refused).append(took)
        seen.verdicts[kind] += 1
        seen.by_request[reply.headers.get("x-amzn-requestid", own)] = kind == "good"
        right = reply.status == status and (kind != "good" or json.loads(body) == {"id": own})
        if not right:
            seen.wrong.append(f"{kind}: {reply.status} {body[:100]!r}")


async def load(url: str, seconds: float, connections: int, bad_percent: int, log: DecisionLog) -> Seen:
    seen, until = Seen(), time.monotonic() + seconds
    connector = aiohttp.TCPConnector(limit=connections)
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False) as session:
        calling = asyncio.gather(*(caller(url, until, bad_percent, seen, session) for _ in range(connections)))
        while not (await asyncio.wait([calling], timeout=LOOK_EVERY_S))[0]:
            log.read()
        await calling
    return seen


class DecisionLog:
    """What it said of each request, read while it grows: its oldest files are thrown away."""

    def __init__(self, path: Path) -> None:
        self._tail, self.allowed = Tail(path), dict[str, bool]()

    def read(self) -> None:
        for entry in map(json.loads, self._tail.lines()):
            self.allowed[entry["request"]] = entry["reason"] == "allowed"

    def close(self) -> None:
        self._tail.close()


def measure(
    local: Local,
    arn: str,
    *,
    seconds: float,
    connections: int,
    bad_percent: int,
    warm_up_s: float = WARM_UP_S,
    settle_s: float = SETTLE_S,
) -> dict[str, Any]:
    """Load one runtime and judge everything; returns the report."""
    if local.process is None:
        raise ValueError("agentcore_local is not running")
    process = psutil.Process(local.process.pid)
    url = f"{local.data_url}/runtimes/{quote(arn, safe='')}/invocations"
    log = DecisionLog(local.decisions)
    warm = asyncio.run(load(url, warm_up_s, connections, bad_percent, log))
    time.sleep(settle_s)
    before = (process.memory_info().rss / MIB, process.num_fds())
    began = time.monotonic()
    seen = asyncio.run(load(url, seconds, connections, bad_percent, log))
    took = time.monotonic() - began
    peak = process.memory_info().rss / MIB
    time.sleep(settle_s)
    after = (process.memory_info().rss / MIB, process.num_fds())
    wrong = seen.wrong + warm.wrong + disagreements(local, arn, [warm, seen], log)
    total = sum(seen.verdicts.values())
    return {
        "seconds": round(took, 1),
        "connections": connections,
        "requests": total,
        "bad": total - seen.verdicts["good"],
        "by_kind": dict(sorted(seen.verdicts.items())),
        "requests_per_second": round(total / took, 1),
        "admitted_ms": quantiles(seen.admitted),
        "refused_ms": quantiles(seen.refused),
        "wrong_verdicts": len(wrong),
        "examples": wrong[:10],
        "rss_mib": {"start": round(before[0], 1), "peak": round(peak, 1), "end": round(after[0], 1)},
        "descriptors": {"start": before[1], "end": after[1]},
    }


def disagreements(local: Local, arn: str, phases: list[Seen], log: DecisionLog) -> list[str]:
    """What the agent or the decision log says otherwise than the callers."""
    body, wrong = json.dumps({"recall": True}).encode(), []
    arrived = Counter(local.invoke(arn, body=body, headers=token("k1", "first")).json["arrived"])
    sent = {own for phase in phases for own in phase.good_ids}
    wrong += [f"the agent was reached by {own}, which had no good token" for own in arrived.keys() - sent]
    wrong += [f"{own} reached the agent {n} times" for own, n in arrived.items() if n > 1]
    wrong += [f"{own} was answered and never reached the agent" for own in sent - arrived.keys()]
    good = {request: verdict for phase in phases for request, verdict in phase.by_request.items()}
    log.read()
    log.close()
    wrong += [f"{r} is logged otherwise" for r, verdict in good.items() if log.allowed.get(r) != verdict]
    return wrong


def quantiles(latencies: list[float]) -> Mapping[str, float]:
    ordered = sorted(latencies) or [0.0]
    return {f"p{q}": round(1000 * ordered[min(len(ordered) - 1, len(ordered) * q // 100)], 1) for q in (50, 99)}


def faults(report: Mapping[str, Any]) -> list[str]:
    """Why the report is not good enough; empty when it is."""
    grown = report["rss_mib"]["end"] - report["rss_mib"]["start"]
    held = report["descriptors"]["end"] - report["descriptors"]["start"]
    found = [f"{report['wrong_verdicts']} wrong verdicts"] if report["wrong_verdicts"] else []
    found += [f"grown by {grown:.1f} MiB"] if grown > MAX_GROWTH_MIB else []
    return found + ([f"{held} further descriptors"] if held > MAX_DESCRIPTORS else [])


@contextmanager
def serving(emulator: Emulator, folder: Path) -> Iterator[Local]:
    """An agentcore_local whose callers' issuer is here too."""
    provider = Provider()
    provider.keys = {"k1": rsa_key("first")}
    provider.start()
    local = Local(emulator, folder, ("--oidc-map", f"{ISSUER}={provider.url}/pool"))
    try:
        local.start()
        yield local
    finally:
        if local.process is not None:
            local.stop()
        provider.stop()


def deploy(local: Local, package: bytes, variables: Mapping[str, str] | None = None) -> str:
    """A runtime behind a JWT door, ready; returns its ARN."""
    control = local.control()
    arn = create(control, upload(local, package), variables)
    eventually(lambda: are_ready(control, [arn]), "the runtime is ready")
    return arn


def upload(local: Local, package: bytes) -> dict[str, Any]:
    """Where a package lies from now on; any number of runtimes may be made from it."""
    key = f"{secrets.token_hex(6)}/deployment.zip"
    local.emulator.client("s3").put_object(Bucket=BUCKET, Key=key, Body=package)
    return {"s3": {"bucket": BUCKET, "prefix": key}}


def create(control: Any, code: Mapping[str, Any], variables: Mapping[str, str] | None = None) -> str:
    """A runtime that is on its way; returns its ARN. `control` may be shared by threads."""
    made = control.create_agent_runtime(
        agentRuntimeName=f"load_{secrets.token_hex(4)}",
        agentRuntimeArtifact={"codeConfiguration": {"code": code, "runtime": "PYTHON_3_11", "entryPoint": ["main.py"]}},
        environmentVariables=dict(variables or {}),
        roleArn=ROLE,
        networkConfiguration={"networkMode": "PUBLIC"},
        authorizerConfiguration={"customJWTAuthorizer": {"discoveryUrl": DISCOVERY_URL, "allowedClients": [CLIENT]}},
    )
    return str(made["agentRuntimeArn"])


def are_ready(control: Any, arns: Collection[str]) -> bool:
    listed = control.list_agent_runtimes(maxResults=100)["agentRuntimes"]
    return {r["agentRuntimeArn"] for r in listed if r["status"] == "READY"} >= set(arns)


@contextmanager
def runtime(emulator: Emulator, folder: Path) -> Iterator[tuple[Local, str]]:
    """An agentcore_local with one runtime, and the runtime's ARN."""
    with serving(emulator, folder) as local:
        yield local, deploy(local, archive(main=AGENT))


@contextmanager
def own_emulator(folder: Path) -> Iterator[Emulator]:
    """An emulator with the bucket and the role that `deploy` wants."""
    emulator = Emulator(folder, "AKIA" + secrets.token_hex(8).upper(), secrets.token_hex(20))
    try:
        emulator.start()
        emulator.client("s3").create_bucket(Bucket=BUCKET)
        make_role(emulator.client("iam"))
        yield emulator
    finally:
        emulator.stop()


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="load", allow_abbrev=False)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--bad-percent", type=int, default=10)
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="load-") as name:
        folder = Path(name)
        (folder / "emulator").mkdir()
        (folder / "local").mkdir()
        with own_emulator(folder / "emulator") as emulator, runtime(emulator, folder / "local") as (local, arn):
            asked = {"connections": args.connections, "bad_percent": args.bad_percent}
            report = measure(local, arn, seconds=args.seconds, **asked)
    found = faults(report)
    print(json.dumps(report | {"faults": found}, indent=2))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
