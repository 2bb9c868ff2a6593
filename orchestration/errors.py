"""Every failure a user can meet: a stable code, an exit code, a message with the bad value and a remedy.

Exit codes of every command: 0 as expected; 1 an expectation failed; 2 wrong input or usage, or changes found
where the command asks for changes; 3 a policy or risk gate refused; 4 leftovers after teardown; 5 the
environment is unfit; 130 ended by Ctrl-C, 143 by SIGTERM, 129 by a closed terminal.
"""

from __future__ import annotations

import errno
import os
import shlex
from pathlib import Path

SIGNALLED = 128
PIPE_CLOSED = 141


class Interrupted(KeyboardInterrupt):
    """A signal asked the command to end. Nothing may take it for a failure."""

    def __init__(self, number: int) -> None:
        super().__init__(f"signal {number}")
        self.number = number


class OrchestrationError(Exception):
    """Root of all errors that end a command. `remedy` is a command or a short instruction."""

    code = "failed"
    exit_code = 1

    def __init__(self, message: str, *, remedy: str, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        if code is not None:
            self.code = code


class BadInput(OrchestrationError):
    """A value given by the user is wrong. The message repeats it."""

    code = "bad_input"
    exit_code = 2


class Unfit(OrchestrationError):
    """The machine, the network or the credentials do not allow the command."""

    code = "unfit"
    exit_code = 5


class LaunchFailed(OrchestrationError):
    """The runtime did not come up behind its authorizer."""

    code = "launch_failed"


class NoAnswer(OrchestrationError):
    """One call was not answered, although the data plane is there."""

    code = "no_answer"

    def __init__(self, why: str) -> None:
        super().__init__(f"no answer: {why}", remedy="run the command again; the data plane's log may say more")


class WrongVerdicts(OrchestrationError):
    """A caller was let in or kept out who should not have been."""

    code = "wrong_verdicts"


class TerraformFailed(OrchestrationError):
    """Terraform ended with an error; its log has all of it."""

    code = "terraform_failed"


class MissingOutputs(OrchestrationError):
    """The applied state lacks outputs that later steps need."""

    code = "missing_outputs"
    exit_code = 2

    def __init__(self, names: list[str]) -> None:
        super().__init__(
            f"terraform outputs missing: {', '.join(names)}",
            remedy="run `invoke apply`; if it is applied, compare terraform/outputs.tf with orchestration/outputs.py",
        )


class InvalidOutputs(OrchestrationError):
    """An output is there but is not what the next step can use."""

    code = "invalid_outputs"
    exit_code = 2


class CorruptLedger(OrchestrationError):
    """The ledger cannot be read. Nothing is deleted on a guess."""

    code = "corrupt_ledger"
    exit_code = 5


class TokenRefused(OrchestrationError):
    """The identity provider did not issue the token that was asked for."""

    code = "token_refused"


class SignInEnded(TokenRefused):
    """A refresh token is expired, revoked or used up: nothing but a new sign-in helps."""

    code = "sign_in_ended"


class GateRefused(OrchestrationError):
    """A rule that protects people refuses what was asked for, although it could be done."""

    code = "refused"
    exit_code = 3


class Leftovers(OrchestrationError):
    """Something that this project made is still there after teardown."""

    code = "leftovers"
    exit_code = 4


def no_room(why: str) -> Unfit:
    """The disk is full: what was written before stays, and the same command goes on."""
    return Unfit(why, remedy='df -h . "${TMPDIR:-/tmp}"  # make room, then the same command again', code="disk_full")


def of_system(error: OSError) -> Unfit:
    """What the operating system refused, with the place that refuses it: the file, or the folder where it is to be."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return no_room(str(error))
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) and isinstance(error.filename, str):
        return no_access(Path(error.filename), os.strerror(error.errno))
    return Unfit(str(error), remedy="look at that file or folder", code="os_error")


def no_access(path: Path, why: str) -> Unfit:
    """A file or folder that this user may not read or write."""
    place = path if os.path.exists(path) else path.parent
    quoted = shlex.quote(str(place))
    return Unfit(
        f"{place}: {why}",
        remedy=f"ls -ld {quoted}  # if it is yours: chmod u+rwX {quoted}",
        code="no_access",
    )
