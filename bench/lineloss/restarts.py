"""A near end whose ICE begins anew in mid-call asks the far end over a Unix socket: those know no
network namespaces, so signalling does not cross the network that is measured.

One connection a question, one JSON line each way; calls are numbered at both ends in the order in
which they were made:

    {"call": n, "sdp": offer} -> {"sdp": answer} | {"error": what was wrong}
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

_LONGEST = 1 << 18
"""Bytes of a line; an offer of a browser has a few thousand."""


class RestartRefused(Exception):
    """What the far end said."""


async def answer_restarts(path: Path, restart: Callable[[int, str], str]) -> asyncio.Server:
    """Listen at `path`; `restart(call, offer)` returns the answer or raises."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = json.loads(await reader.readline())
            told = {"sdp": restart(asked["call"], asked["sdp"])}
        except Exception as error:
            told = {"error": f"{type(error).__name__}: {error}"}
        writer.write(json.dumps(told).encode() + b"\n")
        await writer.drain()
        writer.close()

    return await asyncio.start_unix_server(serve, path, limit=_LONGEST)


async def ask_restart(path: Path, call: int, offer: str) -> str:
    """The far end's answer. RestartRefused if it cannot take the offer, OSError if nobody
    listens."""
    reader, writer = await asyncio.open_unix_connection(path, limit=_LONGEST)
    try:
        writer.write(json.dumps({"call": call, "sdp": offer}).encode() + b"\n")
        told = json.loads(await reader.readline())
    finally:
        writer.close()
    if "error" in told:
        raise RestartRefused(told["error"])
    sdp: str = told["sdp"]
    return sdp
