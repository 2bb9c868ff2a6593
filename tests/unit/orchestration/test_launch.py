from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.errors import GateRefused, LaunchFailed
from orchestration.ledger import RuntimeRecord
from orchestration.runtime.launch import Launched, Launcher
from orchestration.runtime.spec import RuntimeSpec, desired_spec
from orchestration.settings import own_tags
from tests.fakes.orchestration import (
    IMAGE,
    IMAGES,
    OUTPUTS,
    RUNTIME_ARN,
    RUNTIME_ID,
    FakeClock,
    FakeControl,
    FakeDeployer,
    observed,
    settings,
)


class Scene:
    """A launcher with an agent on disk; `answers` are the data plane's statuses, the last one for ever."""

    def __init__(self, tmp_path: Path, control: FakeControl) -> None:
        agent = tmp_path / "agent"
        agent.mkdir()
        (agent / "main.py").write_text("print()\n")
        (agent / "requirements.txt").write_text("\n")
        self.control = control
        self.deployer = FakeDeployer(control)
        self.clock = FakeClock()
        self.notes: list[str] = []
        self.made: list[RuntimeRecord] = []
        self.artifact: str | None = "v1"
        self.digests: dict[str, str] = {IMAGE: "sha256:1"}
        self.answers = [401]
        self.asked: list[str] = []
        self.launcher = Launcher(
            settings=settings(tmp_path),
            agent_dir=agent,
            control=control,
            deployer=self.deployer,
            answers=self._answer,
            artifact_version=lambda bucket, key: self.artifact,
            image_digest=lambda uri: self.digests.get(uri),
            clock=self.clock,
            note=self.notes.append,
            poll_s=1.0,
        )
        self.spec = desired_spec(settings(tmp_path), self.launcher._stage().digest)

    def _answer(self, arn: str) -> int:
        self.asked.append(arn)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def launch(self, known_id: str | None = None) -> Launched:
        """With a ledger that remembers the id, or with none."""
        known = RuntimeRecord(OUTPUTS["agent_runtime_name"], known_id, RUNTIME_ARN, "v1") if known_id else None
        return self.launcher.launch(known, self.made.append)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path, FakeControl())


def live(scene: Scene, **changes: object) -> None:
    scene.control.live = observed(replace(scene.spec, **changes))  # type: ignore[arg-type]


def test_nothing_there_is_created_and_waited_for(scene: Scene) -> None:
    scene.deployer.statuses = ["CREATING"]
    launched = scene.launch()
    assert launched.changed == ("created",)
    assert launched.runtime == observed(scene.spec)
    assert [sent for sent, _ in scene.deployer.launched] == [scene.spec]
    assert scene.clock.slept == [1.0]


def test_the_staged_copy_is_what_the_toolkit_gets(scene: Scene) -> None:
    scene.launch()
    [(_, staged)] = scene.deployer.launched
    assert staged.source_dir == scene.launcher.settings.deployment.state_dir / "build" / "src"
    assert (staged.source_dir / "main.py").exists()


def test_an_equal_runtime_is_kept_and_its_door_still_asked(scene: Scene) -> None:
    live(scene)
    launched = scene.launch(RUNTIME_ID)
    assert launched.changed == ()
    assert scene.deployer.launched == []
    assert scene.made == [RuntimeRecord(OUTPUTS["agent_runtime_name"], RUNTIME_ID, RUNTIME_ARN, "v1")]
    assert scene.asked == [RUNTIME_ARN]


def shipped_as_image(tmp_path: Path, scene: Scene, image: str = "") -> None:
    """The same scene, with outputs that ask for a container."""
    asked = settings(tmp_path, **IMAGES)
    scene.launcher = replace(scene.launcher, settings=replace(asked, image=image))
    scene.spec = scene.launcher.asked()


def image_record() -> RuntimeRecord:
    name = OUTPUTS["agent_runtime_name"]
    return RuntimeRecord(name, RUNTIME_ID, RUNTIME_ARN, image=IMAGE, image_digest="sha256:1", source_digest="5" * 64)


def test_an_image_is_recorded_with_its_digests_and_no_package_is_looked_for(tmp_path: Path, scene: Scene) -> None:
    shipped_as_image(tmp_path, scene)
    scene.artifact = "of-another-time"
    launched = scene.launch()
    assert (launched.image, launched.artifact_version) == (IMAGE, None)
    assert launched.runtime.spec.image == IMAGE
    assert scene.made[-1] == image_record()


def test_the_image_that_was_launched_is_kept_with_its_record(tmp_path: Path, scene: Scene) -> None:
    shipped_as_image(tmp_path, scene, IMAGE)
    live(scene)
    assert scene.launcher.launch(image_record(), scene.made.append).changed == ()
    assert scene.deployer.launched == []
    assert scene.made == [image_record()]


