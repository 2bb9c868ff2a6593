import shutil
import subprocess
import sys
from pathlib import Path

MAIN = Path(__file__).parents[3] / "agent" / "main.py"
LOADED = "import gc\nwhile_loading = gc.isenabled()\ndef main(env): print(while_loading, gc.isenabled()); return 7\n"


def test_garbage_is_looked_for_while_the_agent_serves_and_not_while_it_is_loaded(tmp_path: Path) -> None:
    shutil.copy(MAIN, tmp_path)
    (tmp_path / "mortgage").mkdir()
    (tmp_path / "mortgage" / "serve.py").write_text(LOADED)
    done = subprocess.run([sys.executable, "main.py"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("False True\n", 7)
