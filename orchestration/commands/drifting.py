"""What `invoke drift` looks at: all that is provisioned and launched, and every other way in."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from orchestration import drift
from orchestration.checks.doors import door_spec, probe_doors
from orchestration.drift import Door, Drift, Other
from orchestration.ledger import Ledger, RuntimeRecord
from orchestration.review import Severity, review_authorizer
from orchestration.runtime.launch import Launcher
from orchestration.runtime.lifecycle import RuntimeControl, own_runtime, pinned_endpoints
from orchestration.runtime.spec import ObservedRuntime, RuntimeSpec
from orchestration.settings import QUALIFIER, Settings, Shipping
from orchestration.steps import Steps


@dataclass(frozen=True, slots=True)
class Drifting:
    """Compares and changes nothing. Where no ledger says what was launched, as on a machine of CI, that is unknown."""

    steps: Steps

    def found(self) -> list[Drift]:
        endpoints = self.steps.endpoints()
        with self.steps.alone():
            self.steps.check_account(self.steps.load_or_new())
            settings = self._with_live_gateway(self.steps.settings(endpoints))
            found = [*self._provisioned(settings), *self._members(settings), *self._launched(settings)]
            return [*found, *self._gateway(settings)]

    def _with_live_gateway(self, settings: Settings) -> Settings:
        """The runtime is told its gateway's URL, which only a ledger or the gateway itself knows."""
        asked = self.steps.tools.gateway_asked(settings)
        if asked is None or settings.gateway_url is not None:
            return settings
        live = self.steps.gateway_seen(settings, asked).gateway
        return replace(settings, gateway_url=live.url if live else None)

    def _provisioned(self, settings: Settings) -> list[Drift]:
        known = self.steps.deployment.shipping or self.steps.load_or_new().deployment
        shipping = Shipping.CONTAINER if settings.outputs.images and not known else None
        terraform = self.steps.tools.terraform(settings.endpoints, shipping)
        try:
            with self.steps.console.step("terraform plan"):
                changes, _ = terraform.plan(lock=False)  # what only looks writes nothing, the state's lock neither
            return drift.plan_drifts(terraform.show_plan()) if changes else []
        finally:
            terraform.forget_plan()

    def _members(self, settings: Settings) -> Iterator[Drift]:
        if cognito := settings.outputs.cognito:
            pool = self.steps.tools.pool_members(settings.endpoints)
            clients, users = pool.clients(cognito.user_pool_id), pool.users(cognito.user_pool_id)
            yield from drift.pool_drifts(settings.outputs, clients, users)

    def _gateway(self, settings: Settings) -> Iterator[Drift]:
        asked = self.steps.tools.gateway_asked(settings)
        if asked is not None:
            yield from drift.gateway_drifts(asked, self.steps.gateway_seen(settings, asked))
        elif stray := self.steps.unasked_gateway(settings):
            yield drift.stray_gateway(stray.spec.name)

    def _launched(self, settings: Settings) -> Iterator[Drift]:
        ledger = self.steps.load_or_new()
        control = self.steps.tools.control(settings.endpoints)
        live = own_runtime(control, settings.outputs.agent_runtime_name, ledger.runtime)
        settings = _with_live_image(settings, ledger, live)
        launcher = self.steps.tools.launcher(settings)
        spec = launcher.asked()
        yield from drift.runtime_drifts(Door(spec, live))
        if live is not None:
            yield from _artifact(launcher, spec, ledger.runtime)
            yield from drift.endpoint_drifts(spec, pinned_endpoints(control, live.id))
            yield from _policies(control, live)
        doors = set()
        for probe in [door_spec(settings, spec, door) for door in probe_doors(settings)]:
            if made := _made_door(control, probe, ledger):
                doors.add(probe.name)
                yield from drift.probe_drifts(Door(probe, made))
                yield from _policies(control, made)
        yield from _others(control, settings, spec, doors)


def _with_live_image(settings: Settings, ledger: Ledger, live: ObservedRuntime | None) -> Settings:
    """Without a record any image of our own repository may be the one that was launched."""
    images = settings.outputs.images
    if images is None or ledger.runtime is not None or live is None:
        return settings
    ours = live.spec.image.startswith(f"{images.repository_url}:")
    return replace(settings, image=live.spec.image) if ours else settings


def _made_door(control: RuntimeControl, asked: RuntimeSpec, ledger: Ledger) -> ObservedRuntime | None:
    """A door of the smoke test: as it was recorded, or where nothing was, as it is called."""
    record = ledger.door(asked.name)
    return own_runtime(control, asked.name, record) if record or ledger.runtime is None else None


def _artifact(launcher: Launcher, spec: RuntimeSpec, known: RuntimeRecord | None) -> Iterator[Drift]:
    """What the runtime takes and the runtime does not tell: the package in the bucket, the image under its tag."""
    if known is None:
        yield drift.unknown_artifact(spec.name)
    elif spec.image:
        yield from drift.image_drift(spec.name, spec.image, known.image_digest, launcher.image_digest(spec.image))
    else:
        now = launcher.artifact_version(spec.bucket, spec.key)
        yield from drift.package_drift(spec.name, known.artifact_version, now)


def _policies(control: RuntimeControl, live: ObservedRuntime) -> Iterator[Drift]:
    """Of the runtime and of each of its endpoints (AgentCore devguide: resource-based-policies)."""
    yield from drift.policy_drifts(f"runtime {live.spec.name}", control.resource_policy(live.arn))
    for name in (QUALIFIER, *sorted(control.other_endpoints(live.id))):
        where = f"runtime {live.spec.name} endpoint {name}"
        yield from drift.policy_drifts(where, control.resource_policy(f"{live.arn}/runtime-endpoint/{name}"))


def _others(
    control: RuntimeControl, settings: Settings, spec: RuntimeSpec, recorded: Collection[str]
) -> Iterator[Drift]:
    """Every other runtime of the project: without an authorizer, or with a weak one, it is a way in unseen."""
    project = spec.name.removesuffix(f"_{settings.outputs.environment}")
    found = []
    for name, runtime_id in sorted(control.names().items()):
        if name.startswith(f"{project}_") and name != spec.name and (runtime := control.get(runtime_id)):
            findings = review_authorizer(runtime.spec.authorizer, address=name)
            weak = tuple(finding.why for finding in findings if finding.severity is Severity.CRITICAL)
            found.append(Other(name, runtime.spec.authorizer, weak))
    yield from drift.open_doors(project, settings.outputs.environment, found, recorded)
