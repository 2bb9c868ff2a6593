"""The uploaded code: fetched from the bucket, and only the project's own files of it unpacked.

A deployment archive holds the dependencies beside the sources, built for another processor than this one.
What a dependency's RECORD lists is left out: the agent runs with this environment's own packages.
"""

import contextlib
import csv
import io
import lzma
import os
import posixpath
import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Protocol

MAX_ZIP_BYTES = 250 * 1024 * 1024  # AgentCore devguide: bedrock-agentcore-limits
MAX_ENTRIES = 60_000
MAX_RECORD_BYTES = 8 * 1024 * 1024
MAX_OWN_FILES = 2_000
MAX_OWN_BYTES = 64 * 1024 * 1024
ENTRY_MISSING = "The specified entrypoint could not be found or accessed in your artifact."

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NOWHERE = frozenset(("", ".", ".."))

# What zipfile raises, itself or by the decompressor of an entry.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
    OSError,
    EOFError,
    ValueError,
)


class ArtifactError(Exception):
    """The artifact cannot be used; the text becomes the runtime's failureReason."""


class ObjectStore(Protocol):
    """What is used of boto3's S3 client."""

    def get_object(self, **kwargs: Any) -> dict[str, Any]: ...


def entry_script(entry_point: list[str]) -> str:
    """The Python file among an entryPoint, such as ["opentelemetry-instrument", "main.py"]."""
    last = entry_point[-1]
    if not last.endswith(".py") or last.startswith("-") or not _is_safe(last):
        raise ArtifactError(ENTRY_MISSING)
    return posixpath.normpath(last)


def fetch(store: ObjectStore, location: Mapping[str, str], into: IO[bytes]) -> None:
    """Copy the object named by an S3Location (bucket, prefix, versionId) into a file, bounded."""
    wanted = {"Bucket": location["bucket"], "Key": location["prefix"]}
    if "versionId" in location:
        wanted["VersionId"] = location["versionId"]
    try:
        body = store.get_object(**wanted)["Body"]
        size = 0
        for chunk in body.iter_chunks(1024 * 1024):
            size += len(chunk)
            if size > MAX_ZIP_BYTES:
                raise ArtifactError(f"Artifact is larger than {MAX_ZIP_BYTES} bytes.")
            into.write(chunk)
    except ArtifactError:
        raise
    except Exception as e:  # botocore raises many kinds; none of them may leave a runtime without a status
        code = getattr(e, "response", {}).get("Error", {}).get("Code", type(e).__name__)
        where = f"s3://{location['bucket']}/{location['prefix']}"
        raise ArtifactError(f"Could not read the artifact {where}: {code}") from e


def own_files(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The entries that no installed distribution claims. Raises ArtifactError for an unsafe archive."""
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise ArtifactError(f"Artifact has more than {MAX_ENTRIES} entries.")
    for entry in entries:
        if not _is_safe(entry.filename.rstrip("/")):
            raise ArtifactError("Artifact holds a file name that leaves its folder.")
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise ArtifactError("Artifact holds a link or a special file.")
    claimed = _claimed_by_distributions(archive, entries)
    own = [e for e in entries if not e.is_dir() and e.filename not in claimed and not _is_leftover(e.filename)]
    names = [e.filename for e in own]
    if len(set(names)) != len(names):
        raise ArtifactError("Artifact holds one file twice.")
    if len(own) > MAX_OWN_FILES or sum(e.file_size for e in own) > MAX_OWN_BYTES:
        raise ArtifactError("Artifact holds more files of its own than the local runtime takes.")
    return own


def unpack(file: IO[bytes], folder: Path, entry: str) -> list[str]:
    """Write the own files below a folder that does not exist yet; return their names.

    Raises ArtifactError when the archive is not a zip, is unsafe, or lacks the entry script.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            own = own_files(archive)
            if entry not in [e.filename for e in own]:
                raise ArtifactError(ENTRY_MISSING)
            folder.mkdir(mode=0o700, parents=True)
            try:
                for info in own:
                    _write(archive, info, folder)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            return sorted(e.filename for e in own)
    except UNREADABLE as e:
        raise ArtifactError(f"Artifact is not a readable zip archive ({type(e).__name__}).") from e


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, folder: Path) -> None:
    target = folder / info.filename
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as out, archive.open(info) as source:
        left = info.file_size  # zipfile itself stops at the declared size and checks the CRC
        while left > 0 and (chunk := source.read(min(left, 1024 * 1024))):
            out.write(chunk)
            left -= len(chunk)


def _claimed_by_distributions(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> set[str]:
    claimed: set[str] = set()
    for entry in entries:
        folder, _, name = entry.filename.rpartition("/")
        if not folder.endswith(".dist-info"):
            continue
        claimed.add(entry.filename)
        if name != "RECORD":
            continue
        if entry.file_size > MAX_RECORD_BYTES:
            raise ArtifactError("Artifact holds an oversized RECORD file.")
        root = posixpath.dirname(folder)
        text = archive.read(entry).decode("utf-8", "replace")
        claimed |= {posixpath.normpath(posixpath.join(root, row[0])) for row in csv.reader(io.StringIO(text)) if row}
    return claimed


def _is_leftover(name: str) -> bool:
    parts = name.split("/")
    return (
        name == ".lock" or parts[0] == "bin" or "__pycache__" in parts or any(p.endswith(".dist-info") for p in parts)
    )


def _is_safe(name: str) -> bool:
    if not name or _CONTROL.search(name) or "\\" in name:
        return False
    parts = name.split("/")
    if ":" in parts[0] or not _NOWHERE.isdisjoint(parts):
        return False
    return len(name) <= 63 or all(len(p.encode()) <= 255 for p in parts)  # 63 characters are at most 252 bytes


def prepare(store: ObjectStore, code: Mapping[str, Any], folder: Path, open_temporary: Callable[[], IO[bytes]]) -> str:
    """Make sure a version's own files are in its folder; return the entry script.

    A version never changes: a folder that is there already is kept, and appears whole or not at all.
    """
    entry = entry_script(code["entryPoint"])
    if folder.exists():
        return entry
    with open_temporary() as file:
        fetch(store, code["code"]["s3"], file)
        file.seek(0)
        with place_whole(folder) as partial:
            unpack(file, partial, entry)
    return entry


@contextlib.contextmanager
def place_whole(folder: Path) -> Iterator[Path]:
    """A name beside the folder to write to, which takes the folder's place in the end."""
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)  # what an interrupted start left
    yield partial
    os.rename(partial, folder)
