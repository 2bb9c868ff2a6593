"""Takes into the state what an interrupted apply made and could not write down; refuses what is not provably ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestration.errors import TerraformFailed
from orchestration.terraform.adoption import CODE, Stray, import_id, is_ours, planned, values_of
from orchestration.terraform.driver import TerraformDriver


def adopt(
    terraform: TerraformDriver, strays: Sequence[Stray], note: Callable[[str], None], *, all_ours: bool = False
) -> None:
    """Import each stray. `all_ours`: nobody else can have made anything there, as in a local cloud.

    Raises TerraformFailed for the first one that is not ours or cannot be imported; it is not in the state then.
    """
    try:
        terraform.plan()
        plan = terraform.show_plan()
    finally:
        terraform.forget_plan()
    for stray in strays:
        identity = import_id(stray, plan)
        if identity is None:
            raise _stays(stray, "it is of a kind that is not taken in by itself", "ID")
        if failure := terraform.take_in(stray.address, identity):
            raise _stays(stray, failure, identity)
        found = values_of(terraform.show_state(), stray.address) if not all_ours else {}
        if not all_ours and not is_ours(planned(stray, plan), found):
            terraform.let_go(stray.address)
            raise _stays(stray, "nothing on it tells that this environment made it", identity)
        note(f"{stray.address}: {stray.name} was there and is taken into the state")


def _stays(stray: Stray, why: str, identity: str) -> TerraformFailed:
    return TerraformFailed(
        f"{stray.kind} {stray.name!r} exists and is not in the state; {why}",
        remedy=f"if it is yours: terraform -chdir=terraform import '{stray.address}' '{identity}' "
        "(terraform/README.md, By hand); else rename one of the two",
        code=CODE,
    )
