"""From files to sessions. The format is told by a file's content, never by its name.

Enters: files and folders. Leaves: sessions, or `TraceError` with a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType

from visavis.errors import TraceError
from visavis.netlab.mine.readers import (
    atc,
    cicv5g,
    iperf3,
    mahimahi,
    pcap,
    ping,
    rtpdump,
    starlink_ping,
    starlink_road,
    uccmisl,
)
from visavis.netlab.mine.rtp import without_senders
from visavis.netlab.mine.session import MAX_BYTES, Session

_FORMATS: tuple[ModuleType, ...] = (
    rtpdump,
    pcap,
    uccmisl,
    iperf3,
    atc,
    cicv5g,
    starlink_road,
    ping,
    starlink_ping,
    mahimahi,
)
"""Each has NAME, sniff(head) and read(data, name). The stricter marks come first."""
HEAD_BYTES = 8192
MAX_FILES = 10_000


def format_of(head: bytes) -> str | None:
    """The name of the format that a file's first bytes show; None if it is none of ours."""
    return next((str(each.NAME) for each in _FORMATS if each.sniff(head)), None)


def read_bytes(data: bytes, name: str) -> list[Session]:
    """The sessions of one file's content. TraceError."""
    if len(data) > MAX_BYTES:
        raise TraceError(
            f"{name}: {len(data) / 2**20:.0f} MiB; at most {MAX_BYTES // 2**20} can be read."
        )
    for each in _FORMATS:
        if each.sniff(data[:HEAD_BYTES]):
            found: list[Session] = each.read(data, name)
            return found
    known = ", ".join(str(each.NAME) for each in _FORMATS)
    raise TraceError(f"{name}: is of no format that can be read ({known}).")


def read_file(path: Path, name: str | None = None) -> list[Session]:
    """The sessions of one file. TraceError, also if it cannot be opened."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise TraceError(f"{path}: larger than {MAX_BYTES // 2**20} MiB. Cut the trace.")
        data = path.read_bytes()
    except OSError as error:
        raise TraceError(f"{path}: cannot be read: {error.strerror}.") from error
    return read_bytes(data, name or path.name)


def trace_files(paths: Iterable[Path]) -> list[tuple[Path, str]]:
    """Every trace under `paths` and its name: files as they are, and in folders those of a known
    format, in the order of their names. TraceError for a path that is not there."""
    found: list[tuple[Path, str]] = []
    for path in paths:
        if path.is_dir():
            found += [(each, str(each.relative_to(path))) for each in sorted(_traces_in(path))]
        elif path.exists():
            found.append((path, path.name))
        else:
            raise TraceError(f"{path}: there is no such file or folder.")
    if not found:
        raise TraceError("No trace of a known format was found.")
    return found


def read_all(
    files: Iterable[tuple[Path, str]], done: Callable[[str], None] = lambda name: None
) -> list[Session]:
    """The sessions of all files; `done` hears of each. TraceError."""
    found: list[Session] = []
    for path, name in files:
        found += read_file(path, name)
        done(name)
    return without_senders(found)


def _traces_in(folder: Path) -> Iterator[Path]:
    for count, path in enumerate(folder.rglob("*")):
        if count >= MAX_FILES:
            raise TraceError(f"{folder}: more than {MAX_FILES} files. Name the traces.")
        if path.is_file():
            with path.open("rb") as file:
                head = file.read(HEAD_BYTES)
            if format_of(head) is not None:
                yield path
