"""Drives the terraform (or tofu) binary through python-terraform; knows no AWS."""

from orchestration.terraform.accounts import allowed_accounts
from orchestration.terraform.adopt import adopt
from orchestration.terraform.adoption import ExistsOutside, Stray, functions_to_make
from orchestration.terraform.apart import keep_apart, kept_apart
from orchestration.terraform.driver import TerraformDriver
from orchestration.terraform.environment import Environment
from orchestration.terraform.failures import ACCOUNT_NOT_ALLOWED, account_not_allowed
from orchestration.terraform.held import Held, HeldResource, parse_held
from orchestration.terraform.mirror import MIRROR_VARIABLE, find_mirror, registry_reachable
from orchestration.terraform.preparation import provider_mirror, providers_installed
from orchestration.terraform.settled import USER_AGENT
from orchestration.terraform.state import (
    CUT_OFF,
    OWN_KEY,
    RemoteState,
    StateStore,
    StateSummary,
    must_move,
    parse_state,
    remote_summary,
    state_key,
)
from orchestration.terraform.unfinished import left_behind, settle

__all__ = [
    "ACCOUNT_NOT_ALLOWED",
    "CUT_OFF",
    "MIRROR_VARIABLE",
    "OWN_KEY",
    "USER_AGENT",
    "Environment",
    "ExistsOutside",
    "Held",
    "HeldResource",
    "RemoteState",
    "StateStore",
    "StateSummary",
    "Stray",
    "TerraformDriver",
    "account_not_allowed",
    "adopt",
    "allowed_accounts",
    "find_mirror",
    "functions_to_make",
    "keep_apart",
    "kept_apart",
    "left_behind",
    "must_move",
    "parse_held",
    "parse_state",
    "provider_mirror",
    "providers_installed",
    "registry_reachable",
    "remote_summary",
    "settle",
    "state_key",
]
