"""Terraform's texts: an error as one line and a remedy, a plan without its progress. Pure."""

from __future__ import annotations

import re
from pathlib import Path

from orchestration.errors import BadInput, GateRefused, OrchestrationError, TerraformFailed, no_room
from orchestration.terraform.adoption import CODE, EXISTS, ExistsOutside, found_outside

ACCOUNT_NOT_ALLOWED = "account_not_allowed"
PROGRESS = re.compile(
    r"^\S.*: (Refreshing state|Still (reading|opening|renewing|closing)|Reading|Opening|Renewing|Closing|"
    r"(Read|Opening|Renewal|Closing) complete)\b.*\n?",
    re.M,
)


def without_progress(text: str) -> str:
    """What Terraform reads on the way comes in another order each time; the plan itself does not."""
    return PROGRESS.sub("", text).lstrip("\n")


def explain_failure(command: str, code: int, text: str, log: Path) -> OrchestrationError:
    """Turn Terraform's output into one line and a remedy.

    `text` is stdout and stderr together. The first "Error:" block gives the line; the log keeps everything.
    """
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    block = re.search(r"Error: (?P<title>.+?)\n(?P<rest>.*?)(?=\n[│ ]*Error: |\Z)", plain, re.S)
    title = block["title"].strip(" │╷╵") if block else f"exit code {code}"
    detail = " ".join(
        line.strip(" │╷╵") for line in (block["rest"].splitlines() if block else []) if line.strip(" │╷╵")
    )
    if "no space left on device" in plain.lower():
        return no_room(f"terraform {command} failed: no space left on device")
    if "Error acquiring the state lock" in plain:
        return _locked(plain, log.parent)
    if refused := re.search(r"AWS account ID not allowed: (\d+)", plain):
        return account_not_allowed(refused[1])
    if "Invalid value for variable" in title:
        return BadInput(f"terraform {command}: {detail[:400]}", remedy="correct that variable and run it again")
    if strays := found_outside(plain):
        return ExistsOutside(
            f"terraform {command} failed: {title}. {detail[:300]}".strip(),
            remedy=f"it exists but is not in the state: `make up` takes in what is ours; see {log}",
            strays=strays,
        )
    if EXISTS.search(f"{title} {detail}"):
        return TerraformFailed(
            f"terraform {command} failed: {title}. {detail[:300]}".strip(),
            remedy=f"it exists but is not in the state: `terraform import` it, or on the local target "
            f"`make down` and `make up`; see {log}",
            code=CODE,
        )
    return TerraformFailed(f"terraform {command} failed: {title}. {detail[:300]}".strip(), remedy=f"see {log}")


def account_not_allowed(account: str) -> GateRefused:
    return GateRefused(
        f"account {account} is not among allowed_account_ids of this environment",
        remedy="set AWS_PROFILE to an allowed account, or add this one to the environment's tfvars",
        code=ACCOUNT_NOT_ALLOWED,
    )


def _locked(text: str, folder: Path) -> TerraformFailed:
    """Lock Info names who holds the lock, since when and what for. `folder` is the one of the state."""
    known = dict(re.findall(r"^[│ ]*(ID|Who|Operation|Created): +(\S.*?) *$", text, re.M))
    who = (
        f": {known['Who']}, {known.get('Operation', '?')}, since {known.get('Created', '?')}" if "Who" in known else ""
    )
    return TerraformFailed(
        f"another Terraform process holds the state lock{who}",
        remedy=_unlocking(known.get("ID"), text, folder),
        code="state_locked",
    )


def _unlocking(lock: str | None, text: str, folder: Path) -> str:
    """A lock in a bucket outlives its process; one on a file does not."""
    if lock is None or "S3" not in text:
        return "wait for it, or find it with `pgrep -af terraform`"
    return (
        "wait for it; if it is gone for good: "
        f"TF_DATA_DIR={folder}/terraform-data terraform -chdir={folder}/terraform-sources force-unlock {lock}"
    )
