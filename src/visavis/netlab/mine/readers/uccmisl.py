"""The 5G dataset of UCC (uccmisl): a zip of CSVs, one row a second of throughput.

Download runs are limited by the link; the video runs are limited by the video, so they are left
out. Pings in them are too few to tell loss or delay.
"""

from __future__ import annotations

import io
import zipfile
import zlib

import numpy as np

from visavis.errors import TraceError
from visavis.netlab.mine.readers.text import decoded, numbers, table
from visavis.netlab.mine.session import MAX_BYTES, Observable, Session, session

NAME = "uccmisl"
MAX_MEMBERS = 2000
MAX_MEMBER_BYTES = 16 * 2**20


def sniff(head: bytes) -> bool:
    return head.startswith(b"PK\x03\x04") and b"5G-production-dataset" in head


def read(data: bytes, name: str) -> list[Session]:
    """A session per download run. TraceError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _runs(archive, name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, EOFError) as error:
        raise TraceError(f"{name}: is no readable zip: {error}.") from error
    except (ValueError, OSError, OverflowError) as error:
        raise TraceError(f"{name}: its zip directory is damaged: {error}.") from error


def _runs(archive: zipfile.ZipFile, name: str) -> list[Session]:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise TraceError(f"{name}: holds {len(members)} files; at most {MAX_MEMBERS} can be read.")
    found: list[Session] = []
    total = 0
    for member in members:
        path = member.filename
        if not path.endswith(".csv") or "__MACOSX" in path or "/Download/" not in path:
            continue
        with archive.open(member) as file:
            content = file.read(MAX_MEMBER_BYTES + 1)
        total += len(content)
        if len(content) > MAX_MEMBER_BYTES or total > MAX_BYTES:
            raise TraceError(
                f"{name}: unpacks to more than {MAX_BYTES // 2**20} MiB,"
                f" or {path} alone to more than {MAX_MEMBER_BYTES // 2**20} MiB."
            )
        made = _run(content, f"{name}:{path.split('/Download/')[-1]}")
        if made is not None:
            found.append(made)
    if not found:
        raise TraceError(f"{name}: holds no CSV of a download run; expected …/Download/….csv.")
    return found


def _run(content: bytes, name: str) -> Session | None:
    """None for a run too short to say anything."""
    columns = table(decoded(content, name), name, ("DL_bitrate",))
    rate = numbers(columns["DL_bitrate"], name, "DL_bitrate", gaps=True)
    rate = rate[~np.isnan(rate)]
    if rate.size < 30:
        return None
    return session(
        name,
        NAME,
        np.arange(rate.size, dtype=np.float64),
        observable=[Observable.CAPACITY],
        direction="down",
        capacity_bps=rate * 1e3,
    )
