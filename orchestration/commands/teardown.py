"""Takes a deployment apart, and looks afterwards whether anything of it is left."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from orchestration.commands.belongings import Belongings
from orchestration.console import Console
from orchestration.errors import GateRefused, Leftovers, OrchestrationError, TerraformFailed
from orchestration.remains import Found, Item, Kind, Ours, Remain, TeardownReport, Thing
from orchestration.remains.ownership import cut_off, unknown_to
from orchestration.settings import Endpoints
from orchestration.steps import Steps
from orchestration.terraform import CUT_OFF, Held

DESTROYED = ": Destruction complete"


@dataclass(frozen=True, slots=True)
class Teardown:
    """Removes what state and ledger say is ours, then searches for remains; or shows what it would do."""

    steps: Steps

    @property
    def console(self) -> Console:
        return self.steps.console

    @property
    def belongings(self) -> Belongings:
        return Belongings(self.steps)

    def down(self) -> TeardownReport:
        """Remove all of it. A second run finds nothing and says so.

        Where something is left, nothing more is taken away: the local cloud, or the ledger on AWS, stays for the next
        run. Raises GateRefused under deletion protection, Leftovers for what cannot be removed.
        """
        steps, report = self.steps, self._report()
        if not self._recorded():
            self._without_record(report)
            return report
        with steps.changing(removing=True):
            if steps.reachable():
                self._take_apart(report)
                if not report.ok:
                    return report
            else:
                self.console.note("the local cloud is down: its state goes with its folder")
            self._forget(report)
        steps.remove_if_empty()
        return report

    def preview(self) -> TeardownReport:
        """What `down` would remove, in its order, and what it would leave. Changes nothing, starts nothing."""
        steps, report = self.steps, self._report(dry_run=True)
        recorded = self._recorded()
        own = list(self._local_items()) if recorded else []
        if steps.cloud and not (recorded and steps.reachable()):
            report.removed = own
            return report
        if recorded:
            steps.check_account(steps.load_or_new(), removing=True)
        endpoints = steps.endpoints()
        held = self.belongings.held(endpoints) if recorded else Held()
        self._refuse_protected(held)
        ours = self.belongings.ours(held)
        if recorded:
            report.removed += self.belongings.runtime_items(endpoints, ours)
            report.removed += self.belongings.gateway_items(endpoints, ours)
        report.removed += [Item(one.type, one.address, "terraform") for one in held.resources]
        found = steps.tools.remains(endpoints).search(ours)
        named = {(item.kind, item.name.rpartition("/")[2]) for item in report.removed}
        self._judge(report, Found(tuple(unknown_to(held, named, found.remains)), found.unseen))
        if report.ok:
            report.removed += own
        return report

    def verdict(self, report: TeardownReport, *, json: bool) -> None:
        """Show the report. Raises Leftovers or Unfit where the teardown did not prove itself."""
        chosen = self.steps.deployment
        if json:
            self.console.document(report.document())
        else:
            for line in report.lines():
                self.console.result(line)
        there = self.steps.cloud is not None and chosen.state_dir.exists()
        local = f'eval "$({chosen.command(".venv/bin/invoke local.env")})"; ' if there else ""
        report.judge(chosen.command("make down"), local)

    def _report(self, *, dry_run: bool = False) -> TeardownReport:
        chosen = self.steps.deployment
        return TeardownReport(chosen.target.value, chosen.environment, chosen.region, dry_run=dry_run)

    def _recorded(self) -> bool:
        return self.steps.deployment.state_dir.exists() or self.steps.tools.remote() is not None

    def _without_record(self, report: TeardownReport) -> None:
        """Locally that leaves strays at most; on AWS another machine may have made things."""
        steps, state_dir = self.steps, self.steps.deployment.state_dir
        if steps.cloud is not None:
            if steps.cloud.stop_strays():
                report.removed.append(Item(Kind.PROCESS, "local cloud", "its folder"))
            shutil.rmtree(state_dir, ignore_errors=True)  # the emulator writes its state when it ends
            steps.remove_if_empty()
            return
        self.console.say(f"there is no {state_dir}: looking in AWS for what is called or tagged like this environment")
        steps.tools.account()  # the clearest words where there are no credentials
        self._judge(report, steps.tools.remains(steps.endpoints()).search(self.belongings.ours(Held())))

    def _take_apart(self, report: TeardownReport) -> None:
        """Locally a state that Terraform cannot read is no obstacle: all of it goes with the folder."""
        steps = self.steps
        endpoints = steps.endpoints()
        try:
            held = self.belongings.held(endpoints)
            self._refuse_protected(held)
            ours = self.belongings.ours(held)
            self.belongings.keep(ours)
            settled = self._is_settled(endpoints)  # what goes before Terraform's own is none of Terraform's
            self._remove_runtimes(endpoints, ours, report)
            self._remove_gateway(endpoints, ours, report)
            self._destroy(endpoints, held, report, refresh=not settled)
        except TerraformFailed as e:
            if e.code != "corrupt_state" or not steps.cloud:
                raise
            self.console.say(f"{e.message}; the local cloud goes with its folder")
            return
        with self.console.step("search for remains"):
            found = steps.tools.remains(endpoints).search(ours)
        self._judge(report, found)

    def _judge(self, report: TeardownReport, found: Found) -> None:
        """What an apply that was cut off made, and could not write down, goes with a local cloud.

        It may have been cut off before it tagged a thing: a bucket gets its tags by a call of their own.
        """
        steps = self.steps
        excusable = steps.cloud is not None and (steps.deployment.state_dir / CUT_OFF).exists()
        report.excused = tuple(one for one in found.remains if excusable and cut_off(one.thing))
        report.remains = tuple(one for one in found.remains if one not in report.excused)
        report.unseen = found.unseen

    def _refuse_protected(self, held: Held) -> None:
        steps = self.steps
        if not held.resources or held.text("deletion_protection") != "true":
            return
        raise GateRefused(
            f"{steps.deployment.state_dir.name} is under deletion protection",
            remedy=f"set deletion_protection = false in {steps.deployment.tfvars_path}, then "
            f"{steps.deployment.command('invoke apply')} (prod refuses that: terraform/README.md, By hand)"
            + ("; locally `invoke local.down` first lets it go with its folder" if steps.cloud else ""),
            code="deletion_protected",
        )

    def _remove_runtimes(self, endpoints: Endpoints, ours: Ours, report: TeardownReport) -> None:
        """The doors first, each with its log groups before its record goes: a later run would not know its id.

        What is only called like one of them stays, and the search lists it. A recorded one that its tags have since
        made somebody else's stays with all that is its own.
        """
        steps = self.steps
        control, logs = steps.tools.control(endpoints), steps.tools.log_groups(endpoints)
        for name, record in self.belongings.runtimes(ours):
            own = self.belongings.runtime(endpoints, ours, name, record)
            gone = steps.remove_runtime(control, name, record) if own else None
            if gone is None and record is not None and control.get(record.id) is not None:
                self.console.say(f"runtime {record.id} stays with its log groups: its tags say that it is another's")
                continue
            if own and gone is not None:
                report.removed.append(Item(Kind.RUNTIME, name, own[1]))
            if runtime_id := gone or (record.id if record else None):
                try:
                    report.removed += [Item(Kind.LOGS, group, "runtime") for group in logs.remove(runtime_id)]
                except OrchestrationError as e:
                    self.console.say(f"log groups of {runtime_id} stay: {e.message}")
            ledger = steps.load_or_new()
            steps.ledger().save(ledger.with_runtime(None) if name == ours.agent else ledger.without_door(name))

    def _remove_gateway(self, endpoints: Endpoints, ours: Ours, report: TeardownReport) -> None:
        """As the runtimes."""
        items = list(self.belongings.gateway_items(endpoints, ours))
        gateway, provider = self.belongings.gateway(endpoints, ours), self.belongings.provider(endpoints, ours)
        self.steps.delete_gateway(endpoints, gateway[0] if gateway else None, provider[0] if provider else None)
        report.removed += items

    def _is_settled(self, endpoints: Endpoints) -> bool:
        """Whether the state is proven to be what is there. Where the project is broken or gone, nothing is proven.

        Its files are looked at and none is made: `tools.terraform` would write the function's package.
        """
        steps = self.steps
        if steps.cloud is None:
            return False
        with suppress(OrchestrationError, OSError, ValueError):
            return steps.is_settled(steps.tools.driver(endpoints, steps.tools.remote()))
        return False

    def _destroy(self, endpoints: Endpoints, held: Held, report: TeardownReport, *, refresh: bool) -> None:
        """By sources that hold nothing, so that no value and no line of the project need be right. Raises Leftovers."""
        steps = self.steps
        if not held.resources:
            return
        types = {one.address: one.type for one in held.resources}

        def told(line: str) -> None:
            address = line.partition(DESTROYED)[0]
            if address in types and DESTROYED in line:
                report.removed.append(Item(types[address], address, "terraform"))
            steps.progress(line)

        terraform = steps.tools.apart(endpoints)
        with self.console.step("terraform destroy"):
            terraform.init()
            steps.remember_bucket()
            terraform.destroy(refresh=refresh, on_line=told)
        if terraform.has_state():
            raise Leftovers(
                "Terraform's state still lists resources after destroy",
                remedy=f"see {terraform.log_path}, then {steps.deployment.command('make down')}",
            )

    def _forget(self, report: TeardownReport) -> None:
        """Stop and erase what runs here, then look for processes that did not end."""
        steps = self.steps
        own = list(self._local_items())
        if steps.cloud:
            with self.console.step("local cloud stop"):
                steps.cloud.stop()
                steps.cloud.erase()
                report.remains += tuple(self._processes())
        elif place := steps.tools.remote():
            self.console.say(f"bucket {place.bucket} stays: it may hold the states of other environments")
            self.console.say(f"`STATE_BUCKET={place.bucket} {steps.deployment.command('invoke state.remove')}`")
        shutil.rmtree(steps.deployment.state_dir)
        report.removed += own

    def _processes(self) -> Iterator[Remain]:
        """What still runs out of the folder of the local cloud after everything was told to end."""
        assert self.steps.cloud is not None  # noqa: S101  the one caller looked
        for pid, words in self.steps.cloud.processes():
            thing = Thing(Kind.PROCESS, f"{pid}: {words[:80]}", str(pid))
            yield Remain(thing, f"runs in {self.steps.deployment.state_dir.name}", f"kill {pid}")

    def _local_items(self) -> Iterator[Item]:
        """What this machine holds of it."""
        steps = self.steps
        if steps.cloud is not None and (ledger := steps.ledger().load()) and ledger.ports:
            yield from (
                Item(Kind.PROCESS, one.name, "ledger") for one in steps.cloud.status(ledger.ports) if one.running
            )
        if steps.deployment.state_dir.exists():
            yield Item("folder", str(steps.deployment.state_dir), "ledger")
