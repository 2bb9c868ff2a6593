"""Commands that make and check the evidence folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.checks import case
from orchestration.checks.doors import door_spec
from orchestration.checks.run import Outcome
from orchestration.commands import provenance
from orchestration.commands.matrix import Choice, Matrix
from orchestration.console import Console
from orchestration.errors import BadInput, OrchestrationError, WrongVerdicts
from orchestration.gateway import differing
from orchestration.report import SmokeReport
from orchestration.runtime.spec import DIGEST_VARIABLE, ObservedRuntime, changed_fields
from orchestration.settings import Settings
from orchestration.steps import Steps
from orchestration.terraform.preparation import LOCK_FILE

if TYPE_CHECKING:
    from orchestration.evidence import Door, EvidenceInputs, Problem, Provenance

SCHEMA_VERSION = 1
# Shorter values are words, such as the one that a caller with garbage sends.
SHORTEST_CREDENTIAL = 24
SIGNATURE = re.compile("Signature=([0-9a-f]{64})")
CREDENTIAL_HEADERS = frozenset({"authorization", "x-amz-security-token"})
WITHOUT_SEAL = "only the seal, kept elsewhere, finds a folder that was sealed anew: add --seal HEX"


@dataclass(frozen=True, slots=True)
class Written:
    """A sealed folder and what it says. `seal` belongs where the folder is not."""

    folder: Path
    seal: str
    report: SmokeReport
    altered: Sequence[str] = ()
    """The doors that are not as asked for."""

    @property
    def ok(self) -> bool:
        return self.report.ok and not self.altered

    def document(self) -> dict[str, Any]:
        return {
            "schema_version": SCHEMA_VERSION,
            "folder": str(self.folder),
            "seal": self.seal,
            "ok": self.ok,
            "doors_not_as_asked": list(self.altered),
            "passed": self.report.passed,
            "failed": self.report.failed,
            "skipped": self.report.skipped,
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """Make and check the evidence folder."""

    steps: Steps
    matrix: Matrix

    @property
    def console(self) -> Console:
        return self.steps.console

    def check_flags(self, out: str | None, verify: str | None, seal: str | None) -> None:
        """Raises BadInput. An empty value is a shell variable that nobody set: it must not choose something else."""
        for flag, value in (("--out", out), ("--verify", verify), ("--seal", seal)):
            if value is not None and not value.strip():
                raise BadInput(f"{flag} is empty", remedy=f"give {flag} a value, or leave it out", code="empty_flag")
        if seal is not None and verify is None:
            raise BadInput("--seal without --verify checks nothing", remedy="name the folder: --verify DIR --seal HEX")
        if out is not None and verify is not None:
            raise BadInput("--out writes a folder, --verify checks one", remedy="use one of them")

    def write(self, out: str | None = None) -> Written:
        """Run the whole matrix and seal what came of it; wrong verdicts are evidence too."""
        # Imported here: the writers of the folder bring libraries that no other command should wait for.
        from orchestration.evidence import prepare, seal_of, write

        folder = self._default() if out is None else Path(out)
        prepare(folder)
        report = self.matrix.whole(Choice())
        inputs = self._inputs(report)
        with self.console.step("evidence"):
            write(folder, inputs)
        altered = [o.case.door.value for o in report.outcomes if o.verdict is case.Verdict.DIFFERS]
        altered += [door.name for door in inputs.doors if door.as_asked is False]
        return Written(folder, seal_of(folder), report, list(dict.fromkeys(altered)))

    def require(self, written: Written) -> None:
        """Raises WrongVerdicts when a door is not as asked for: right verdicts of another door prove nothing."""
        if written.altered:
            command = self.steps.deployment.command
            raise WrongVerdicts(
                f"not as asked for: {', '.join(f'door {name}' for name in written.altered)}",
                remedy=f"`{command('invoke drift')}` shows what is live; `{command('make up')}` puts it right",
                code="door_altered",
            )

    def verify(self, folder: str, seal: str | None = None) -> None:
        """Raises OrchestrationError naming each file that is not as it was sealed, BadInput when there is no folder."""
        from orchestration.evidence import verify

        path = Path(folder)
        if not path.is_dir():
            raise BadInput(f"{folder} is no folder", remedy="name the folder that `invoke evidence` wrote")
        if problems := verify(path, seal):
            raise OrchestrationError(
                f"{folder} is not as it was sealed: {'; '.join(_words(problem) for problem in problems)}",
                remedy="take it from where the original is kept; do not use this copy as evidence",
                code="evidence_changed",
            )

    def show(self, written: Written, *, json: bool) -> None:
        if json:
            self.console.document(written.document())
            return
        self.console.result(f"{written.folder / 'report.html'}")
        self.console.result(f"seal {written.seal}")

    def show_verified(self, folder: str, seal: str | None, *, json: bool) -> None:
        """Say what `verify` found in order, and what it could not find."""
        if json:
            self.console.document({"folder": folder, "ok": True, "seal_checked": seal is not None})
        elif seal is not None:
            self.console.result(f"{folder} is as it was sealed")
        else:
            self.console.result(f"{folder} is as its own manifest says; {WITHOUT_SEAL}")

    def _default(self) -> Path:
        chosen = self.steps.deployment
        taken = datetime.fromtimestamp(self.steps.clock.now(), UTC).strftime("%Y%m%dT%H%M%SZ")
        return chosen.root / ".evidence" / f"{chosen.target}-{chosen.environment}-{taken}"

    def _inputs(self, report: SmokeReport) -> EvidenceInputs:
        from orchestration.evidence import EvidenceInputs

        settings = self.steps.live_settings()
        runtimes = list(self._runtimes(settings))
        return EvidenceInputs(
            taken_at=self.steps.clock.now(),
            smoke=report.document(),
            doors=[
                *(_door(name, runtime, _asked(settings, name, runtimes[0][1])) for name, runtime in runtimes),
                *self._gateway(settings),
            ],
            provenance=self._provenance(settings, runtimes[0][1]),
            requests=list(_requests(report.outcomes)),
            secrets=self._secrets(settings, report.outcomes),
        )

    def _runtimes(self, settings: Settings) -> Iterator[tuple[str, ObservedRuntime]]:
        """(door, runtime), the deployment's own first, as the control plane has them after the calls."""
        main = self.steps.observed(settings)
        if main is None:
            raise self.steps.not_launched(settings)
        yield "main", main
        control = self.steps.tools.control(settings.endpoints)
        for record in self.steps.load_or_new().doors:
            if runtime := control.get(record.id):
                yield record.name.removeprefix(f"{settings.outputs.agent_runtime_name}_probe_"), runtime

    def _gateway(self, settings: Settings) -> Iterator[Door]:
        """The gateway's door, as the control plane has it after the calls."""
        from orchestration.evidence import Door

        asked = self.steps.tools.gateway_asked(settings)
        live = self.steps.gateway_seen(settings, asked).gateway if asked else None
        if asked and live:
            authorizer = dict(live.spec.authorizer) or None
            yield Door("gateway", live.arn, None, authorizer, as_asked=not differing(asked.gateway, live.spec))

    def _provenance(self, settings: Settings, main: ObservedRuntime) -> Provenance:
        from orchestration.evidence import Provenance

        steps = self.steps
        terraform = steps.tools.terraform(settings.endpoints)
        with steps.alone(), steps.console.step("terraform plan"):
            try:
                changes, _ = terraform.plan()
                plan = provenance.digest(terraform.show_plan())
            finally:
                terraform.forget_plan()
        commit, uncommitted = provenance.source(steps.deployment.root)
        return Provenance(
            region=settings.outputs.region,
            tools=provenance.tools(terraform.check_binary(), steps.deployment.root / "terraform" / LOCK_FILE),
            packages=provenance.packages(),
            commit=commit,
            uncommitted_changes=uncommitted,
            pending_changes=changes,
            digests={
                "agent artifact": main.spec.environment.get(DIGEST_VARIABLE),
                "terraform plan": plan,
                "terraform outputs": provenance.digest(terraform.output()),
            },
        )

    def _secrets(self, settings: Settings, outcomes: Sequence[Outcome]) -> dict[str, str]:
        """Everything that was used and must not be found: what was sent, and what it was got with."""
        found = sent_credentials(outcomes)
        if self.steps.cloud:
            found["the emulator's root key"] = self.steps.cloud.root_key().secret
        return found | self.steps.tools.broker(settings).secrets()


