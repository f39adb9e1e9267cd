"""IQ4_NL: what is written stands for nearly the same weights, to llama.cpp as to us."""

from __future__ import annotations

import ctypes

import hypothesis.extra.numpy as hn
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from visavis.models.embedded import llama_library
from visavis.models.embedded.iq4_nl import BLOCK, BLOCK_BYTES, dequantize, quantize

weights = hn.arrays(
    np.float32,
    st.tuples(st.integers(1, 8), st.just(BLOCK)),
    elements=st.floats(-8, 8, width=32),
)


@given(weights)
def test_no_weight_is_off_by_more_than_a_step_of_its_block(x: NDArray[np.float32]) -> None:
    blocks = quantize(x)
    assert blocks.shape == (len(x), BLOCK_BYTES)
    widest = 24 / 113 * np.abs(x).max(1, keepdims=True)
    assert (np.abs(dequantize(blocks) - x) <= widest + 1e-5).all()


def test_ordinary_weights_lose_less_than_a_twelfth() -> None:
    x = np.random.default_rng(0).standard_normal((4096, BLOCK)).astype(np.float32) * 0.02
    error = dequantize(quantize(x)) - x
    assert np.sqrt((error**2).mean() / (x**2).mean()) < 1 / 12


def test_zeros_stay_zeros() -> None:
    assert not dequantize(quantize(np.zeros((3, BLOCK), np.float32))).any()


def test_llama_cpp_reads_the_same_weights() -> None:
    pytest.importorskip("xllamacpp", reason="xllamacpp is not installed (visavis[embedded])")
    x = np.random.default_rng(1).standard_normal((64, BLOCK)).astype(np.float32)
    blocks = quantize(x)
    read = np.empty_like(x)
    row = llama_library.load().c.dequantize_row_iq4_nl
    row.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    row(blocks.ctypes.data, read.ctypes.data, x.size)
    np.testing.assert_allclose(read, dequantize(blocks), rtol=1e-6)
