"""Write the package of the function behind the gateway where Terraform looks for it, for those who run it by hand."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from orchestration.runtime.function_package import write_package  # noqa: E402 - the path comes first


def main() -> None:
    print(write_package(ROOT))


if __name__ == "__main__":
    main()
