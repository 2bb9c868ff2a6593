"""What makes the folder uploadable on its own."""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
AGENT = ROOT / "agent"
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)


def pins(path: Path) -> dict[str, str]:
    return {
        name.replace("_", "-").replace(".", "-"): version for name, version in PIN.findall(path.read_text().lower())
    }


def test_every_pin_is_the_one_of_the_lock() -> None:
    ours, locked = pins(AGENT / "requirements.txt"), pins(ROOT / "requirements.lock")
    assert len(ours) > 20
    assert ours == {name: locked.get(name) for name in ours}


def test_every_requirement_is_a_pin_with_hashes_and_the_direct_ones_are_among_them() -> None:
    joined = (AGENT / "requirements.txt").read_text().replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(PIN.pattern + r"(?: +--hash=sha256:[0-9a-f]{64})+", line)] == []
    assert pins(AGENT / "requirements.in").items() <= pins(AGENT / "requirements.txt").items()


def test_it_imports_only_itself_and_what_it_requires() -> None:
    provided = {"mortgage", "strands", "bedrock_agentcore", "starlette", "pydantic", "boto3", "botocore"}
    provided |= {"httpx2", "mcp", "opentelemetry"}
    found = set()
    for path in AGENT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                found.add(str(node.module).split(".")[0])
    assert found - set(sys.stdlib_module_names) - provided == set()
