"""What stands around a rehearsal: the clone, who an administrator has made, and a user's environment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from orchestration.aws import AccessKey, Clients, StateBucket
from orchestration.ledger import Ports
from orchestration.settings import Endpoints, state_bucket
from tests.aws.recording import ACCOUNT, BOUNDARY, DEPLOYER, PROJECT, REGION, ROOT, documents
from tests.aws.signatures import Key

# What the emulator cannot keep (orchestration/tools.py), and the account's own rule for roles.
TFVARS = f"""project                  = "{PROJECT}"
permissions_boundary_arn = "{BOUNDARY}"
artifact_noncurrent_days = null
refresh_token_rotation   = false
auth_alarms_enabled      = false
"""
STATE_BUCKET = state_bucket(ACCOUNT, REGION)
INHERITED = ("PATH", "LANG", "HOME", "TERRAFORM", "TF_PROVIDER_MIRROR", "TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR")
INHERITED_PREFIXES = ("PIP_", "UV_")


def copy_sources(root: Path) -> None:
    """The files that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)


def make_principals(key: AccessKey, ports: Ports) -> Key:
    """What an administrator makes: boundary, bucket of states, the deployer's role with its policies, its user."""
    session = boto3.Session(key.id, key.secret, region_name=REGION)
    iam = session.client(
        "iam",
        endpoint_url=f"http://127.0.0.1:{ports.aws}",
        config=Config(ignore_configured_endpoint_urls=True, proxies={}),
    )
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.create_policy(PolicyName=BOUNDARY.rpartition("/")[2], PolicyDocument=json.dumps(everything))
    iam.create_user(UserName="ci")
    made = iam.create_access_key(UserName="ci")["AccessKey"]
    assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": DEPLOYER}
    iam.put_user_policy(
        UserName="ci", PolicyName="assume", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [assume]})
    )
    arn = f"arn:aws:iam::{ACCOUNT}:user/ci"
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": arn}}
    iam.create_role(
        RoleName="deployer", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    for name, document in documents().items():
        policy = iam.create_policy(PolicyName=f"deployer-{name}", PolicyDocument=json.dumps(document))["Policy"]
        iam.attach_role_policy(RoleName="deployer", PolicyArn=policy["Arn"])
    here = Endpoints(aws=f"http://127.0.0.1:{ports.aws}", control_plane="", data_plane="")
    StateBucket(Clients(REGION, here, key), STATE_BUCKET, ACCOUNT).make()
    return Key(made["AccessKeyId"], made["SecretAccessKey"], None, arn)


def environment_of(folder: Path, proxy: str, authority: str, user: Key) -> dict[str, str]:
    """A profile that assumes a role, a proxy and a company's certificate: what a user of AWS may have."""
    home = folder / "aws"
    home.mkdir(mode=0o700)
    (home / "credentials").write_text(f"[base]\naws_access_key_id = {user.id}\naws_secret_access_key = {user.secret}\n")
    (home / "config").write_text(
        f"[profile base]\nregion = {REGION}\n"
        f"[profile rehearsal]\nrole_arn = {DEPLOYER}\nsource_profile = base\nregion = {REGION}\n"
    )
    (home / "credentials").chmod(0o600)
    trusted = folder / "trusted.pem"
    system = os.environ.get("SSL_CERT_FILE") or "/etc/ssl/certs/ca-certificates.crt"
    others = Path(system).read_text() if Path(system).is_file() else ""
    trusted.write_text(others + authority)
    kept = {k: v for k, v in os.environ.items() if k in INHERITED or k.startswith(INHERITED_PREFIXES)}
    return kept | {
        "AWS_CA_BUNDLE": str(trusted),
        "AWS_CONFIG_FILE": str(home / "config"),
        "AWS_PROFILE": "rehearsal",
        "AWS_REGION": REGION,
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"),
        "CI": "true",
        "HTTPS_PROXY": proxy,
        # No model is played.
        "MODEL_PROVIDER": "scripted",
        "NO_COLOR": "1",
        "SSL_CERT_FILE": str(trusted),
        "STATE_BUCKET": STATE_BUCKET,
        "TARGET": "aws",
    }


def package_indices() -> frozenset[str]:
    """Hosts of the package index, from which the starter toolkit fetches what the agent needs."""
    given = [os.environ.get(name, "") for name in ("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX")]
    hosts = {urlsplit(url).hostname or "" for url in given}
    return frozenset(hosts | {"pypi.org", "files.pythonhosted.org"}) - {""}