@pytest.mark.parametrize(
    ("lives", "digest", "changed"),
    [
        pytest.param(IMAGE, None, ("artifact",), id="deleted-from-the-repository"),
        pytest.param(IMAGE, "sha256:2", ("artifact",), id="another-under-its-tag"),
        pytest.param(IMAGE.replace("dev:", "dev:x"), "sha256:1", ("image",), id="another-is-live"),
    ],
)
def test_an_image_that_is_not_the_launched_one_is_built_again(
    tmp_path: Path, scene: Scene, lives: str, digest: str | None, changed: tuple[str, ...]
) -> None:
    shipped_as_image(tmp_path, scene, IMAGE)
    scene.digests = {IMAGE: digest} if digest else {}
    live(scene, image=lives)
    assert scene.launcher.launch(image_record(), scene.made.append).changed == changed


def test_going_back_to_code_uploads_it_and_forgets_the_image(scene: Scene) -> None:
    live(scene, image=IMAGE, bucket="", key="", entry_point=(), code_runtime="")
    launched = scene.launcher.launch(image_record(), scene.made.append)
    assert launched.changed == ("bucket", "key", "entry_point", "code_runtime", "image")
    assert scene.made[-1] == RuntimeRecord(OUTPUTS["agent_runtime_name"], RUNTIME_ID, RUNTIME_ARN, "v1")


@pytest.mark.parametrize("there", [False, True], ids=["created", "updated"])
def test_what_is_launched_says_whose_it_is(scene: Scene, there: bool) -> None:
    if there:
        live(scene, protocol="MCP")
    scene.launch(RUNTIME_ID if there else None)
    assert scene.control.tags(RUNTIME_ARN) == own_tags("mortgage", "dev")


@pytest.mark.parametrize(
    ("known_id", "tags", "refused"),
    [(None, "payroll", True), (None, "mortgage", False), (RUNTIME_ID, "payroll", False), ("a-1", "payroll", True)],
    ids=["anothers", "ours", "recorded", "another-is-recorded"],
)
def test_a_runtime_of_our_name_that_says_it_is_anothers_is_left_alone(
    scene: Scene, known_id: str | None, tags: str, refused: bool
) -> None:
    live(scene)
    scene.control.tag(RUNTIME_ARN, {"Project": tags})
    if not refused:
        assert scene.launch(known_id).runtime.id == RUNTIME_ID
        return
    with pytest.raises(GateRefused) as caught:
        scene.launch(known_id)
    assert (caught.value.code, scene.deployer.launched) == ("of_another", [])


def test_a_different_runtime_is_updated_and_the_fields_are_shown(scene: Scene) -> None:
    live(scene, authorizer={}, bucket="other")
    launched = scene.launch(RUNTIME_ID)
    assert launched.changed == ("authorizer", "bucket")
    assert len(scene.deployer.launched) == 1
    assert any("authorizer, bucket" in line for line in scene.notes)


def test_changed_agent_files_are_an_update(scene: Scene) -> None:
    live(scene)
    (scene.launcher.agent_dir / "main.py").write_text("print(2)\n")
    assert scene.launch(RUNTIME_ID).changed == ("environment",)


def test_a_forgotten_runtime_is_found_by_name(scene: Scene) -> None:
    live(scene)
    assert scene.launch(None).changed == ("artifact",)
    assert f"find {OUTPUTS['agent_runtime_name']}" in scene.control.calls


def test_a_remembered_id_that_is_gone_does_not_hide_the_runtime_of_that_name(scene: Scene) -> None:
    live(scene)
    assert scene.launch("mortgage_dev-gone").changed == ()


def test_a_runtime_that_is_being_deleted_is_made_again(scene: Scene) -> None:
    scene.control.live = observed(scene.spec, status="DELETING")
    assert scene.launch(RUNTIME_ID).changed == ("created",)


def test_a_runtime_that_is_still_being_created_is_waited_for_before_comparing(scene: Scene) -> None:
    live(scene)
    scene.control.statuses = ["CREATING", "CREATING"]
    assert scene.launch(RUNTIME_ID).changed == ()


def test_a_runtime_whose_last_version_failed_is_updated(scene: Scene) -> None:
    scene.control.live = observed(scene.spec, status="CREATE_FAILED")
    assert scene.launch(RUNTIME_ID).changed == ("status",)


def test_a_new_version_that_fails_is_a_failed_launch(scene: Scene) -> None:
    scene.deployer.statuses = ["CREATING", "CREATE_FAILED"]
    with pytest.raises(LaunchFailed, match="CREATE_FAILED"):
        scene.launch()


def test_a_runtime_that_came_into_being_and_not_up_is_known_to_logs_and_teardown(scene: Scene) -> None:
    scene.deployer.fails = True
    with pytest.raises(LaunchFailed, match="did not get READY"):
        scene.launch()
    assert scene.made == [RuntimeRecord(OUTPUTS["agent_runtime_name"], RUNTIME_ID, RUNTIME_ARN)]


