"""What a log may say about a failure: where and what kind, never the words of it.

An exception's message can quote the prompt, a tool's arguments or a customer's record.
"""

from __future__ import annotations

import traceback
from pathlib import Path

MAX_CAUSES = 5
FRAMES_PER_CAUSE = 8


def describe(error: BaseException) -> str:
    """Types, AWS error codes and code positions of an exception and its causes, on one line."""
    parts: list[str] = []
    current: BaseException | None = error
    while current is not None and len(parts) < MAX_CAUSES:
        frames = traceback.extract_tb(current.__traceback__)[-FRAMES_PER_CAUSE:]
        where = " > ".join(f"{Path(frame.filename).name}:{frame.lineno}:{frame.name}" for frame in frames)
        parts.append(f"{type(current).__name__}{_aws_code(current)} at {where or 'unknown'}")
        current = current.__cause__ or current.__context__
    return " caused by ".join(parts)


def _aws_code(error: BaseException) -> str:
    """botocore's ClientError keeps {"Error": {"Code": str}}; a code is a slug, safe to log."""
    response = getattr(error, "response", None)
    details = response.get("Error") if isinstance(response, dict) else None
    code = details.get("Code") if isinstance(details, dict) else None
    return f"[{code}]" if isinstance(code, str) and code.isascii() and code.isalnum() else ""
