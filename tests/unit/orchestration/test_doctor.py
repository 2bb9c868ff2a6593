from __future__ import annotations

import errno
import io
import json
import os
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from orchestration.clock import SystemClock
from orchestration.commands.doctor import Doctor
from orchestration.console import Console
from orchestration.doctor import account, machine, traces
from orchestration.doctor.findings import LEAST_S, SLOW_TOTAL_S, TOTAL_S, Check, Finding, Severity, examine, fine, said
from orchestration.embedded.cloud import LocalCloud
from orchestration.embedded.daemon import free_port
from orchestration.errors import BadInput, OrchestrationError, Unfit, of_system
from orchestration.http import Issuer
from orchestration.ledger import Ledger, LedgerFile, Ports, RuntimeRecord
from orchestration.lock import exclusive
from orchestration.machine import require_room
from orchestration.settings import Endpoints, Target, aws_endpoints
from orchestration.steps import Steps
from orchestration.terraform.mirror import PROVIDER
from orchestration.tools import TargetTools
from tests.fakes.orchestration import (
    COGNITO,
    DOOR,
    PLAIN,
    RUNTIME_ARN,
    RUNTIME_ID,
    FakeClock,
    FakeControl,
    deployment,
    observed,
    settings,
)

SCHEMA = Path(__file__).resolve().parents[3] / "docs/schemas/doctor.schema.json"
OUTPUTS: Mapping[str, Any] = {"handoff_version": 2, **PLAIN, **DOOR, **COGNITO}
LEDGER = Ledger("local", "dev", "us-east-1", account="000000000000")


