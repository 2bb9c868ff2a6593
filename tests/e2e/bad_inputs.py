"""Inputs that are wrong, each with the exit code, the error and the part of the value that must be named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

STATE = ".state/local-dev"
LEDGER, TERRAFORM, TOKENS = f"{STATE}/ledger.json", f"{STATE}/terraform.tfstate", f"{STATE}/tokens/tokens.json"
TFVARS, AUTO = "terraform/environments/dev.tfvars", "terraform/zz.auto.tfvars"
REQUIREMENTS = "agent/requirements.txt"
FILE = "given.txt"
DEEP = b"[" * 100_000

RUNTIME_OF_OTHERS = json.dumps(
    {"schema_version": 2, "target": "local", "environment": "dev", "region": "us-east-1", "account": None}
    | {"ports": None, "state_bucket": None, "doors": [], "gateway": None}
    | {"runtime": {"name": "inbound_auth_dev", "id": "../x", "arn": "arn"}}
).encode()


@dataclass(frozen=True, slots=True)
class Bad:
    """`files`: {path: content}. `value`: what the line must repeat."""

    id: str
    argv: tuple[str, ...]
    code: int
    error: str
    value: str
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


def flag(id: str, words: str, code: int, error: str, value: str, *more: str) -> Bad:
    return Bad(id, (*words.split(), *more), code, error, value)


def env(id: str, words: str, code: int, error: str, value: str, **variables: str) -> Bad:
    return Bad(id, tuple(words.split()), code, error, value, env=variables)


def file(id: str, words: str, code: int, error: str, value: str, path: str, content: bytes) -> Bad:
    return Bad(id, tuple(words.split()), code, error, value, files={path: content})


def ledger(id: str, content: bytes, error: str = "corrupt_ledger") -> Bad:
    return file(f"ledger-{id}", "status", 5, error, "ledger.json", LEDGER, content)


FLAGS = [
    flag("target-unknown", "status --target azure", 2, "bad_target", "'azure'"),
    flag("target-empty", "status --target", 2, "empty_flag", "--target", ""),
    flag("target-look-alike", "status --target", 2, "bad_target", "lосal", "lосal"),
    flag("environment-empty", "status --environment", 2, "empty_flag", "--environment", ""),
    flag("environment-path", "status --environment ../../etc", 2, "bad_environment", "../../etc"),
    flag("environment-absolute", "down --environment /", 2, "bad_environment", "'/'"),
    flag("environment-long", "status --environment", 2, "bad_environment", "aaaa", "a" * 5000),
    flag("environment-look-alike", "status --environment", 2, "bad_environment", "dеv", "dеv"),
    flag("environment-wide-letters", "status --environment", 2, "bad_environment", "ｄｅｖ", "ｄｅｖ"),
    flag("environment-line-end", "status --environment", 2, "bad_environment", r"dev\n", "dev\n"),
    flag("environment-control", "status --environment", 2, "bad_environment", r"\x1b", "\x1b[2J"),
    flag("environment-reserved", "status --environment awsome", 2, "bad_environment", "'aws'"),
    flag("environment-option", "status --environment=-dev", 2, "bad_environment", "'-dev'"),
    flag("flow-empty", "login --flow", 2, "empty_flag", "--flow", ""),
    flag("flow-unknown", "login --flow magic", 2, "bad_flow", "'magic'"),
    flag("user-empty", "login --user", 2, "empty_flag", "--user", " "),
    flag("client-unknown", "token --client nobody", 2, "bad_client", "nobody"),
    flag("client-blank", "token --client", 2, "bad_client", "'a b'", "a b"),
    flag("client-long", "token --client", 2, "bad_client", "xxx", "x" * 3000),
    flag("session-empty", "ask hello --session", 2, "empty_flag", "--session", ""),
    flag("session-short", "ask hello --session abc", 2, "bad_session", "'abc'"),
    flag("session-long", "ask hello --session", 2, "bad_session", "sss", "s" * 257),
    flag("session-header", "ask hello --session", 2, "bad_session", r"\r\n", "s" * 40 + "\r\nX: y"),
    flag("question-empty", "ask", 2, "bad_input", "empty", ""),
    flag("question-blank", "ask", 2, "bad_input", "empty", " \n"),
    flag("question-long", "ask", 2, "question_too_long", "16001", "a" * 16001),
    flag("question-nul", "ask", 2, "question_not_text", r"\x00", "hello\0there"),
    flag("session-look-alike", "ask hello --session", 2, "bad_session", "ѕѕѕ", "ѕ" * 40),
    flag("trace-with-json", "ask hello --trace --json", 2, "bad_input", "--json"),
    flag("trace-id", "trace --id 0x12", 2, "bad_trace", "'0x12'"),
    flag("trace-id-look-alike", "trace --id", 2, "bad_trace", "ааа", "а" * 32),
    flag("logs-no-lines", "logs --lines 0", 2, "bad_lines", "'0'"),
    flag("logs-other-digits", "logs --lines", 2, "bad_lines", "٣", "٣"),
    flag("logs-all-and-some", "logs --all --lines 3", 2, "bad_lines", "--lines"),
    flag("exports-of-nothing", "local.env --environment nowhere", 5, "local_cloud_absent", "'nowhere'"),
    flag("case-unknown", "smoke-test --case nope", 2, "bad_case", "'nope'"),
    flag("tag-unknown", "smoke-test --tag nope", 2, "bad_case", "'nope'"),
    flag("parallel-zero", "smoke-test --parallel 0", 2, "bad_input", "0"),
    flag("parallel-many", "smoke-test --parallel 99", 2, "bad_input", "99"),
    flag("parallel-word", "smoke-test --parallel many", 2, "bad_input", "'many'"),
    flag("parallel-other-digits", "smoke-test --parallel", 2, "bad_input", "٣", "٣"),
    flag(
        "arn-none", "smoke-test --runtime-arn arn:aws:s3:::x --discovery-url https://a/b --client c", 2, "bad_arn", "s3"
    ),
    flag("arn-alone", "smoke-test --discovery-url https://issuer.example", 2, "bad_arn", "--discovery-url"),
    flag("explain-client", "explain --client nobody", 2, "bad_client", "nobody"),
    flag("since-word", "auth-log --since yesterday", 2, "bad_since", "'yesterday'"),
    flag("since-negative", "auth-log --since=-1h", 2, "bad_since", "'-1h'"),
    flag("since-endless", "auth-log --since", 2, "bad_since", "999", "9" * 400 + "d"),
    flag("plan-missing", "apply --plan /nowhere/x", 2, "no_file", "/nowhere/x"),
    flag("plan-folder", "apply --plan docs", 2, "no_file", "'docs'"),
    flag("risk-unknown", "plan --max-risk extreme", 2, "bad_input", "'extreme'"),
    flag("risk-empty", "plan --max-risk", 2, "empty_flag", "--max-risk", ""),
    flag("markdown-nowhere", "plan --markdown /nowhere/x.md", 2, "bad_input", "/nowhere/x.md"),
    flag("sarif-folder", "plan --sarif docs", 2, "bad_input", "'docs'"),
    flag("waivers-missing", "plan --waivers /nowhere.toml", 2, "no_file", "/nowhere.toml"),
    flag("review-missing", "review /nowhere.json", 2, "no_file", "/nowhere.json"),
    flag("review-folder", "review docs", 2, "no_file", "docs"),
    flag("review-empty-name", "review", 2, "no_file", "empty", ""),
    flag("review-nul", "review", 2, "no_file", r"\x00", "a\0b"),
    flag("evidence-seal-alone", "evidence --seal abc", 2, "bad_input", "--seal"),
    flag("evidence-both", "evidence --out a --verify b", 2, "bad_input", "--out"),
    flag("evidence-verify-missing", "evidence --verify /nowhere", 2, "bad_input", "/nowhere"),
    flag("evidence-out-nul", "evidence --out", 2, "evidence_unwritable", r"a\x00b", "a\0b"),
    flag("evidence-out-in-a-file", "evidence --out README.md/x", 2, "evidence_unwritable", "README.md/x"),
    flag("evidence-out-filled", "evidence --out docs", 2, "evidence_exists", "docs"),
]

VARIABLES = [
    env("TARGET-upper", "status", 2, "bad_target", "'LOCAL'", TARGET="LOCAL"),
    env("ENVIRONMENT-hyphen", "status", 2, "bad_environment", "'dev-1'", ENVIRONMENT="dev-1"),
    env("AWS_REGION-mars", "status", 2, "bad_region", "'mars-1'", AWS_REGION="mars-1"),
    env("AWS_REGION-other", "status", 2, "region_differs", "'eu-west-3'", AWS_REGION="eu-west-3"),
    env("AWS_DEFAULT_REGION-url", "status", 2, "bad_region", "evil", AWS_DEFAULT_REGION="us-east-1.evil.example"),
    env("LAUNCH_TIMEOUT_S-nan", "up", 2, "bad_input", "'nan'", LAUNCH_TIMEOUT_S="nan"),
    env("LAUNCH_TIMEOUT_S-inf", "up", 2, "bad_input", "'inf'", LAUNCH_TIMEOUT_S="inf"),
    env("REQUEST_TIMEOUT_S-negative", "ask hello", 2, "bad_input", "'-1'", REQUEST_TIMEOUT_S="-1"),
    env("DATA_PLANE_TIMEOUT_S-word", "status", 2, "bad_input", "'soon'", DATA_PLANE_TIMEOUT_S="soon"),
    env("MODEL_PROVIDER-unknown", "up", 2, "bad_input", "'mine'", MODEL_PROVIDER="mine"),
    env("MODEL_ID-wild", "up", 2, "bad_input", "'*'", MODEL_ID="*"),
    env("MODEL_ID-path", "up", 2, "bad_input", "../x", MODEL_ID="../x"),
    env("GUARDRAIL-half", "up", 2, "bad_input", "'g-1'", GUARDRAIL_ID="g-1"),
    env("OPENAI-nowhere", "up", 2, "bad_input", "'openai'", MODEL_PROVIDER="openai", MODEL_ID="m"),
    env("ALLOWED_SCOPES", "up", 2, "setting_moved", "'x/y'", ALLOWED_SCOPES="x/y"),
    env("LOCAL_AWS_PORT-low", "local.up", 2, "bad_port", "'80'", LOCAL_AWS_PORT="80"),
    env("LOCAL_AWS_PORT-word", "local.up", 2, "bad_port", "'http'", LOCAL_AWS_PORT="http"),
    env("LOCAL_AWS_PORT-wide-digits", "local.up", 2, "bad_port", "４５６６", LOCAL_AWS_PORT="４５６６"),
    env("LOCAL_AWS_PORT-long", "local.up", 2, "bad_port", "999", LOCAL_AWS_PORT="9" * 5000),
    env("LOCAL_PORTS-twice", "local.up", 2, "bad_port", "5555", LOCAL_AWS_PORT="5555", LOCAL_DATA_PORT="5555"),
    env("STATE_BUCKET-name", "plan", 2, "bad_input", "'Bad_Bucket'", STATE_BUCKET="Bad_Bucket"),
    env("TERRAFORM-missing", "up", 5, "terraform_missing", "/nowhere/terraform", TERRAFORM="/nowhere/terraform"),
    env("TF_PROVIDER_MIRROR-missing", "up", 2, "bad_provider_mirror", "'/nowhere'", TF_PROVIDER_MIRROR="/nowhere"),
    env("accounts-garbage", "up", 2, "bad_values", "TF_VAR_", TF_VAR_allowed_account_ids="[[["),
    env("accounts-short", "up", 2, "bad_account", "'12'", TF_VAR_allowed_account_ids='["12"]'),
]

WAIVER = '[[waiver]]\nrule = "{rule}"\naddress = "{address}"\nreason = "{reason}"\nuntil = "{until}"\n'
FILES = [
    ledger("empty", b""),
    ledger("cut-off", b'{"schema_version": 2, "target": "lo'),
    ledger("no-text", b"\xff\xfe\x00"),
    ledger("nul", b"\0" * 64),
    ledger("list", b"[]"),
    ledger("nested", DEEP),
    ledger("newer", b'{"schema_version": 99}', "newer_ledger"),
    ledger("runtime-id", RUNTIME_OF_OTHERS),
    ledger("version-as-text", b'{"schema_version": "2"}'),
    file("state-garbage", "status", 1, "corrupt_state", "terraform.tfstate", TERRAFORM, b"{"),
    file("state-nested", "status", 1, "corrupt_state", "terraform.tfstate", TERRAFORM, DEEP),
    file("state-no-text", "status", 1, "corrupt_state", "terraform.tfstate", TERRAFORM, b"\xff\xfe"),
    file("tokens-garbage", "whoami", 5, "corrupt_tokens", "tokens.json", TOKENS, b"{"),
    file("tokens-no-text", "whoami", 5, "corrupt_tokens", "tokens.json", TOKENS, b"\xff\xfe"),
    file("root-key-garbage", "status", 5, "corrupt_root_key", "root-key.json", f"{STATE}/cloud/root-key.json", b"{}"),
    file("requirements-garbage", "up", 2, "bad_requirements", "'=== no =='", REQUIREMENTS, b"boto3\n=== no ==\n"),
    file("requirements-no-text", "launch", 2, "bad_requirements", "requirements.txt", REQUIREMENTS, b"\xff\xfe"),
    file("requirements-nul", "configure", 2, "bad_requirements", r"boto\x00", REQUIREMENTS, b"boto\0 ==1"),
    file("tfvars-garbage", "up", 2, "bad_values", "zz.auto.tfvars", AUTO, b"allowed_account_ids = ["),
    file("tfvars-no-text", "up", 2, "bad_values", "zz.auto.tfvars", AUTO, b"\xff\xfe"),
    file("tfvars-account", "up", 2, "bad_account", "'012'", AUTO, b'allowed_account_ids = ["012"]'),
    file("plan-garbage", f"apply --plan {FILE}", 2, "bad_plan", FILE, FILE, b"no plan"),
    file("review-no-json", f"review {FILE}", 2, "bad_input", FILE, FILE, b"{"),
    file("review-no-text", f"review {FILE}", 2, "no_file", FILE, FILE, b"\xff\xfe"),
    file("review-list", f"review {FILE}", 2, "bad_input", FILE, FILE, b"[]"),
    file("review-nested", f"review {FILE}", 2, "bad_input", FILE, FILE, DEEP),
    file("waivers-garbage", f"plan --waivers {FILE}", 2, "bad_waiver", FILE, FILE, b"= ="),
    file("waivers-no-text", f"plan --waivers {FILE}", 2, "no_file", FILE, FILE, b"\xff\xfe"),
    file(
        "waivers-without-reason",
        f"plan --waivers {FILE}",
        2,
        "bad_waiver",
        "reason",
        FILE,
        WAIVER.format(rule="x", address="y", reason="", until="2027-01-01").encode(),
    ),
]

BAD = [*FLAGS, *VARIABLES, *FILES]


def of_outputs(state: bytes) -> list[Bad]:
    """Terraform's state with outputs that the next step cannot use."""

    def row(id: str, error: str, value: str, name: str, new: object) -> Bad:
        document = json.loads(state)
        if new is None:
            del document["outputs"][name]
        else:
            document["outputs"][name] = {"value": new, "type": "string"}
        return file(f"output-{id}", "status", 2, error, value, TERRAFORM, json.dumps(document).encode())

    return [
        row("missing", "missing_outputs", "runtime_role_arn", "runtime_role_arn", None),
        row("empty", "invalid_outputs", "artifact_bucket_name", "artifact_bucket_name", ""),
        row("of-another-environment", "invalid_outputs", "prod", "environment", "prod"),
    ]


OUTPUTS = ("output-missing", "output-empty", "output-of-another-environment")
