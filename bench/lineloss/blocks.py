"""What a browser heard, block by block, as one recording."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineloss.ends import Recording

RATE = 48_000


def parse(body: bytes) -> tuple[NDArray[np.float64], list[NDArray[np.int16]]]:
    """Seconds since 1970 at which each block was heard, and its samples. ValueError if `body` is
    not what `chromium/sound.js` packs: the number of blocks, of each its ms and its length (all
    float64), then all samples (int16)."""
    told = float(np.frombuffer(body, "<f8", 1)[0]) if len(body) >= 8 else np.nan
    if not 0 <= told <= (len(body) - 8) / 16 or told % 1:
        raise ValueError(f"{len(body)} bytes cannot hold {told} blocks")
    count = int(told)
    at = np.frombuffer(body, "<f8", count, 8) * 1e-3
    sizes = np.frombuffer(body, "<f8", count, 8 + 8 * count)
    pcm = body[8 + 16 * count :]
    # Each by itself first: only then are they safe to add.
    whole = (sizes >= 0) & (sizes <= len(pcm) // 2)
    if not whole.all() or (sizes % 1).any() or 2 * sizes.sum() != len(pcm):
        raise ValueError(f"{len(pcm)} bytes are not the samples of {count} blocks")
    samples = np.frombuffer(pcm, "<i2")
    return at, np.split(samples, np.cumsum(sizes.astype(np.int64))[:-1]) if count else []


def recording(body: bytes, start: float, spoke_at: float, account: dict[str, float]) -> Recording:
    """`start` in seconds since 1970 on the browser's clock; `account` is NetEq's, of the time that
    counts: `totalSamplesReceived` and `concealedSamples` at least."""
    at, blocks = parse(body)
    sizes = np.array([len(block) for block in blocks], np.int64)
    total = account.get("totalSamplesReceived", 0)
    notes: dict[str, Any] = dict(account)
    if len(at) > 1:
        # What came less what time there was: blocks that nobody fetched in time are gone.
        notes["short_ms"] = round(1e3 * (at[-1] - at[0] - sizes[:-1].sum() / RATE), 1)
    return Recording(
        RATE,
        np.concatenate(blocks) if blocks else np.zeros(0, np.int16),
        np.cumsum(sizes) - sizes,
        at - start,
        concealed=account["concealedSamples"] / total if total else 1.0,
        spoke_at=spoke_at,
        notes=notes,
    )
