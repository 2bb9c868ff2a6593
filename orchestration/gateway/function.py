"""The function behind the gateway: what it should be, what it is, and the ways to it that go round the gateway.

Terraform puts back what it sees of it. It sees neither code that another put there nor a permission or a URL that it
did not make, and each of these lets somebody in who never met the gateway's authorizer.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from orchestration.errors import LaunchFailed

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """A function, as far as it decides what is answered and who may ask."""

    code_sha256: str
    """Base64, as Lambda gives it."""
    handler: str
    role_arn: str
    runtime: str
    layers: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    """Names of its environment variables: some have Python load other code."""
    permissions: Mapping[str, str] = field(default_factory=dict)
    """Statements of its resource policies, {Sid: who may do what}; <alias or version>:<Sid> of one that is not the
    function's own. The gateway's own right is in its role.
    """
    urls: Mapping[str, str] = field(default_factory=dict)
    """Function URLs, {what they call: AuthType}."""


class FunctionControl(Protocol):
    """Lambda's calls that we need. Taking away what is gone is no error."""

    def get(self, arn: str) -> FunctionSpec | None: ...
    def put_code(self, arn: str, package: bytes) -> None:
        """UpdateFunctionCode, and wait until it answers."""

    def remove_permission(self, arn: str, sid: str) -> None: ...
    def remove_url(self, called: str) -> None:
        """`called`: the ARN that a URL calls, which may end with an alias."""


@dataclass(frozen=True, slots=True)
class FunctionKeeper:
    """Closes the ways round the gateway. `package` makes the bytes that Terraform was given."""

    control: FunctionControl
    package: Callable[[], bytes]
    note: Note

    def ensure(self, arn: str, asked: FunctionSpec) -> Iterator[str]:
        """Names what it puts right. Raises LaunchFailed for what Terraform alone can put right, and did not."""
        live = self.control.get(arn)
        if live is None:
            raise LaunchFailed(f"function {arn} is gone", remedy="invoke apply", code="function_gone")
        for sid, who in live.permissions.items():
            self.note(f"function: removing the permission {sid} ({who}), which goes round the gateway")
            self.control.remove_permission(arn, sid)
            yield f"function permission {sid}"
        for called, kind in live.urls.items():
            self.note(f"function: removing the URL of {_named(called)} (AuthType {kind}), which goes round the gateway")
            self.control.remove_url(called)
            yield "function URL"
        self._refuse_open(arn, live)
        if live.code_sha256 != asked.code_sha256:
            yield from self._put_code(arn, asked)
        fields = [name for name in ("handler", "layers", "role_arn", "runtime", "variables")
                  if getattr(live, name) != getattr(asked, name)]  # fmt: skip
        if fields:
            raise LaunchFailed(
                f"function {arn} differs from what Terraform made: {', '.join(fields)}",
                remedy="invoke apply",
                code="function_differs",
            )

    def _refuse_open(self, arn: str, live: FunctionSpec) -> None:
        """Raises LaunchFailed for a way round the gateway that is there although it was taken away."""
        if not live.permissions and not live.urls:
            return
        again = self.control.get(arn)
        ways = [f"URL of {_named(called)}" for called in again.urls] if again else []
        ways += [f"permission {sid}" for sid in again.permissions] if again else []
        if ways:
            raise LaunchFailed(
                f"function {_named(arn)} can still be called past the gateway: {', '.join(ways)}",
                remedy="remove it by `aws lambda delete-function-url-config` or `aws lambda remove-permission` with "
                "--qualifier for an alias or a version, then `make up`",
                code="function_differs",
            )

    def _put_code(self, arn: str, asked: FunctionSpec) -> Iterator[str]:
        content = self.package()
        if base64.b64encode(hashlib.sha256(content).digest()).decode() != asked.code_sha256:
            raise LaunchFailed(
                f"function {arn} runs other code than was applied, and the sources have changed since",
                remedy="invoke apply",
                code="function_differs",
            )
        self.note("function: putting its own code back")
        self.control.put_code(arn, content)
        yield "function code"


def _named(arn: str) -> str:
    """<function>[:<alias>] of an ARN."""
    return arn.partition(":function:")[2] or arn
