"""IQ4_NL, llama.cpp's 4.5-bit format with uneven levels: 32 weights share one 16-bit scale.

A block is the scale (float16) and 16 bytes; byte j holds the level of weight j in its low half and
that of weight j + 16 in its high half. A weight is scale x level.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK = 32
BLOCK_BYTES = 2 + BLOCK // 2
LEVELS = np.array(
    [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113], np.float32
)
_NEAREST = np.searchsorted((LEVELS[1:] + LEVELS[:-1]) / 2, np.arange(-128, 128)).astype(np.uint8)
"""The level nearest to each number from -128 on."""
_ROUNDED = LEVELS[_NEAREST]
_NOTHING = 1e-6
"""A float16 scale can hardly tell it from 0."""
_TRIES = 4
"""More cost time and win next to nothing."""


def quantize(weights: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Blocks of float32 weights, whose number is a multiple of 32, as bytes: [n / 32, 18].

    The scale is the one of a few around the largest weight's that leaves the least squared error,
    large weights counting more.
    """
    x = weights.reshape(-1, BLOCK)
    largest = np.take_along_axis(x, np.abs(x).argmax(1)[:, None], 1)
    largest[np.abs(largest) < _NOTHING] = 1
    importance = x * x
    scale = np.zeros_like(largest)
    fit = np.zeros_like(largest)
    for step in range(-_TRIES, _TRIES + 1):
        levels = _ROUNDED[_indices(x, (LEVELS[0] + step) / largest)]
        along = np.einsum("ij,ij,ij->i", importance, levels, x)[:, None]
        square = np.einsum("ij,ij,ij->i", importance, levels, levels)[:, None]
        square[square < _NOTHING**4] = np.inf
        better = along * along / square > fit
        fit = np.where(better, along * along / square, fit)
        scale = np.where(better, along / square, scale)
    stored = scale.astype("<f2")
    exact = stored.astype(np.float32)
    inverse = np.divide(1, exact, out=np.zeros_like(exact), where=exact != 0)
    chosen = _NEAREST[_indices(x, inverse)]
    blocks = np.empty((len(x), BLOCK_BYTES), np.uint8)
    blocks[:, :2] = stored.view(np.uint8)
    blocks[:, 2:] = chosen[:, : BLOCK // 2] | chosen[:, BLOCK // 2 :] << 4
    return blocks


def dequantize(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The weights that blocks [n, 18] stand for: [n, 32]."""
    scale = np.ascontiguousarray(blocks[:, :2]).view("<f2").astype(np.float32)
    halves = blocks[:, 2:]
    weights: NDArray[np.float32] = LEVELS[np.concatenate([halves & 15, halves >> 4], axis=1)]
    weights *= scale
    return weights


def _indices(x: NDArray[np.float32], inverse: NDArray[np.float32]) -> NDArray[np.int16]:
    nearest: NDArray[np.int16] = np.clip(np.rint(x * inverse), -128, 127).astype(np.int16)
    return nearest + np.int16(128)
