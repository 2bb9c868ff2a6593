"""The end of a clone's life; the last file, because nothing can follow it."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from pathlib import Path

import pytest

from tests.e2e.acts import client, local_environment, one_error
from tests.e2e.conftest import Clone

pytestmark = pytest.mark.e2e

# What made all of it, and is not to be needed to remove it.
BROKEN = {
    "terraform/environments/dev.tfvars": "nonsense = [",
    "terraform/main.tf": 'resource "half" {',
    "agent/main.py": "def",
}
UNFIT = {"TF_VAR_environment": '["x"]', "TF_VAR_allowed_account_ids": "[", "REQUEST_TIMEOUT_S": "soon"}


def plant(env: dict[str, str], name: str) -> None:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client(env, "iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)


def test_make_down_removes_what_it_showed_names_what_is_left_and_then_leaves_nothing(up: Clone) -> None:
    ports = [p["port"] for p in up.document("local.status")["processes"]]
    assert up.invoke("smoke-test", "--tag", "iam").code == 0
    env = local_environment(up)
    plant(env, "inbound-auth-dev-forgotten")
    plant(env, "inbound-auth-dev2-runtime")
    temporary = up.path / ".state" / "tmp"
    temporary.mkdir()
    for name, text in BROKEN.items():
        (up.path / name).write_text(text)
    shown = json.loads(up.invoke("down", "--dry-run", "--json", **UNFIT).out)
    down = up.invoke("down", "--json", TMPDIR=str(temporary), **UNFIT)
    assert down.code == 4
    assert "inbound-auth-dev-forgotten" in one_error(down) and "dev2" not in down.err
    removed = json.loads(down.out)["removed"]
    own = [item for item in shown["removed"] if item["kind"] not in ("process", "folder")]
    assert sorted(map(str, removed)) == sorted(map(str, own))
    kinds = [item["kind"] for item in removed]
    assert "inbound_auth_dev_probe_iam" in [item["name"] for item in removed if item["kind"] == "runtime"]
    assert kinds.index("aws_s3_bucket") > max(i for i, kind in enumerate(kinds) if kind == "runtime")
    assert [remain["name"] for remain in shown["remains"]] == ["inbound-auth-dev-forgotten"]
    remedy = re.search(r"remedy: (.*?)  #", down.err)
    assert remedy
    subprocess.run(["sh", "-c", remedy[1]], cwd=up.path, env=up.environment() | on_path(up), check=True)
    roles = [role["RoleName"] for role in client(env, "iam").list_roles()["Roles"]]
    assert roles == ["inbound-auth-dev2-runtime"], "somebody else's survives"
    assert list(temporary.iterdir()) == []
    temporary.rmdir()
    assert up.run("make", "down").code == 0
    again = up.run("make", "down")
    assert (again.code, "nothing to remove" in again.out) == (0, True)
    assert up.processes() == []
    assert not (up.path / ".state").exists()
    for port in ports:
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port))


def on_path(clone: Clone) -> dict[str, str]:
    """The AWS CLI of the clone's own environment."""
    return {"PATH": f"{Path(clone.path) / '.venv' / 'bin'}:{clone.environment()['PATH']}"}
