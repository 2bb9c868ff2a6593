"""Takes into the state what an interrupted apply made and could not write down; refuses what is not provably ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestration.errors import TerraformFailed
from orchestration.terraform.adoption import CODE, Stray, change_of, import_id, is_ours
from orchestration.terraform.driver import TerraformDriver
from orchestration.terraform.process import OnLine


def adopt(
    terraform: TerraformDriver,
    strays: Sequence[Stray],
    note: Callable[[str], None],
    *,
    all_ours: bool = False,
    on_line: OnLine | None = None,
) -> None:
    """Apply with an import of each stray, in one go. `all_ours`: nobody else can make anything there.

    What is there is compared by the plan, before anything is taken. Raises TerraformFailed for the first stray that
    is not ours or cannot be imported, ExistsOutside where this apply meets more of them.
    """
    imports = _imports(terraform, strays)
    with terraform.taking_in(imports) as taking:
        taking.plan()
        document = taking.show_plan()
        for stray in strays:
            change = change_of(stray, document)
            if not all_ours and not is_ours(change.get("after") or {}, change.get("before") or {}):
                raise _stays(stray, "nothing on it tells that this environment made it", imports[stray.address])
            note(f"{stray.address}: {stray.name} is there already and is taken into the state")
        taking.apply_plan(on_line=on_line)


def _imports(terraform: TerraformDriver, strays: Sequence[Stray]) -> dict[str, str]:
    """{address: what Terraform imports it by}."""
    try:
        terraform.plan()
        document = terraform.show_plan()
    finally:
        terraform.forget_plan()
    found = {}
    for stray in strays:
        identity = import_id(stray, document)
        if identity is None:
            raise _stays(stray, "it is of a kind that is not taken in by itself", "ID")
        found[stray.address] = identity
    return found


def _stays(stray: Stray, why: str, identity: str) -> TerraformFailed:
    return TerraformFailed(
        f"{stray.kind} {stray.name!r} exists and is not in the state; {why}",
        remedy=f"if it is yours: terraform -chdir=terraform import '{stray.address}' '{identity}' "
        "(terraform/README.md, By hand); else rename one of the two",
        code=CODE,
    )