def sent_credentials(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """{header and case: value without its scheme, or a part of it} of each that went out, words left aside."""
    found: dict[str, str] = {}
    for outcome in outcomes:
        for name, value in (pair for sent in outcome.sent for pair in sent.headers):
            if name.lower() in CREDENTIAL_HEADERS:
                for text in _parts(value):
                    # Most cases send the same token: the first is told.
                    found.setdefault(text, f"{name} of case {outcome.case.id} ({len(found) + 1})")
    return {name: text for text, name in found.items()}


def _parts(value: str) -> list[str]:
    """A credential and what is of use by itself: the parts of a JWT, the signature of SigV4."""
    credential = value.partition(" ")[2] or value
    parts = [credential, *credential.split("."), *SIGNATURE.findall(credential)]
    return [part for part in parts if len(part) >= SHORTEST_CREDENTIAL]


def _requests(outcomes: Sequence[Outcome]) -> Iterator[dict[str, Any]]:
    for outcome in outcomes:
        for sent in outcome.sent:
            yield {
                "case": outcome.case.id,
                "method": sent.method,
                "url": sent.url,
                "headers": sent.headers,
                "body_bytes": sent.body_bytes,
            }


def _asked(settings: Settings, name: str, main: ObservedRuntime) -> Mapping[str, Any]:
    """The authorizer that the door of that name should have; {} for IAM callers."""
    own = case.Door(name) is case.Door.MAIN
    return settings.authorizer() if own else door_spec(settings, main.spec, case.Door(name)).authorizer


def _door(name: str, runtime: ObservedRuntime, asked: Mapping[str, Any]) -> Door:
    from orchestration.evidence import Door

    changed = changed_fields(replace(runtime.spec, authorizer=asked), runtime.spec)
    return Door(name, runtime.arn, runtime.version, dict(runtime.spec.authorizer) or None, as_asked=not changed)


def _words(problem: Problem) -> str:
    """A file that somebody added may have any name, even one that moves the cursor."""
    name = problem.file if problem.file.isprintable() else repr(problem.file)
    return f"{name} {problem.what}"
