"""Weights in the form that this processor evaluates fastest.

llama.cpp has kernels that take eight rows of a matrix at a time, but not for every format: the
0.5B model's Q5_0 and Q6_K have none (its widths are no multiples of 256, so its "Q4_K_M" is mostly
Q5_0). The same weights as IQ4_NL have one, and are smaller: half the time for a prompt, and a model
that is a little less sure (docs/decisions/0006).
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from visavis.models.embedded.gguf import READABLE, Gguf, Tensor
from visavis.models.embedded.iq4_nl import BLOCK, quantize
from visavis.models.embedded.llama_library import Library

log = structlog.get_logger(__name__)

_MARGIN = 64 << 20
_PART = 1 << 21
"""Weights quantised at a time: the memory it takes is some ten times as much."""


def fitted_path(path: Path) -> Path:
    """Where the fitted form of these weights lies."""
    return path.with_name(f"{path.stem}.fitted-2{path.suffix}")


def gains(gguf: Gguf) -> bool:
    """Whether most of the layers' weights have no fast kernel."""
    layers = [tensor for tensor in gguf if tensor.name.startswith("blk.")]
    slow = sum(len(tensor.data) for tensor in layers if _slow(tensor))
    return 2 * slow > sum(len(tensor.data) for tensor in layers)


def fit(
    library: Library,
    path: Path,
    *,
    threads: int = 2,
    progress: Callable[[float], None] = lambda fraction: None,
) -> Path:
    """The fitted form of a GGUF file, made beside it at the first call (about 10 s of two cores
    for the 0.5B model); the file itself if there is nothing to gain, or no room for another.

    Safe in two processes at once. Blocks. Raises `WeightsError` if the file is none, `ModelError`
    if the library cannot read it.
    """
    target = fitted_path(path)
    if target.exists():
        return target
    gguf = Gguf(library, path)
    try:
        if not gains(gguf) or not _room(path):
            return path
        with target.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not target.exists():
                _write(gguf, target, threads, progress)
    finally:
        gguf.close()
    return target


def _room(path: Path) -> bool:
    free = shutil.disk_usage(path.parent).free
    need = path.stat().st_size + _MARGIN
    if free < need:
        log.warning("llm.not_fitted", file=path.name, disk_needed=need, disk_free=free)
    return free >= need


def _write(gguf: Gguf, target: Path, threads: int, progress: Callable[[float], None]) -> None:
    done = 0
    with ThreadPoolExecutor(threads) as pool:

        def change(tensor: Tensor) -> NDArray[np.uint8] | None:
            nonlocal done
            done += 1
            progress(done / len(gguf))
            if not _slow(tensor):
                return None
            weights = gguf.weights(tensor).reshape(-1, BLOCK)
            parts = np.array_split(weights, -(-weights.size // _PART))
            return np.concatenate(list(pool.map(quantize, parts)))

        partial = target.with_suffix(".partial")
        gguf.rewrite(partial, change)
    partial.replace(target)


def _slow(tensor: Tensor) -> bool:
    return tensor.type in READABLE and tensor.name.startswith("blk.")
