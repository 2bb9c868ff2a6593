"""Takes into the state what an interrupted apply made and could not write down. In a cloud that is ours alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestration.errors import TerraformFailed
from orchestration.terraform.adoption import CODE, Stray, import_id
from orchestration.terraform.driver import TerraformDriver
from orchestration.terraform.process import OnLine


def adopt(
    terraform: TerraformDriver,
    strays: Sequence[Stray],
    note: Callable[[str], None],
    *,
    on_line: OnLine | None = None,
) -> None:
    """Apply with an import of each stray, in one go.

    Nobody looks whose they are: on AWS a colleague's would be taken as well. Raises TerraformFailed for the first
    stray that cannot be imported, ExistsOutside where this apply meets more of them.
    """
    with terraform.taking_in(_imports(terraform, strays)) as taking:
        for stray in strays:
            note(f"{stray.address}: {stray.name} is there already and is taken into the state")
        taking.apply(on_line=on_line)


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
            raise _stays(stray)
        found[stray.address] = identity
    return found


def _stays(stray: Stray) -> TerraformFailed:
    return TerraformFailed(
        f"{stray.kind} {stray.name!r} exists and is not in the state; it is of a kind that is not taken in by itself",
        remedy=f"if it is yours: terraform -chdir=terraform import '{stray.address}' 'ID' "
        "(terraform/README.md, By hand); else rename one of the two",
        code=CODE,
    )
