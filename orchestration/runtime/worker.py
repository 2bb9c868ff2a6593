"""The only importer of the starter toolkit. Run as a script: request on stdin, result in the file argv[1].

Request: {region, name, role_arn, bucket, authorizer, environment, entry_point, code_runtime, protocol, source_dir,
request_headers}.
Result: {"id", "arn"} or {"error": str}. Imports nothing of ours: it runs in the build folder.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

CONFIG = ".bedrock_agentcore.yaml"


def launch(request: dict[str, Any]) -> dict[str, str]:
    """Configure from scratch and launch.

    An old configuration file would bring an old runtime id, which the toolkit then updates without asking whether
    it still exists; the conflict on the name finds the right one.
    """
    from bedrock_agentcore_starter_toolkit import Runtime
    from bedrock_agentcore_starter_toolkit.utils.runtime.config import load_config, save_config

    build_dir = Path.cwd()
    config_path = build_dir / CONFIG
    config_path.unlink(missing_ok=True)
    source_dir = Path(request["source_dir"])
    runtime = Runtime()
    runtime.configure(
        entrypoint=str(source_dir / request["entry_point"]),
        agent_name=request["name"],
        execution_role=request["role_arn"],
        auto_create_ecr=False,
        s3_path=f"s3://{request['bucket']}",
        authorizer_configuration=request["authorizer"],
        request_header_configuration={"requestHeaderAllowlist": request["request_headers"]},
        region=request["region"],
        protocol=request["protocol"],
        requirements_file=str(source_dir / "requirements.txt"),
        disable_otel=True,
        memory_mode="NO_MEMORY",
        deployment_type="direct_code_deploy",
        runtime_type=request["code_runtime"],
    )
    # Without a source path the toolkit writes its dependency cache into the folder that it then zips.
    config = load_config(config_path)
    config.get_agent_config().source_path = str(source_dir)
    save_config(config, config_path)
    result = runtime.launch(auto_update_on_conflict=True, env_vars=request["environment"])
    return {"id": str(result.agent_id), "arn": str(result.agent_arn)}


def main() -> None:
    os.umask(0o077)
    request = json.load(sys.stdin)
    try:
        answer: dict[str, str] = launch(request)
    except Exception as e:  # the caller turns every failure into one line; the log has the traceback
        import traceback

        traceback.print_exc()
        answer = {"error": f"{type(e).__name__}: {e}"}
    Path(sys.argv[1]).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
