"""A state in a bucket, with the real binary against the real emulator: whose lock is taken away, what is put back."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestration.aws import AccessKey, Clients, StateBucket
from orchestration.errors import TerraformFailed
from orchestration.settings import Endpoints
from orchestration.terraform import Environment, RemoteState, TerraformDriver
from orchestration.terraform.unfinished import unfinished
from tests.contract.cloud import ACCOUNT, REGION, Emulator, eventually

PLACE = RemoteState("inbound-auth-states", "inbound-auth/dev/terraform.tfstate", REGION, path_style=True)
# Needs no provider from anywhere. The command says that Terraform holds the lock, and waits to be let on.
SOURCES = """
terraform {{
  backend "local" {{}}
}}

resource "terraform_data" "slow" {{
  provisioner "local-exec" {{
    command = "touch {0}/held; while [ ! -e {0}/on ] && kill -0 $PPID; do sleep 0.02; done"
  }}
}}
"""


@dataclass
class Operator:
    """A checkout with a deployment of its own in the same bucket."""

    folder: Path
    emulator: Emulator
    notes: list[str] = field(default_factory=list)

    def driver(self) -> TerraformDriver:
        sources, rc = self.folder / "terraform", self.folder / "terraform.rc"
        sources.mkdir(exist_ok=True)
        rc.touch()
        (sources / "main.tf").write_text(SOURCES.format(self.folder))
        variables = {
            "PATH": os.environ["PATH"],
            "TF_CLI_CONFIG_FILE": str(rc),
            "AWS_ENDPOINT_URL": self.emulator.url,
            "AWS_ACCESS_KEY_ID": self.emulator.key,
            "AWS_SECRET_ACCESS_KEY": self.emulator.secret,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        place = Environment("terraform", sources, self.work, variables, remote=PLACE, lock_readonly=False)
        return TerraformDriver(place, note=self.notes.append)

    @property
    def work(self) -> Path:
        return self.folder / "state"

    def let_on(self) -> None:
        (self.folder / "on").touch()

    def begin(self) -> tuple[threading.Thread, list[TerraformFailed]]:
        """Apply until it holds the lock. The thread's end, and how it failed if it did."""
        driver, failures = self.driver(), []
        driver.init()

        def apply() -> None:
            try:
                driver.apply()
            except TerraformFailed as e:
                failures.append(e)

        thread = threading.Thread(target=apply)
        thread.start()
        eventually((self.folder / "held").exists, "an apply that holds the lock")
        return thread, failures


@pytest.fixture
def bucket(emulator: Emulator) -> Iterator[StateBucket]:
    endpoints = Endpoints(emulator.url, emulator.url, emulator.url)
    bucket = StateBucket(Clients(REGION, endpoints, AccessKey(emulator.key, emulator.secret)), PLACE.bucket, ACCOUNT)
    bucket.make()
    yield bucket
    bucket.remove()


@pytest.fixture
def operators(emulator: Emulator, tmp_path: Path) -> Iterator[tuple[Operator, Operator]]:
    both = Operator(tmp_path / "one", emulator), Operator(tmp_path / "other", emulator)
    for one in both:
        one.folder.mkdir()
    yield both
    for one in both:
        one.let_on()


def test_a_lock_is_respected_while_its_holder_lives_and_taken_by_its_heir_alone(
    bucket: StateBucket, operators: tuple[Operator, Operator]
) -> None:
    one, other = operators
    thread, failures = one.begin()
    held = bucket.lock(PLACE)
    stranger = other.driver()
    stranger.init()
    other.let_on()
    for _ in ("while its holder lives", "after it was killed"):
        with pytest.raises(TerraformFailed) as caught:
            stranger.apply()
        assert (caught.value.code, bucket.lock(PLACE)) == ("state_locked", held)
        run = unfinished(one.work)
        assert run is not None
        if thread.is_alive():
            os.kill(run.pid, signal.SIGKILL)
            thread.join(30)
    assert len(failures) == 1
    one.let_on()
    one.driver().apply()
    assert (len(one.notes), other.notes) == (1, [])
    assert "removing the state lock" in one.notes[0]
    assert bucket.lock(PLACE) is None
    state = bucket.state(PLACE)
    assert state is not None and state.resources == 1


def test_a_state_that_the_bucket_did_not_take_is_put_back(
    bucket: StateBucket, operators: tuple[Operator, Operator]
) -> None:
    one, _ = operators
    thread, failures = one.begin()
    bucket.remove()
    one.let_on()
    thread.join(60)
    assert len(failures) == 1
    bucket.make()
    assert one.driver().put_back()
    state = bucket.state(PLACE)
    assert state is not None and state.resources == 1
    assert not one.driver().put_back(), "once"
