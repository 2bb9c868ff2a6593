"""Tasks that touch a deployment: `invoke --list`. The tasks are in cli/, what they do in orchestration/commands."""

from __future__ import annotations

import sys

from invoke import Collection

try:
    from cli import callers, doctor, evidence, lifecycle, local, proof, review, state
    from cli.words import leave_quietly
except KeyboardInterrupt:
    sys.exit(130)
except ModuleNotFoundError as missing:
    sys.exit(f"error: {missing.name} is not installed here\nremedy: make setup, then .venv/bin/invoke --list")

# invoke itself prints lists and help, where none of our tasks could catch that the reader left.
sys.excepthook = leave_quietly

namespace = Collection(
    doctor.doctor,
    lifecycle.up,
    review.plan,
    review.review,
    review.drift,
    lifecycle.apply,
    lifecycle.configure,
    lifecycle.launch,
    lifecycle.status,
    lifecycle.outputs,
    lifecycle.down,
    callers.login,
    callers.logout,
    callers.whoami,
    callers.token,
    callers.ask,
    callers.chat,
    proof.smoke_test,
    proof.explain,
    proof.auth_log,
    proof.trace,
    callers.logs,
    evidence.evidence,
)
namespace.add_collection(Collection("state", state.state_bootstrap, state.state_show, state.state_remove))
namespace.add_collection(Collection("gateway", lifecycle.gateway_remove))
namespace.add_collection(Collection("local", local.local_up, local.local_down, local.local_status, local.local_env))
