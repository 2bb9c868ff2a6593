from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from orchestration.console import Console
from orchestration.embedded.cloud import LocalCloud
from orchestration.errors import BadInput, GateRefused, LaunchFailed, Leftovers, OrchestrationError, Unfit
from orchestration.runtime.function_package import SCORES, SOURCES
from orchestration.settings import Endpoints, Target, aws_endpoints, select_deployment
from orchestration.terraform.interrupts import Interrupts
from orchestration.tools import TargetTools
from orchestration.wiring import nearest, session
from tests.fakes.orchestration import LOCAL_ENDPOINTS, FakeClock, deployment, settings

USER = {
    "PATH": "/bin",
    "HOME": "/home/ann",
    "HTTPS_PROXY": "http://proxy",
    "AWS_PROFILE": "work",
    "AWS_ACCESS_KEY_ID": "AKIAOFTHEUSER",
    "AWS_SECRET_ACCESS_KEY": "secret-of-the-user",
    "AWS_SESSION_TOKEN": "token-of-the-user",
    "AWS_CONFIG_FILE": "/home/ann/.aws/other",
    "AWS_REGION": "eu-west-3",
    "AWS_DEFAULT_REGION": "eu-west-3",
    "AWS_ENDPOINT_URL": "http://stray",
    "AWS_ENDPOINT_URL_S3": "http://stray",
    "BEDROCK_AGENTCORE_CP_ENDPOINT": "http://stray",
    "BEDROCK_AGENTCORE_DP_ENDPOINT": "http://stray",
    "OIDC_CLIENT_SECRET": "secret-of-the-callers-client",
}


def tools(root: Path, target: Target, made: type[TargetTools] = TargetTools) -> TargetTools:
    clock = FakeClock()
    chosen = deployment(root, target)
    cloud = None
    if target is Target.LOCAL:
        cloud = LocalCloud(chosen, USER, clock, lambda line: None)
        cloud.root_key(create=True)
    return made(chosen, USER, Console(clock, err=io.StringIO()), clock, cloud, yes=False)


class Strange(TargetTools):
    """Whose state bucket is a stranger's."""

    def state_store(self, endpoints: Endpoints, bucket: str) -> Any:
        return self

    def check(self) -> None:
        raise GateRefused("somebody else's", remedy="none", code="foreign_bucket")


def test_terraform_is_not_pointed_at_a_bucket_before_somebody_looked_whose_it_is(tmp_path: Path) -> None:
    local = tools(tmp_path, Target.LOCAL, Strange)
    for source in (SOURCES / "handler.py", SCORES):
        (tmp_path / source).parent.mkdir(parents=True)
        (tmp_path / source).touch()
    (tmp_path / "terraform").mkdir()
    with pytest.raises(GateRefused, match="somebody else's"):
        replace(local, env={"STATE_BUCKET": "of-a-stranger"}).terraform(LOCAL_ENDPOINTS)
    assert replace(local, env={}).terraform(LOCAL_ENDPOINTS), "a state in a file asks for no bucket"


@pytest.mark.parametrize(
    ("env", "meant"),
    [
        pytest.param({"AWS_REGION": "mars-1", "ENVIRONMENT": "prod"}, ("local", "prod"), id="region"),
        pytest.param({"LAUNCH_TIMEOUT_S": "nan", "ENVIRONMENT": "prod"}, ("local", "prod"), id="value"),
        pytest.param({"TARGET": "azure", "HOME": "/home/ann"}, ("local", "dev"), id="target"),
    ],
)
def test_doctor_looks_at_the_deployment_that_was_meant(
    tmp_path: Path, env: dict[str, str], meant: tuple[str, str]
) -> None:
    select = partial(select_deployment, root=tmp_path, known_regions=lambda: ["us-east-1"])
    with pytest.raises(BadInput):
        select(env)
    chosen, kept = nearest(select, env)
    assert (chosen.target, chosen.environment, chosen.region) == (*meant, "us-east-1")
    assert kept == {name: value for name, value in env.items() if name not in ("AWS_REGION", "TARGET")}


def test_doctor_cannot_look_at_what_a_flag_names_wrongly(tmp_path: Path) -> None:
    select = partial(select_deployment, root=tmp_path, known_regions=lambda: ["us-east-1"], environment="../x")
    with pytest.raises(BadInput):
        nearest(select, {})


def test_locally_nothing_of_the_users_aws_settings_is_handed_on(tmp_path: Path) -> None:
    local = tools(tmp_path, Target.LOCAL)
    assert local.cloud is not None
    key = local.cloud.root_key()
    given = local._variables(LOCAL_ENDPOINTS)
    assert {name: value for name, value in given.items() if name.startswith("AWS_")} == {
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": key.id,
        "AWS_SECRET_ACCESS_KEY": key.secret,
        "AWS_ENDPOINT_URL": LOCAL_ENDPOINTS.aws,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "3",
    }
    assert given["HOME"] == "/home/ann"
    assert "OIDC_CLIENT_SECRET" not in given
    assert {given[name] for name in ("NO_PROXY", "no_proxy")} == {"127.0.0.1"}