def test_a_known_runtime_whose_new_version_fails_keeps_its_record(scene: Scene) -> None:
    live(scene, authorizer={})
    scene.deployer.fails = True
    with pytest.raises(LaunchFailed):
        scene.launch(RUNTIME_ID)
    assert scene.made == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("authorizer", {}, id="no-authorizer"),
        pytest.param("authorizer", {"customJWTAuthorizer": {"discoveryUrl": "https://x"}}, id="another-authorizer"),
        pytest.param("environment", {}, id="another-artifact"),
        pytest.param("role_arn", "arn:aws:iam::000000000000:role/other", id="another-role"),
    ],
)
def test_a_ready_runtime_that_is_not_what_was_sent_is_a_failed_launch(scene: Scene, field: str, value: object) -> None:
    scene.deployer.made_of = lambda spec: replace(spec, **{field: value})  # type: ignore[arg-type]
    with pytest.raises(LaunchFailed) as caught:
        scene.launch()
    assert caught.value.code == "door_differs"
    assert field in caught.value.message
    assert scene.asked == []


def without_mmds(spec: RuntimeSpec) -> RuntimeSpec:
    return replace(spec, require_mmds_v2=False)


def test_mmds_v2_that_the_toolkit_does_not_send_is_turned_on(scene: Scene) -> None:
    scene.deployer.made_of = without_mmds
    scene.control.after_update = ["UPDATING"]
    assert scene.launch().runtime.spec.require_mmds_v2
    assert f"update {RUNTIME_ID}" in scene.control.calls


def test_a_data_plane_that_does_not_know_the_endpoint_yet_is_waited_for(scene: Scene) -> None:
    scene.answers = [404, 404, 401]
    scene.launch()
    assert len(scene.asked) == 3
    assert scene.clock.slept == [1.0, 1.0]


def test_a_data_plane_that_never_knows_the_endpoint_is_a_failed_launch(scene: Scene) -> None:
    scene.answers = [404]
    with pytest.raises(LaunchFailed) as caught:
        scene.launch()
    assert caught.value.code == "data_plane_timed_out"
    assert sum(scene.clock.slept) == scene.launcher.settings.waits.data_plane_s


@pytest.mark.parametrize("known_id", [None, RUNTIME_ID])
def test_an_interrupt_during_the_wait_forgets_nothing(tmp_path: Path, known_id: str | None) -> None:
    scene = Scene(tmp_path, FakeControl())
    if known_id:
        live(scene, bucket="other")
    scene.deployer.statuses = ["CREATING"] * 5

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    scene.clock._on_sleep = interrupted
    with pytest.raises(KeyboardInterrupt):
        scene.launch(known_id)
    assert scene.made == [RuntimeRecord(OUTPUTS["agent_runtime_name"], RUNTIME_ID, RUNTIME_ARN, "v1")]


def test_a_package_that_somebody_replaced_is_launched_again(scene: Scene) -> None:
    live(scene)
    scene.artifact = "v2"
    assert scene.launch(RUNTIME_ID).changed == ("artifact",)
    assert scene.made[-1].artifact_version == "v2"


def test_a_ledger_that_names_another_runtime_is_not_believed(scene: Scene) -> None:
    live(scene, name="somebody_elses")
    assert scene.launch(RUNTIME_ID).changed == ("created",)


@pytest.mark.parametrize(
    ("pinned", "refused"),
    [
        pytest.param({}, False, id="same-door"),
        pytest.param({"environment": {}}, False, id="older-agent-behind-the-same-door"),
        pytest.param({"authorizer": {}}, True, id="iam-door"),
        pytest.param(
            {"authorizer": {"customJWTAuthorizer": {"allowedClients": ["outsider"]}}}, True, id="other-client"
        ),
    ],
)
def test_an_endpoint_with_another_door_is_refused(scene: Scene, pinned: dict[str, object], refused: bool) -> None:
    live(scene)
    scene.control.endpoints = {"legacy": "1"}
    scene.control.versions = {"1": observed(replace(scene.spec, **pinned))}  # type: ignore[arg-type]
    if not refused:
        assert scene.launch(RUNTIME_ID).changed == ()
        return
    with pytest.raises(GateRefused) as caught:
        scene.launch(RUNTIME_ID)
    assert (caught.value.exit_code, caught.value.code) == (3, "other_door")
    assert "'legacy'" in caught.value.message


def test_a_preview_sends_nothing(scene: Scene) -> None:
    preview = scene.launcher.preview()
    assert preview["authorizerConfiguration"] == scene.spec.authorizer
    assert preview["environmentVariables"] == scene.spec.environment
    assert preview["requireMMDSV2"] is True
    assert preview["files"] == 2
    assert scene.deployer.launched == []
    assert scene.control.calls == []
