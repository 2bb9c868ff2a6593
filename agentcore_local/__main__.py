"""Entry point: reads flags and the root key, wires the rooms together, serves until told to stop."""

import asyncio
import fcntl
import gc
import logging
import os
import secrets
import signal
import socket
import string
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import aiohttp
import uvloop
from botocore.exceptions import BotoCoreError

from agentcore_local.app import Asgi, SignedPlane, by_prefix, control_permissions, operations, with_health
from agentcore_local.callers import Callers
from agentcore_local.calls import Calls
from agentcore_local.caretaker import Caretaker
from agentcore_local.clients import Clients
from agentcore_local.control import Changes, Names, RuntimeOperations
from agentcore_local.data import DataPlane
from agentcore_local.edge import new_id
from agentcore_local.endpoints import EndpointOperations
from agentcore_local.fetch import AiohttpFetch
from agentcore_local.gate import Gate
from agentcore_local.gateway import assembly as gateway_assembly
from agentcore_local.gateway.plane import PREFIX as GATEWAYS
from agentcore_local.grants import IamReader
from agentcore_local.guard import Guard
from agentcore_local.host import AgentHost
from agentcore_local.identities import Identities
from agentcore_local.identity import assembly as identity_assembly
from agentcore_local.identity.workload import WorkloadTokens
from agentcore_local.image import Images
from agentcore_local.journal import DECISIONS, DecisionFile, Journal
from agentcore_local.keys import KeyStore
from agentcore_local.leash import hide_from_same_user, landlock_abi
from agentcore_local.permissions import Permissions
from agentcore_local.proxy import READ_IDLE_S, Proxy
from agentcore_local.resource_policy import ResourcePolicies
from agentcore_local.roles import Roles
from agentcore_local.rollout import Rollouts
from agentcore_local.serve import listen, serve_until, server
from agentcore_local.sessions import Sessions
from agentcore_local.settings import Settings, parse
from agentcore_local.store import Store
from agentcore_local.upstream.pool import Pool
from agentcore_local.vault import Vault
from agentcore_local.websocket import WebSockets

EXIT_USAGE, EXIT_UNFIT = 2, 5


def iso_now() -> str:
    seconds, rest = divmod(time.time_ns(), 1_000_000_000)
    return f"{_second(seconds)}.{rest // 1_000_000:03}Z"