def test_the_toolkit_is_given_the_local_cloud_in_place_of_stray_endpoints(tmp_path: Path) -> None:
    launcher = tools(tmp_path, Target.LOCAL).launcher(settings(tmp_path))
    given = launcher.deployer.variables  # type: ignore[attr-defined]
    assert given["BEDROCK_AGENTCORE_CP_ENDPOINT"] == LOCAL_ENDPOINTS.control_plane
    assert given["BEDROCK_AGENTCORE_DP_ENDPOINT"] == LOCAL_ENDPOINTS.data_plane


@pytest.mark.parametrize(("target", "poll_s"), [(Target.AWS, 1.0), (Target.LOCAL, 0.1)])
def test_the_toolkit_asks_aws_no_more_than_once_a_second(tmp_path: Path, target: Target, poll_s: float) -> None:
    assert tools(tmp_path, target).toolkit(LOCAL_ENDPOINTS, 60.0).poll_s == poll_s


def test_on_aws_every_endpoint_override_is_dropped_and_the_rest_handed_on(tmp_path: Path) -> None:
    given = tools(tmp_path, Target.AWS)._variables(aws_endpoints("us-east-1"))
    dropped = {name for name in USER if name.startswith(("AWS_ENDPOINT_URL", "BEDROCK_AGENTCORE_", "OIDC_"))}
    region = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    assert given == {name: value for name, value in USER.items() if name not in dropped} | region | {
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"
    }


# -- session


@pytest.fixture(autouse=True)
def _the_umask_of_before() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(OrchestrationError("it broke", remedy="mend it"), 1, id="failed"),
        pytest.param(LaunchFailed("it broke", remedy="mend it"), 1, id="launch"),
        pytest.param(BadInput("it broke", remedy="mend it"), 2, id="input"),
        pytest.param(Leftovers("it broke", remedy="mend it"), 4, id="leftovers"),
        pytest.param(Unfit("it broke", remedy="mend it"), 5, id="unfit"),
    ],
)
def test_an_error_is_one_line_a_remedy_and_its_exit_code(
    error: OrchestrationError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught, session("local"):
        raise error
    assert caught.value.code == code
    assert capsys.readouterr() == ("", f"error [{error.code}]: it broke\nremedy: mend it\n")


def test_a_bad_flag_is_an_error_like_any_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught, session("azure"):
        pytest.fail("a project for no target")
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0] == "error [bad_target]: TARGET is 'azure'"
    assert len(err.splitlines()) == 2


def test_ctrl_c_is_one_line_and_130(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught, session("local"):
        raise KeyboardInterrupt
    assert caught.value.code == 130
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "interrupted\n"


def test_what_was_being_changed_has_its_own_words(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), session("local"):
        interrupt = KeyboardInterrupt()
        interrupt.add_note("nothing is lost")
        raise interrupt
    assert capsys.readouterr().err == "interrupted; nothing is lost\n"


@contextmanager
def begun_with(number: signal.Signals, handler: signal.Handlers) -> Iterator[None]:
    before = signal.signal(number, handler)
    yield
    signal.signal(number, before)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_termination_signal_is_like_ctrl_c_but_for_its_exit_code(number: signal.Signals, code: int) -> None:
    with begun_with(number, signal.SIG_DFL), pytest.raises(SystemExit) as caught, session("local"):
        os.kill(os.getpid(), number)
    assert caught.value.code == code


@pytest.mark.parametrize("taken", [lambda: session("local"), Interrupts], ids=["command", "terraform"])
def test_a_command_that_nohup_started_goes_on_when_its_terminal_is_closed(
    taken: Callable[[], AbstractContextManager[Any]],
) -> None:
    with begun_with(signal.SIGHUP, signal.SIG_IGN), taken() as inside:
        os.kill(os.getpid(), signal.SIGHUP)
    assert not getattr(inside, "came", False)


def test_the_signal_handler_of_before_is_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with session("local"):
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_fault_of_ours_is_not_dressed_up_as_the_users() -> None:
    with pytest.raises(ZeroDivisionError), session("local"):
        raise ZeroDivisionError


def test_files_are_made_for_the_owner_alone() -> None:
    with session("local"):
        assert os.umask(0o077) == 0o077


def test_flags_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET", "aws")
    monkeypatch.setenv("ENVIRONMENT", "prod")
    with session("local", "qa") as project:
        assert project.steps.deployment.state_dir.name == "local-qa"


def test_locally_a_missing_aws_profile_is_nobodys_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "a-profile-that-is-not-there")
    with session("local") as project:
        assert project.steps.deployment.region == "us-east-1"


def test_only_the_local_target_has_a_cloud() -> None:
    with session("local") as local, session("aws") as aws:
        assert local.steps.cloud is not None
        assert local.steps.fixed_endpoints is None
        assert aws.steps.cloud is None
        assert aws.steps.fixed_endpoints == aws_endpoints("us-east-1")
