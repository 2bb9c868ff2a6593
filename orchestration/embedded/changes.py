"""Which requests to the emulator may change what Terraform keeps there, and how many came. Pure but for the count.

A closed list of those that cannot: whatever is not on it counts, so that an unknown request costs a plan and hides
nothing. A request passes by what the emulator itself goes by to choose service and action (ministack: app, router).
Not Terraform's here, so that they may change: passwords, sign-ins, log streams, identity pools, queues, the package.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

CHANGES_PATH = "/_ministack/changes"
# IAM and STS put what is asked for into the body.
MAX_FORM = 2**16
FORM = re.compile(r"application/x-www-form-urlencoded(; *charset=utf-8)?", re.IGNORECASE)
SCOPE = re.compile(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/")
RUN = re.compile(r"\brun/([0-9a-f]{32})\b")
_READS = "(Admin)?(BatchGet|Describe|Get|List)[A-Za-z]+"
# Prefix of the target -> actions.
TARGETS = {
    "AWSCognitoIdentityProviderService": re.compile(
        f"{_READS}|(Admin)?InitiateAuth|(Admin)?RespondToAuthChallenge|AdminSetUserPassword|RevokeToken|GlobalSignOut"
    ),
    "AWSCognitoIdentityService": re.compile(f"{_READS}|(Create|Delete)IdentityPool|SetIdentityPoolRoles"),
    "AmazonEC2ContainerRegistry_V20150921": re.compile(_READS),
    "AmazonSQS": re.compile(f"{_READS}|CreateQueue"),
    "CodeBuild_20161006": re.compile(_READS),
    "Logs_20140328": re.compile(f"{_READS}|FilterLogEvents|CreateLogGroup|CreateLogStream|PutLogEvents"),
    "ResourceGroupsTaggingAPI_20170126": re.compile(_READS),
    # Creating makes another secret; PutSecretValue and UpdateSecret are Terraform's.
    "secretsmanager": re.compile(f"{_READS}|CreateSecret"),
}
# Scope of the signature -> actions.
FORMS = {
    "iam": re.compile(f"{_READS}|Simulate[A-Za-z]+"),
    "sts": re.compile("AssumeRole(WithWebIdentity)?|GetCallerIdentity"),
}
INVOCATION = re.compile(r"/2015-03-31/functions/[^/]+/invocations")
# The agent's package; a name with a hyphen is no path of another service (S3 Control: /v20180820/).
PACKAGE = re.compile(r"/[a-z0-9]+-[a-z0-9.-]+/[A-Za-z0-9_]+/(deployment|source)\.zip")
PACKAGE_QUERY = frozenset({"partNumber", "uploadId", "uploads", "versionId", "x-id"})
WELL_KNOWN = re.compile(r"/[a-z0-9-]+_[A-Za-z0-9]+/\.well-known/(jwks\.json|openid-configuration)")
# By which agentcore_local has the emulator prove a caller's signature, which is one over the path it was sent to.
PROOF = "AmazonSQS.ListQueueTags"
PROVEN = re.compile(r"/(gateways|identities|runtimes)/.+")
# Chosen by path alone, whatever else the request says.
SIGN_IN = {("POST", "/oauth2/token"), ("GET", "/oauth2/authorize"), ("POST", "/oauth2/login"), ("POST", "/login")}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request without its body. Names of headers in lower case; one given twice is joined, as the emulator does."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]

    @classmethod
    def of(cls, scope: Mapping[str, Any]) -> Asked:
        headers: dict[str, str] = {}
        fields: Iterable[tuple[bytes, bytes]] = scope["headers"]
        for name, value in fields:
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            headers[key] = f"{headers[key]}, {text}" if key in headers else text
        return cls(scope["method"], scope["path"], scope["query_string"].decode("latin-1"), headers)

    @property
    def scope(self) -> str:
        """The service that it is signed for."""
        found = SCOPE.search(self.headers.get("authorization", ""))
        return found[1] if found else ""

    @property
    def run(self) -> str:
        """The command of ours that sends it, as it says itself; "" for nobody's."""
        found = RUN.search(self.headers.get("user-agent", ""))
        return found[1] if found else ""

    @property
    def is_form(self) -> bool:
        """True if only its body says what it asks for."""
        kind = self.headers.get("content-type", "")
        plain = "x-amz-target" not in self.headers and "content-encoding" not in self.headers
        return plain and (self.method, self.path, self.query) == ("POST", "/", "") and bool(FORM.fullmatch(kind))


def may_change(asked: Asked, form: bytes = b"") -> bool:
    """False only for what is known to leave everything that Terraform keeps as it is."""
    if asked.path.startswith("/_ministack/"):
        return asked.path not in (CHANGES_PATH, "/_ministack/health", "/_ministack/save")
    if (asked.method, asked.path) in SIGN_IN:
        return False
    if "content-encoding" in asked.headers:
        return True
    if asked.is_form:
        actions = parse_qs(form.decode("utf-8", "replace"), keep_blank_values=True).get("Action", [])
        return len(actions) != 1 or not _listed(FORMS, asked.scope, actions[0])
    if (target := asked.headers.get("x-amz-target")) is not None:
        if target == PROOF and PROVEN.fullmatch(asked.path):
            return False
        return (asked.method, asked.path, asked.query) != ("POST", "/", "") or not _listed(
            TARGETS, *target.partition(".")[::2]
        )
    return not _harmless_path(asked)


def _listed(known: Mapping[str, re.Pattern[str]], service: str, action: str) -> bool:
    return service in known and known[service].fullmatch(action) is not None


def _harmless_path(asked: Asked) -> bool:
    names = parse_qs(asked.query, keep_blank_values=True)
    if asked.method in ("GET", "HEAD"):
        reads = asked.scope in ("lambda", "s3") and not asked.path.startswith("/_")
        return "Action" not in names and (reads or WELL_KNOWN.fullmatch(asked.path) is not None)
    if asked.method == "POST" and asked.scope == "lambda":
        return INVOCATION.fullmatch(asked.path) is not None
    uploads = asked.method in ("POST", "PUT") and asked.scope == "s3"
    return uploads and PACKAGE.fullmatch(asked.path) is not None and PACKAGE_QUERY.issuperset(names)


@dataclass(slots=True)
class Changes:
    """Counts since the emulator's start. `process` is that start's own: another one has lost what was counted."""

    process: str
    count: int = 0
    run: str = ""
    own: int = 0
    """How many of them came from `run`, the last that named itself."""

    def note(self, run: str) -> None:
        self.count += 1
        if run and run != self.run:
            self.run, self.own = run, 0
        self.own += bool(run)

    def document(self) -> dict[str, Any]:
        return {"process": self.process, "changes": self.count, "run": self.run, "own": self.own}


@dataclass(frozen=True, slots=True)
class Seen:
    """What the emulator said of its changes; `own` are those of the command that asked."""

    process: str
    count: int
    own: int

    @classmethod
    def of(cls, document: Mapping[str, Any], run: str) -> Seen:
        """Raises KeyError, TypeError or ValueError for what is no such document."""
        own = int(document["own"]) if document["run"] == run else 0
        return cls(str(document["process"]), int(document["changes"]), own)

    @property
    def mark(self) -> str:
        return f"{self.process}:{self.count}"

    def only_ours_since(self, before: Seen) -> bool:
        """True if since then the same process was told to change things by that command alone."""
        return self.process == before.process and self.count - before.count == self.own - before.own
