import pytest
from mortgage.models import build_model
from mortgage.scripted_model import ScriptedModel
from mortgage.settings import DEFAULT_MODEL_ID, BadSetting, Settings, read_settings


def test_an_empty_environment_means_bedrock_on_the_port_of_the_service() -> None:
    assert read_settings({}) == Settings("bedrock", DEFAULT_MODEL_ID, None, None, 8080)


def test_every_variable_is_read_and_blank_ones_count_as_absent() -> None:
    env = {"MODEL_PROVIDER": " scripted ", "MODEL_ID": "m", "AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-1"}
    assert read_settings({**env, "HOST": "127.0.0.1", "PORT": "9000"}) == Settings(
        "scripted", "m", "eu-west-1", "127.0.0.1", 9000
    )
    assert read_settings({**env, "MODEL_REGION": "us-east-2"}).region == "us-east-2"


@pytest.mark.parametrize("port", ["0", "65536", "-1", "80a", "8080.0", "٨٠٨٠", "1" * 5000])
def test_a_bad_port_is_refused(port: str) -> None:
    with pytest.raises(BadSetting, match="PORT"):
        read_settings({"PORT": port})


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(BadSetting, match="MODEL_PROVIDER is 'openai'.*PORT is 'x'"):
        read_settings({"MODEL_PROVIDER": "openai", "PORT": "x"})


def test_scripted_builds_the_scripted_model() -> None:
    assert isinstance(build_model(read_settings({"MODEL_PROVIDER": "scripted"})), ScriptedModel)


def test_bedrock_gets_model_and_region_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    model = build_model(read_settings({"MODEL_ID": "some.model", "AWS_REGION": "eu-central-1"}))
    assert model.get_config()["model_id"] == "some.model"
    assert model.client.meta.region_name == "eu-central-1"  # type: ignore[attr-defined]


def test_bedrock_without_a_region_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(BadSetting, match="no AWS region"):
        build_model(read_settings({}))
