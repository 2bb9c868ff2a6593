from typing import Any

import pytest
from mortgage.models import build_model
from mortgage.scripted_model import ScriptedModel
from mortgage.settings import DEFAULT_MODEL_ID, BadSetting, Gateway, Settings, read_settings

GATEWAY = {
    "GATEWAY_URL": "https://g-1.gateway.bedrock-agentcore.us-east-1.amazonaws.com/mcp",
    "GATEWAY_CREDENTIAL_PROVIDER": "demo-gateway",
    "GATEWAY_SCOPE": "gateway/invoke",
}


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
    with pytest.raises(BadSetting, match="MODEL_PROVIDER is 'parrot'.*PORT is 'x'"):
        read_settings({"MODEL_PROVIDER": "parrot", "PORT": "x"})


@pytest.mark.parametrize(
    ("env", "fault"),
    [
        pytest.param({"CUSTOMERS": "{"}, "CUSTOMERS is no JSON object of texts", id="customers-broken"),
        pytest.param({"CUSTOMERS": '["a"]'}, "CUSTOMERS is no JSON object of texts", id="customers-list"),
        pytest.param({"CUSTOMERS": '{"a": 1234}'}, "CUSTOMERS is no JSON object of texts", id="customers-number"),
        pytest.param({"CUSTOMERS": '{"a": ""}'}, "CUSTOMERS is no JSON object of texts", id="customers-empty"),
        pytest.param({"GUARDRAIL_ID": "g"}, "GUARDRAIL_ID and GUARDRAIL_VERSION belong together", id="half-guardrail"),
        pytest.param({"GUARDRAIL_VERSION": "1"}, "belong together", id="other-half"),
        pytest.param({"MODEL_PROVIDER": "openai", "MODEL_ID": "m"}, "set OPENAI_BASE_URL", id="openai-nowhere"),
        pytest.param({"MODEL_PROVIDER": "openai", "OPENAI_API_KEY": "k"}, "set MODEL_ID", id="openai-no-model"),
        pytest.param(
            {"MODEL_PROVIDER": "openai", "MODEL_ID": "m", "OPENAI_BASE_URL": "ftp://x"},
            "OPENAI_BASE_URL is 'ftp://x'",
            id="openai-url",
        ),
        pytest.param(
            {"MODEL_PROVIDER": "openai", "MODEL_ID": "m", "OPENAI_API_KEY": "k", "OPENAI_API_KEY_SECRET_ARN": "a"},
            "are both set",
            id="two-keys",
        ),
        pytest.param(
            {"GATEWAY_URL": "https://g/mcp"}, "GATEWAY_CREDENTIAL_PROVIDER, GATEWAY_SCOPE is not", id="a-third"
        ),
        pytest.param({**GATEWAY, "GATEWAY_URL": ""}, "GATEWAY_URL is not set", id="two-thirds"),
        pytest.param(
            {**GATEWAY, "GATEWAY_URL": "http://g.example/mcp"}, "use an https URL, or http on", id="gateway-http"
        ),
        pytest.param({**GATEWAY, "GATEWAY_URL": "http://127.0.0.1.example/mcp"}, "GATEWAY_URL is", id="no-loopback"),
        pytest.param({**GATEWAY, "GATEWAY_URL": "ftp://g/mcp"}, "GATEWAY_URL is", id="gateway-ftp"),
        pytest.param({**GATEWAY, "GATEWAY_URL": "https://g/mcp\u00e9"}, "GATEWAY_URL is", id="gateway-letters"),
        pytest.param({**GATEWAY, "GATEWAY_URL": "http://127.0.0.1:x/mcp"}, "GATEWAY_URL is", id="gateway-port"),
        pytest.param({**GATEWAY, "GATEWAY_CREDENTIAL_PROVIDER": "a/b"}, "PROVIDER is 'a/b'", id="provider-name"),
        pytest.param({**GATEWAY, "GATEWAY_SCOPE": "a b"}, "GATEWAY_SCOPE is 'a b'", id="two-scopes"),
        pytest.param({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER is 'zipkin'", id="exporter"),
        pytest.param({"SCRIPTED_PAUSE_MS": "60001"}, "SCRIPTED_PAUSE_MS is '60001'", id="pause"),
    ],
)
def test_what_cannot_be_is_refused_by_name(env: dict[str, str], fault: str) -> None:
    with pytest.raises(BadSetting, match=fault):
        read_settings(env)


def test_a_refused_setting_repeats_neither_customers_nor_keys() -> None:
    env = {"CUSTOMERS": '{"subject-7": 77}', "MODEL_PROVIDER": "openai", "OPENAI_API_KEY": "hush", "PORT": "x"}
    with pytest.raises(BadSetting) as refused:
        read_settings(env)
    assert "subject-7" not in str(refused.value)
    assert "hush" not in str(refused.value)
    assert "hush" not in repr(read_settings({**env, "CUSTOMERS": "{}", "PORT": "1", "MODEL_ID": "m"}))


@pytest.mark.parametrize("secret", ["https://ann:hush@g/mcp", "https://g/mcp?key=hush", "https://g/mcp#hush"])
def test_a_gateways_address_holds_no_secret_and_a_refused_one_is_not_repeated(secret: str) -> None:
    with pytest.raises(BadSetting, match="a user, a query or a fragment") as refused:
        read_settings({**GATEWAY, "GATEWAY_URL": secret})
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    "url", [GATEWAY["GATEWAY_URL"], "http://127.0.0.1:8091/gateways/g-1/mcp", "http://[::1]:1/mcp"]
)
def test_a_gateway_is_reached_by_https_or_on_this_machine(url: str) -> None:
    env = {**GATEWAY, "GATEWAY_URL": url}
    assert read_settings(env).gateway == Gateway(url, "demo-gateway", "gateway/invoke")


def test_customers_are_read_by_subject() -> None:
    assert read_settings({"CUSTOMERS": '{"a": "1234", "b": "2222"}'}).customers == {"a": "1234", "b": "2222"}


@pytest.mark.parametrize(
    ("env", "traces"),
    [
        ({}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, "otlp"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, "otlp"),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, "otlp"),
        ({"OTEL_TRACES_EXPORTER": "console"}, "console"),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, None),
        ({"OTEL_SDK_DISABLED": "TRUE", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, None),
    ],
    ids=repr,
)
def test_traces_are_made_only_where_they_are_asked_for(env: dict[str, str], traces: str | None) -> None:
    assert read_settings(env).traces == traces


def test_scripted_builds_the_scripted_model() -> None:
    assert isinstance(build_model(read_settings({"MODEL_PROVIDER": "scripted"})), ScriptedModel)


def test_bedrock_gets_model_and_region_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    model = build_model(read_settings({"MODEL_ID": "some.model", "AWS_REGION": "eu-central-1"}))
    assert model.get_config()["model_id"] == "some.model"
    assert model.client.meta.region_name == "eu-central-1"  # type: ignore[attr-defined]


def test_a_guardrail_reaches_the_bedrock_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    env = {"AWS_REGION": "eu-central-1", "GUARDRAIL_ID": "g-1", "GUARDRAIL_VERSION": "3"}
    config: dict[str, Any] = dict(build_model(read_settings(env)).get_config())
    assert (config["guardrail_id"], config["guardrail_version"]) == ("g-1", "3")


def test_bedrock_without_a_region_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(BadSetting, match="no AWS region"):
        build_model(read_settings({}))