@dataclass
class Bed:
    """A machine on which all is well. Seeds spoil one thing of it."""

    root: Path
    env: dict[str, str]
    target: Target = Target.LOCAL
    umask: int = 0o022
    cloud: type[LocalCloud] = LocalCloud

    @property
    def state_dir(self) -> Path:
        return deployment(self.root, self.target).state_dir

    def ledger(self, ledger: Ledger = LEDGER) -> None:
        (self.root / ".state").mkdir(mode=0o700, exist_ok=True)
        LedgerFile(self.state_dir / "ledger.json").save(ledger)

    def write(self, name: str, text: str, mode: int = 0o600) -> None:
        path = self.state_dir / name
        for folder in reversed([p for p in path.parents if p.is_relative_to(self.root / ".state")]):
            folder.mkdir(mode=0o700, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def doctor(self, refused: OrchestrationError | None = None) -> Doctor:
        clock, chosen = SystemClock(), deployment(self.root, self.target)
        console = Console(clock, quiet=True, out=io.StringIO(), err=io.StringIO())
        local = self.target is Target.LOCAL
        cloud = self.cloud(chosen, self.env, clock, console.note) if local else None
        tools = Offline(chosen, self.env, console, clock, cloud, yes=False)
        ends = None if local else aws_endpoints(chosen.region)
        return Doctor(Steps(chosen, self.env, tools, console, clock, cloud, ends), refused, self.umask)

    def apply(self, cloud: type[LocalCloud] | None = None) -> None:
        """Something is applied, and its cloud is up."""
        self.cloud = cloud or UpCloud
        made = RuntimeRecord("mortgage_dev", RUNTIME_ID, RUNTIME_ARN)
        self.ledger(LEDGER.with_ports(Ports(1, 2, 3)).with_runtime(made))
        state = {"serial": 1, "resources": [{"mode": "managed", "type": "x", "name": "y", "instances": [{}]}]}
        self.write("terraform.tfstate", json.dumps({**state, "outputs": {k: {"value": v} for k, v in OUTPUTS.items()}}))


class UpCloud(LocalCloud):
    def require_running(self, ports: Ports | None, *, asked: bool = True) -> Ports:
        assert ports is not None
        return ports


class FailedCloud(UpCloud):
    """Where the newest version of the runtime failed."""


class EmptyCloud(UpCloud):
    """Where no runtime is."""


class Offline(TargetTools):
    """Nobody outside this machine tells the time."""

    def provider(self, endpoints: Endpoints, discovery_url: str) -> Any:
        return self

    def time(self) -> None:
        return None

    def control(self, endpoints: Endpoints) -> Any:
        if isinstance(self.cloud, FailedCloud):
            return FakeControl(replace(observed(), version="2", status="UPDATE_FAILED"), serves="1")
        return FakeControl(None if isinstance(self.cloud, EmptyCloud) else observed())

    def issuer(self) -> Issuer:
        return Issuer("https://issuer", [{"kid": "a-key"}])


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    before = os.umask(0o077)  # as every command sets it
    (tmp_path / "requirements.lock").write_text(f"filelock=={version('filelock')} \\\n    --hash=sha256:00\n# note\n")
    (tmp_path / "terraform").mkdir()
    (tmp_path / "mirror" / PROVIDER / "5.100.0").mkdir(parents=True)
    terraform(tmp_path, "1.11.4")
    yield Bed(
        tmp_path,
        {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "TERRAFORM": str(tmp_path / "terraform-binary"),
            "TF_PROVIDER_MIRROR": str(tmp_path / "mirror"),
            "OIDC_REDIRECT_URL": f"http://localhost:{free_port()}/callback",
        },
    )
    os.umask(before)


def terraform(root: Path, number: str) -> None:
    binary = root / "terraform-binary"
    binary.write_text(f'#!/bin/sh\necho \'{{"terraform_version": "{number}"}}\'\n')
    binary.chmod(0o700)


def program(root: Path, text: str) -> None:
    (root / "terraform-binary").write_text(f"#!/bin/sh\n{text}\n")


def given(**env: str) -> Callable[[Bed], None]:
    return lambda bed: bed.env.update(env)


def at_work(bed: Bed) -> AbstractContextManager[None]:
    (bed.root / ".state").mkdir(mode=0o700)
    return exclusive(bed.state_dir)


@contextmanager
def few_files(bed: Bed) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (machine.MINIMUM_FILES - 1, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@contextmanager
def taken_port(bed: Bed) -> Iterator[None]:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        bed.env["LOCAL_AWS_PORT"] = str(s.getsockname()[1])
        yield


@contextmanager
def stray(bed: Bed) -> Iterator[subprocess.Popen[bytes]]:
    folder = bed.state_dir / "cloud"
    folder.mkdir(mode=0o700, parents=True)
    (bed.root / ".state").chmod(0o700)
    bed.state_dir.chmod(0o700)
    ready = "print(flush=True); import sys; sys.stdin.read()"
    argv = [sys.executable, "-I", "-S", "-c", ready, "ministack"]
    with subprocess.Popen(argv, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def later_ledger(bed: Bed) -> None:
    bed.ledger()
    path = bed.state_dir / "ledger.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 99}))


@contextmanager
def taken_callback(bed: Bed) -> Iterator[None]:
    with socket.socket() as s:
        s.bind(("127.0.0.1", int(bed.env["OIDC_REDIRECT_URL"].split(":")[2].split("/")[0])))
        s.listen()
        yield


def applied_by(text: str) -> Callable[[Bed], None]:
    """Something is applied, and TERRAFORM is a program of that text now."""

    def seed(bed: Bed) -> None:
        bed.apply()
        program(bed.root, text)

    return seed


def without_state(bed: Bed) -> None:
    bed.apply()
    (bed.state_dir / "terraform.tfstate").unlink()


def umasked(umask: int) -> Callable[[Bed], None]:
    return lambda bed: setattr(bed, "umask", umask)


WARNED = frozenset(
    "no_git few_files proxy_hides_loopback aws_redirected no_cli_config stray_process stale_pid terraform_left "
    "open_umask runtime_failed".split()
)


@pytest.mark.enable_socket
def test_where_all_is_well_nothing_is_found_and_nothing_is_made(bed: Bed) -> None:
    before = sorted(bed.root.rglob("*"))
    diagnosis = bed.doctor().examine()
    assert (diagnosis.troubles, diagnosis.blocked) == ((), False)
    assert sorted(bed.root.rglob("*")) == before


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("code", "seed"),
    [
        pytest.param("terraform_missing", given(TERRAFORM="/nowhere/terraform"), id="no-terraform"),
        pytest.param("terraform_too_old", lambda bed: terraform(bed.root, "1.10.9"), id="old-terraform"),
        pytest.param("terraform_missing", applied_by("echo hello"), id="no-terraform-but-another-program"),
        pytest.param("terraform_missing", applied_by("exit 3"), id="a-program-that-says-nothing"),
        pytest.param("terraform_too_old", applied_by('echo \'{"terraform_version": "1.5.7"}\''), id="old-and-applied"),
        pytest.param("bad_provider_mirror", given(TF_PROVIDER_MIRROR="/nowhere"), id="mirror-without-provider"),
        pytest.param(
            "packages_differ",
            lambda bed: (bed.root / "requirements.lock").write_text("filelock==0.0.1\n"),
            id="other-version",
        ),
        pytest.param(
            "packages_differ",
            lambda bed: (bed.root / "requirements.lock").write_text("no-such-package==1.0\n"),
            id="missing-package",
        ),
        pytest.param("no_git", given(PATH="/nowhere"), id="no-git"),
        pytest.param("few_files", few_files, id="few-files"),
        pytest.param("proxy_hides_loopback", given(HTTPS_PROXY="http://p:1"), id="proxy"),
        pytest.param(
            "proxy_hides_loopback", given(http_proxy="http://p:1", no_proxy="127.0.0.1"), id="proxy-hides-localhost"
        ),
        pytest.param("aws_redirected", given(AWS_ENDPOINT_URL_S3="http://stray"), id="stray-endpoint"),
        pytest.param("no_cli_config", given(TF_CLI_CONFIG_FILE="/nowhere/rc"), id="no-cli-configuration"),
        pytest.param("corrupt_ledger", lambda bed: bed.write("ledger.json", "{"), id="corrupt-ledger"),
        pytest.param("newer_ledger", later_ledger, id="later-ledger"),
        pytest.param("region_differs", lambda bed: bed.ledger(Ledger("local", "dev", "eu-west-3")), id="other-region"),
        pytest.param("corrupt_state", lambda bed: bed.write("terraform.tfstate", "{"), id="corrupt-state"),
        pytest.param("state_exposed", lambda bed: bed.write("root-key.json", "{}", 0o640), id="group-reads-a-key"),
        pytest.param("corrupt_tokens", lambda bed: bed.write("tokens/tokens.json", "{"), id="corrupt-tokens"),
        pytest.param("port_taken", taken_port, id="taken-port"),
        pytest.param("bad_port", given(LOCAL_DATA_PORT="80"), id="port-of-the-system"),
        pytest.param("stray_process", stray, id="daemon-without-a-pid-file"),
        pytest.param("stale_pid", lambda bed: bed.write("cloud/ministack.pid", '{"pid": 1, "created": 1}'), id="pid"),
        pytest.param("deployment_locked", at_work, id="another-command-at-work"),
        pytest.param("terraform_left", lambda bed: bed.write(".terraform.tfstate.lock.info", "{}"), id="state-lock"),
        pytest.param(
            "local_cloud_down",
            lambda bed: bed.ledger(LEDGER.with_ports(Ports(free_port(), free_port(), free_port()))),
            id="dead-cloud",
        ),
        pytest.param("runtime_failed", lambda bed: bed.apply(FailedCloud), id="version-that-failed"),
        pytest.param("not_launched", lambda bed: bed.apply(EmptyCloud), id="nothing-launched"),
        pytest.param("not_applied", without_state, id="interrupted-before-apply"),
        pytest.param("port_taken", taken_callback, id="taken-callback"),
        pytest.param("no_loopback_url", given(OIDC_REDIRECT_URL="https://elsewhere/back"), id="callback-elsewhere"),
        pytest.param("open_umask", umasked(0o002), id="group-may-write"),
        pytest.param("open_umask", umasked(0o020), id="all-may-write"),
        pytest.param("local_cloud_absent", lambda bed: bed.ledger(), id="cloud-that-never-was"),
    ],
)
def test_a_seeded_defect_is_its_one_line(bed: Bed, code: str, seed: Callable[[Bed], Any]) -> None:
    spoiled = seed(bed)
    with spoiled if isinstance(spoiled, AbstractContextManager) else nullcontext():
        diagnosis = bed.doctor().examine()
    assert [found.code for found in diagnosis.troubles] == [code]
    assert all(found.remedy and "\n" not in found.message for found in diagnosis.troubles)
    browser = {found.check for found in diagnosis.troubles} == {"sign-in"}
    assert diagnosis.blocked is not (code in WARNED or browser)
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(diagnosis.document())


@pytest.mark.enable_socket
def test_what_is_applied_is_found_without_a_start_of_terraform_but_for_its_version(bed: Bed) -> None:
    bed.apply()
    program(bed.root, f'echo "$1" >> {bed.root}/runs; echo \'{{"terraform_version": "1.11.4"}}\'')
    diagnosis = bed.doctor().examine()
    assert diagnosis.troubles == ()
    assert "mortgage_dev is applied" in [found.message for found in diagnosis.findings]
    assert (bed.root / "runs").read_text().split() == ["version"]


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    "code", [pytest.param("bad_target", id="target"), pytest.param("bad_environment", id="environment")]
)
def test_no_deployment_is_looked_at_where_none_is_chosen(bed: Bed, code: str) -> None:
    bed.write("ledger.json", "{")
    diagnosis = bed.doctor(BadInput("ENVIRONMENT is 'x!'", remedy="choose", code=code)).examine()
    assert [found.code for found in diagnosis.troubles] == [code]


@pytest.mark.enable_socket
def test_a_model_provider_that_is_none_does_not_hide_what_is_applied(bed: Bed) -> None:
    bed.apply()
    bed.env["MODEL_PROVIDER"] = "foo"
    diagnosis = bed.doctor(BadInput("MODEL_PROVIDER is 'foo'", remedy="use bedrock")).examine()
    assert [found.check for found in diagnosis.troubles] == ["choice"]
    assert "mortgage_dev is applied" in [found.message for found in diagnosis.findings]


@pytest.mark.enable_socket
def test_what_the_toolkit_packs_may_have_modes_of_its_own(bed: Bed) -> None:
    bed.write("build/tmp/file.py", "", 0o644)
    (bed.state_dir / "build/tmp").chmod(0o755)
    assert bed.doctor().examine().troubles == ()


@pytest.mark.enable_socket
def test_a_state_that_may_not_be_written_is_told_in_the_words_of_the_command(bed: Bed) -> None:
    bed.ledger()
    chosen = deployment(bed.root)

    def refuses(path: Path, mode: int) -> bool:
        return path != bed.state_dir

    with pytest.raises(Unfit) as caught:
        list(traces.writing(chosen, refuses))
    of_command = of_system(PermissionError(errno.EACCES, "Permission denied", str(bed.state_dir / "lock")))
    assert (caught.value.code, caught.value.message, caught.value.remedy) == (
        "no_access",
        of_command.message,
        of_command.remedy,
    )
    assert str(bed.state_dir) in caught.value.remedy
    assert [found.severity for found in traces.writing(chosen)] == [Severity.OK]


@pytest.mark.enable_socket
def test_a_disk_of_the_states_own_is_measured(bed: Bed) -> None:
    full = Path("/proc/self")  # a file system with no room at all
    with pytest.raises(Unfit) as caught:
        list(machine.room(bed.root, full))
    assert caught.value.code == "disk_full"
    assert len(list(machine.room(bed.root, bed.root / "not" / "yet"))) == 1


# -- fix


@pytest.mark.enable_socket
def test_fix_mends_what_is_safe_and_says_what_it_did(bed: Bed) -> None:
    with stray(bed) as left:
        bed.ledger()
        bed.write("root-key.json", "{}", 0o644)
        bed.write(".terraform.tfstate.lock.info", "{}")
        bed.write("cloud/ministack.pid", '{"pid": 1, "created": 1}')
        found = {found.code for found in bed.doctor().examine().troubles}
        assert {"state_exposed", "terraform_left", "stray_process", "stale_pid"} <= found
        done = bed.doctor().fix()
        assert [word in "\n".join(done) for word in ("mode 644 is now 600", "told to end", "removed")] == [True] * 3
        left.wait(timeout=10)
    assert [found.code for found in bed.doctor().examine().troubles] == ["local_cloud_absent"]
    assert bed.doctor().fix() == []


@pytest.mark.enable_socket
def test_fix_touches_nothing_while_a_command_is_at_work(bed: Bed) -> None:
    with at_work(bed):
        bed.write("root-key.json", "{}", 0o644)
        with pytest.raises(Unfit) as caught:
            bed.doctor().fix()
        assert caught.value.code == "deployment_locked"
    assert (bed.state_dir / "root-key.json").stat().st_mode & 0o777 == 0o644


@pytest.mark.enable_socket
def test_fix_makes_no_folder_where_nothing_was_made(bed: Bed) -> None:
    assert (bed.doctor().fix(), (bed.root / ".state").exists()) == ([], False)


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("code", "env"),
    [
        pytest.param("no_credentials", {}, id="no-credentials"),
        pytest.param("bad_profile", {"AWS_PROFILE": "nobody"}, id="no-such-profile"),
    ],
)
def test_on_aws_one_line_says_why_nothing_can_be_asked(
    bed: Bed, code: str, env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    for name, value in {**nothing, "AWS_EC2_METADATA_DISABLED": "true", **env}.items():
        monkeypatch.setenv(name, value)
    bed.target = Target.AWS
    diagnosis = bed.doctor().examine()
    assert [(found.code, found.severity) for found in diagnosis.troubles] == [(code, Severity.BLOCKS)]


@pytest.mark.enable_socket
def test_a_wrong_choice_of_the_environment_is_a_finding_beside_the_others(bed: Bed) -> None:
    refused = BadInput("MODEL_ID is '*'", remedy="use the id of a model", code="bad_input")
    bed.env["LOCAL_DATA_PORT"] = "80"
    codes = [found.code for found in bed.doctor(refused).examine().troubles]
    assert codes == ["bad_input", "bad_port"]


def test_too_little_room_is_refused_with_both_numbers(tmp_path: Path) -> None:
    with pytest.raises(Unfit, match=r"MB left, 1099511627776 MB are needed") as caught:
        require_room(tmp_path / "not" / "yet", needed=2**60)
    assert caught.value.code == "disk_full"
    assert require_room(tmp_path, needed=1) > 0


# -- examine


def test_what_hangs_is_one_warning_however_many_wait_for_it_and_costs_nobody_else_an_answer() -> None:
    release = threading.Event()

    def hang() -> list[Finding]:
        release.wait()
        return []

    checks = [Check("slow", hang), Check("quick", lambda: [fine("well")]), Check("waits too", hang)]
    diagnosis = examine(checks, SystemClock(), deadline_s=0.05)
    release.set()
    assert [(found.check, found.code) for found in diagnosis.findings] == [
        ("quick", ""),
        ("deadline", "check_timed_out"),
    ]
    assert diagnosis.findings[1].message.endswith("slow, waits too")
    assert not diagnosis.blocked


@pytest.mark.enable_socket
def test_a_dead_cloud_is_told_and_nothing_is_called_well_where_no_time_is_left(bed: Bed) -> None:
    """As on a machine with much to do: what costs nothing is looked at, whatever the deadline."""
    bed.ledger(LEDGER.with_ports(Ports(free_port(), free_port(), free_port())))
    doctor, release = bed.doctor(), threading.Event()

    def hang() -> Iterator[Finding]:
        release.wait()
        return iter(())

    busy = [check if check.cheap else replace(check, look=hang) for check in doctor.checks()]
    diagnosis = examine(busy, SystemClock(), deadline_s=0.01)
    release.set()
    assert {"modes", "ports", "processes", "ledger"} <= {found.check for found in diagnosis.findings}
    down, unknown, rest = diagnosis.troubles
    assert (down.check, down.code, down.severity) == ("processes", "local_cloud_down", Severity.BLOCKS)
    assert (unknown.code, unknown.severity) == ("check_timed_out", Severity.BLOCKS)
    assert unknown.message.endswith(": deployment, runtime")
    assert (rest.code, rest.severity) == ("check_timed_out", Severity.WARNS)
    assert "identity provider" in rest.message


@pytest.mark.enable_socket
def test_the_whole_command_answers_within_five_seconds_its_own_start_included(bed: Bed) -> None:
    given_s: list[float] = []

    def examined(checks: object, clock: object, deadline_s: float) -> Any:
        given_s.append(deadline_s)

    steps = bed.doctor().steps
    for spent_s in (0.0, 1.1, 4.0, 60.0):
        Doctor(steps, spent_s=spent_s, look=examined).examine()
    assert given_s == [TOTAL_S, TOTAL_S - 1.1, SLOW_TOTAL_S - 4.0, LEAST_S]
    assert TOTAL_S < 5
    assert SLOW_TOTAL_S < 10


def test_a_fault_of_ours_is_not_dressed_up_as_the_machines() -> None:
    def broken() -> list[Finding]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        examine([Check("one", broken)], SystemClock())


def test_an_echo_is_left_out_where_another_check_says_it() -> None:
    def fails(message: str) -> Callable[[], list[Finding]]:
        return lambda: [said(Unfit(message, remedy="mend it", code="no_credentials"))]

    echo = Check("model", fails("bedrock says so"), echoes=True)
    assert len(examine([echo], SystemClock()).findings) == 1
    both = examine([echo, Check("credentials", fails("sts says so"))], SystemClock())
    assert [found.check for found in both.findings] == ["credentials"]


def test_warnings_alone_do_not_block() -> None:
    mild = said(Unfit("it is down", remedy="make up", code="local_cloud_down"), Severity.WARNS)
    assert not examine([Check("one", lambda: [mild])], SystemClock()).blocked


# -- account


@dataclass
class FakeInspector:
    agents_there: int = 0
    roles_there: int = 0
    bound: str | None = None
    error: OrchestrationError | None = None

    def identity(self) -> Any:
        raise AssertionError("the checks of an account are given who asks")

    def require_model(self, model_id: str) -> str:
        if self.error:
            raise self.error
        return model_id

    def agents(self) -> tuple[int, int]:
        return self.agents_there, 1000

    def roles(self) -> tuple[int, int]:
        return self.roles_there, 1000

    def boundary(self, role_arn: str) -> str | None:
        return self.bound


@pytest.mark.parametrize(
    ("off", "severity"),
    [
        pytest.param(0.0, Severity.OK, id="right"),
        pytest.param(-30.0, Severity.OK, id="half-a-minute"),
        pytest.param(31.0, Severity.WARNS, id="ahead"),
        pytest.param(-299.0, Severity.WARNS, id="behind"),
        pytest.param(300.0, Severity.BLOCKS, id="signatures-refused"),
        pytest.param(-3600.0, Severity.BLOCKS, id="an-hour-behind"),
    ],
)
def test_a_wrong_clock_is_told_by_how_wrong_it_is(off: float, severity: Severity) -> None:
    clock = FakeClock()
    [found] = account.skew("https://issuer", clock.now() - off, clock)
    assert found.severity is severity
    assert found.code == ("" if severity is Severity.OK else "clock_skew")


def test_a_provider_without_keys_is_told() -> None:
    [found] = account.provider("https://issuer", lambda: Issuer("https://issuer", []))
    assert found.code == "no_keys"


def test_a_nearly_full_account_and_a_role_without_bounds_are_warnings() -> None:
    full = FakeInspector(agents_there=997, roles_there=995)
    found = [
        *account.agents_quota(full),
        *account.roles_quota(full),
        *account.boundary(FakeInspector(), settings()),
    ]
    assert [(f.code, f.severity) for f in found] == [
        ("quota_near", Severity.WARNS),
        ("quota_near", Severity.WARNS),
        ("no_boundary", Severity.WARNS),
    ]
    well = [
        *account.agents_quota(FakeInspector(995)),
        *account.roles_quota(FakeInspector(roles_there=994)),
        *account.boundary(FakeInspector(bound="arn:aws:iam::1:policy/b"), settings()),
    ]
    assert {f.severity for f in well} == {Severity.OK}


def test_whoever_may_not_ask_for_a_model_is_not_stopped_but_one_without_the_model_is() -> None:
    def asked(code: str) -> Iterator[Finding]:
        refused = FakeInspector(error=Unfit("refused", remedy="ask", code=code))
        return account.if_allowed(lambda: account.model(refused, "bedrock", "global.maker.model"))

    assert [f.severity for f in asked("access_denied")] == [Severity.NOT_ASKED]
    with pytest.raises(Unfit):
        list(asked("no_model_access"))
    assert [f.severity for f in account.model(FakeInspector(), "scripted", "x")] == [Severity.NOT_ASKED]