@lru_cache(maxsize=1)
def _second(number: int) -> str:
    return datetime.fromtimestamp(number, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def suffix() -> str:
    """Ten letters and digits, as the service ends its ids."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(10))


async def run(settings: Settings, control: socket.socket, data: socket.socket, own: socket.socket) -> None:
    """Build everything, serve, and take it down in reverse order."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    store = Store(settings.state_dir / "state.sqlite3")
    decisions = DecisionFile(settings.state_dir / DECISIONS)
    journal = Journal(sys.stderr, store.log_salt(), iso_now, decisions)
    connector = aiohttp.TCPConnector(limit=512, keepalive_timeout=2)  # below what agents' servers wait (5 s)
    options: dict[str, Any] = {"trust_env": False, "auto_decompress": False, "cookie_jar": aiohttp.DummyCookieJar()}
    options["skip_auto_headers"] = ("User-Agent", "Accept-Encoding", "Accept", "Content-Type")
    async with aiohttp.ClientSession(connector=connector, **options) as agents:
        clients = Clients(settings.access_key, settings.secret_key, settings.region, settings.aws_endpoint_url)
        names, changes = Names(settings.region, settings.account, suffix), Changes(store)
        roles = Roles(clients, settings.account, time.time)
        own_url = f"http://127.0.0.1:{own.getsockname()[1]}"
        base_url = f"http://127.0.0.1:{data.getsockname()[1]}"
        vault = Vault(roles, names.runtime_arn, own_url, settings.aws_endpoint_url, journal.event, base_url)
        host = AgentHost(agents, settings.region, journal.event, vault.variables)
        vault.lives = host.lives
        sessions, folder = Sessions(time.monotonic), settings.state_dir / "agents"
        objects = clients("s3")
        images = Images(lambda: clients("codebuild"), objects, settings.region, settings.account)
        rollouts = Rollouts(store, host, objects, images, folder, iso_now, journal.event, sessions.versions)
        caretaker = Caretaker(store, sessions, host, rollouts, time.monotonic, time.time, journal.event)
        tokens = WorkloadTokens(time.time)
        pool = Pool(READ_IDLE_S)
        calls = Calls(store, rollouts, Proxy(pool), sessions, caretaker, new_id, tokens.headers)
        oidc_map = settings.oidc_map
        keys = KeyStore(
            AiohttpFetch(oidc_map),
            time.monotonic,
            is_mapped=oidc_map.maps,
            ttl_s=settings.keys_ttl_s,
            stale_for_s=settings.keys_stale_s,
        )
        callers = Callers(settings.access_key, settings.secret_key, settings.region)
        place = (settings.region, settings.account)
        identities = Identities(agents, settings.aws_endpoint_url, lambda: clients("sqs"), *place)
        iam = IamReader(lambda: clients("iam"))
        permissions = Permissions(callers, identities, iam, store.resource_policy, time.time, *place)
        gate = Gate(permissions, keys, time.time, base_url)
        runtimes = RuntimeOperations(
            store, rollouts, names, changes, gate.check_authorizer, roles.check, iso_now, settings.mmds_v2_default
        )
        endpoints = EndpointOperations(store, rollouts, names, changes, iso_now)
        shared = gateway_assembly.Shared(
            store, names, changes, permissions, journal, clients, agents, iso_now, uuid.uuid4
        )
        behind = gateway_assembly.build(shared, gate, roles, base_url, settings.aws_endpoint_url)
        identity = identity_assembly.build(shared, tokens, oidc_map, time.time)
        operated = operations(
            runtimes, endpoints, ResourcePolicies(store), behind.gateways, behind.targets, identity.providers
        )
        guard, wants = Guard("control", journal, uuid.uuid4), control_permissions(names)
        control_plane = SignedPlane(guard, operated, permissions, wants, "bedrock-agentcore-control")
        data_plane = DataPlane(store, gate, calls, journal, settings.region, settings.account, new_id)
        websockets = WebSockets(data_plane, calls, journal, new_id)
        rollouts.resume()
        behind.settling.resume()
        others: dict[bytes, Asgi] = {GATEWAYS: behind.plane, identity_assembly.PREFIX: identity.plane}
        watch = asyncio.create_task(caretaker.watch())
        ports = {"control": control.getsockname()[1], "data": data.getsockname()[1]}
        journal.event("listening", **ports, pid=os.getpid(), landlock=landlock_abi())
        planes = [
            (server(with_health(control_plane, "control")), control),
            (server(with_health(by_prefix(others, data_plane), "data", websockets), websockets=True), data),
            (server(with_health(vault, "credentials")), own),
        ]
        # What is here stays, and most of what a call makes ends with it: looking for the rest often makes callers wait.
        gc.freeze()
        gc.set_threshold(10_000, 10, 10)
        await serve_until(stop, planes)
        journal.event("stopping")
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        await behind.settling.close()
        await rollouts.close()
        await keys.close()
        pool.close()
        await host.close()
    decisions.close()
    store.close()


def main(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    hide_from_same_user()  # the environment holds the root key, and agents run as the same user
    settings = parse(argv, environment)
    os.umask(0o077)
    for library in ("uvicorn", "mcp"):  # the journal is the log, and theirs could quote a request
        logging.getLogger(library).setLevel(logging.CRITICAL)
    try:
        Callers(settings.access_key, settings.secret_key, settings.region)
    except ValueError as e:
        print(f"agentcore_local: {e}", file=sys.stderr)
        return EXIT_USAGE
    try:
        settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings.state_dir.chmod(0o700)
        with open(settings.state_dir / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with listen(settings.control_port) as control, listen(settings.data_port) as data, listen(0) as own:
                asyncio.Runner(loop_factory=uvloop.new_event_loop).run(run(settings, control, data, own))
    except BlockingIOError:
        print(f"agentcore_local: {settings.state_dir} is in use by another agentcore_local", file=sys.stderr)
        return EXIT_UNFIT
    except BotoCoreError as e:
        print(f"agentcore_local: the AWS configuration of this user cannot be read: {e}", file=sys.stderr)
        return EXIT_UNFIT
    except OSError as e:
        ports = f"ports {settings.control_port} and {settings.data_port}"
        print(f"agentcore_local: cannot start on {ports}: {e.strerror or e}", file=sys.stderr)
        return EXIT_UNFIT
    return 0


if __name__ == "__main__":
    handed_over = dict(os.environ)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        os.environ.pop(name, None)  # for nothing that this process starts
    code = main(sys.argv[1:], handed_over)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)  # all is saved and closed: taking the interpreter apart would take longer than that
