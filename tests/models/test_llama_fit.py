"""Weights fitted to the processor: what has no fast kernel is rewritten, the rest stays."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from visavis.errors import WeightsError
from visavis.models.embedded import llama_fit, llama_library
from visavis.models.embedded.gguf import IQ4_NL, Q5_0, Q6_K, Gguf
from visavis.models.embedded.iq4_nl import dequantize
from visavis.models.embedded.llama_library import Library

F32, Q8_0 = 0, 8
ALIGNMENT = 32
Q5_0_BYTES, Q6_K_BYTES, Q8_0_BYTES = 22, 210, 34
ROWS = 64


@pytest.fixture(scope="module")
def library() -> Library:
    pytest.importorskip("xllamacpp", reason="xllamacpp is not installed (visavis[embedded])")
    return llama_library.load()


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def gguf_file(path: Path, tensors: dict[str, tuple[int, NDArray[np.uint8]]]) -> Path:
    """Version 3 of the format: header, one key, the tensors' places, the tensors."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), 1)
    head += text("general.architecture") + struct.pack("<I", 8) + text("test")
    data = b""
    for name, (kind, raw) in tensors.items():
        shape = {F32: (len(raw) // 4,), Q6_K: (256, ROWS // 8)}.get(kind, (32, ROWS))
        head += text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        head += struct.pack("<IQ", kind, len(data))
        data += raw.tobytes() + b"\0" * (-len(raw) % ALIGNMENT)
    path.write_bytes(head + b"\0" * (-len(head) % ALIGNMENT) + data)
    return path


def q5_0(seed: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (ROWS, Q5_0_BYTES), np.uint8)
    blocks[:, :2] = rng.uniform(0.01, 0.02, (ROWS, 1)).astype("<f2").view(np.uint8)
    return blocks.reshape(-1)


def q6_k(seed: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (ROWS // 8, Q6_K_BYTES), np.uint8)
    blocks[:, 192:208] = 30  # the scales of 16 weights each, and that of all 256
    blocks[:, 208:] = np.array([1e-4], "<f2").view(np.uint8)
    return blocks.reshape(-1)


def q8_0(seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 60, ROWS * Q8_0_BYTES, np.uint8)


NORM = np.arange(8, dtype=np.float32).view(np.uint8)


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """Mostly without a fast kernel."""
    return gguf_file(
        tmp_path / "slow.gguf",
        {
            "token_embd.weight": (Q5_0, q5_0(1)),
            "blk.0.norm": (F32, NORM),
            "blk.0.up": (Q5_0, q5_0(2)),
            "blk.0.down": (Q6_K, q6_k(3)),
            "blk.0.v": (Q8_0, q8_0(4)),
        },
    )


def test_layers_without_a_fast_kernel_are_rewritten(library: Library, slow: Path) -> None:
    target = llama_fit.fit(library, slow)
    assert target == llama_fit.fitted_path(slow)
    before, after = Gguf(library, slow), Gguf(library, target)
    old, new = ({t.name: t for t in file} for file in (before, after))
    assert {name: t.type for name, t in new.items()} == {
        "token_embd.weight": Q5_0, "blk.0.norm": F32, "blk.0.up": IQ4_NL, "blk.0.down": IQ4_NL,
        "blk.0.v": Q8_0,
    }  # fmt: skip
    for name in ("token_embd.weight", "blk.0.norm", "blk.0.v"):
        np.testing.assert_array_equal(old[name].data, new[name].data)
    for name in ("blk.0.up", "blk.0.down"):
        was = before.weights(old[name])
        now = dequantize(new[name].data.reshape(-1, 18)).reshape(-1)
        assert np.sqrt(((now - was) ** 2).mean() / (was**2).mean()) < 0.1
    before.close()
    after.close()


def test_it_is_made_once(library: Library, slow: Path) -> None:
    first = llama_fit.fit(library, slow)
    written = first.stat().st_mtime_ns
    assert llama_fit.fit(library, slow) == first
    assert first.stat().st_mtime_ns == written


def test_what_is_fast_already_stays(library: Library, tmp_path: Path) -> None:
    fast = gguf_file(
        tmp_path / "fast.gguf", {"blk.0.up": (Q8_0, q8_0(1)), "blk.0.v": (Q5_0, q5_0(2))}
    )
    assert llama_fit.fit(library, fast) == fast


def test_without_room_the_original_is_used(
    library: Library, slow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llama_fit, "_MARGIN", 1 << 60)
    assert llama_fit.fit(library, slow) == slow


def test_another_file_is_refused(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "notes.gguf"
    path.write_text("no weights")
    with pytest.raises(WeightsError, match=r"notes\.gguf is not a GGUF file"):
        llama_fit.fit(library, path)
