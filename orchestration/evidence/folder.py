"""Writes the folder beside its place, looks for secrets, seals it, and only then moves it to its name."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration.errors import BadInput, GateRefused
from orchestration.evidence import controls, junit, matrix, page, redact, sarif, schemas, summary
from orchestration.evidence.inputs import EvidenceInputs
from orchestration.evidence.scan import scan
from orchestration.evidence.seal import MANIFEST, manifest


def write(folder: Path, inputs: EvidenceInputs) -> Path:
    """Make the sealed folder (0700, files 0600) and return it.

    Raises BadInput when it exists or a document is not as its schema says, GateRefused when a token or a secret is in
    it: what was written then stays beside it, unsealed, to be looked at.
    """
    files = contents(inputs)
    draft = _draft(folder)
    try:
        for name, data in files.items():
            _put(draft / name, data)
        _refuse_secrets(draft, inputs.secrets)
        _put(draft / MANIFEST, manifest(draft).encode())
        draft.rename(folder)
    except GateRefused:
        raise
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return folder


def prepare(folder: Path) -> None:
    """Raises BadInput when `write` could not write there: that is better known before a run than after it."""
    _draft(folder).rmdir()


def _draft(folder: Path) -> Path:
    """An empty folder beside the place."""
    try:
        if os.path.lexists(folder):
            raise BadInput(f"{folder} exists already", remedy="choose another --out", code="evidence_exists")
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f"{folder.name}.unsealed-", dir=folder.parent))
    except (OSError, ValueError) as e:  # ValueError: a NUL in its name
        why = e.strerror if isinstance(e, OSError) else e
        raise BadInput(
            f"{str(folder)!r} cannot be written: {why}", remedy="choose another --out", code="evidence_unwritable"
        ) from None


def contents(inputs: EvidenceInputs) -> dict[str, bytes]:
    """{file name: bytes} of everything but the manifest. Raises BadInput."""
    rows = matrix.read(inputs.smoke, inputs.doors)
    entries = controls.document(rows)
    result = _json("result", {**inputs.smoke, "ok": rows.ok})
    return {
        "controls.json": _json("controls", entries),
        "environment.json": _json("environment", _environment(inputs)),
        "failures.sarif": _json("failures.sarif", sarif.document(rows, inputs.taken, result.decode())),
        "junit.xml": junit.document(rows, inputs.taken),
        "report.html": page.document(rows, inputs, entries).encode(errors="replace"),
        "requests.json": _json("requests", redact.document(inputs.requests)),
        "result.json": result,
        "summary.md": summary.document(rows, inputs, entries).encode(errors="replace"),
    }


def _environment(inputs: EvidenceInputs) -> dict[str, Any]:
    """environment.json: what ran, and the doors as they were read back."""
    made = inputs.provenance
    return {
        "schema_version": 1,
        "taken_at": inputs.taken,
        "region": made.region,
        "commit": made.commit,
        "uncommitted_changes": made.uncommitted_changes,
        "pending_changes": made.pending_changes,
        "tools": dict(made.tools),
        "packages": dict(made.packages),
        "digests": dict(made.digests),
        "doors": [
            {
                "name": door.name,
                "runtime_arn": door.runtime_arn,
                "runtime_version": door.runtime_version,
                "authorizer": door.authorizer,
                "as_asked": door.as_asked,
            }
            for door in inputs.doors
        ],
    }


def _json(name: str, document: Mapping[str, Any]) -> bytes:
    """ASCII, so that no character of a stranger's text can fool a terminal or an editor."""
    schemas.check(name, document)
    return (json.dumps(document, indent=2) + "\n").encode()


def _put(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)


def _refuse_secrets(draft: Path, secrets: Mapping[str, str]) -> None:
    found = scan(draft, secrets)
    if found:
        places = ", ".join(f"{finding.file} ({finding.pattern})" for finding in found)
        raise GateRefused(
            f"not sealed, it holds what looks like a token or a secret: {places}",
            remedy=f"look at {draft}, mend what wrote it there, then delete that folder",
            code="secret_in_evidence",
        )
