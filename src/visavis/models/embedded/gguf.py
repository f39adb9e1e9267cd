"""Reads and writes files of the GGUF format with llama.cpp's own functions."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from ctypes import POINTER, c_bool, c_char_p, c_int, c_int64, c_size_t, c_void_p
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visavis.errors import ModelError, WeightsError
from visavis.models.embedded.llama_library import Library

IQ4_NL = 20
Q5_0 = 6
Q6_K = 14
READABLE = {Q5_0: ("dequantize_row_q5_0", 22, 32), Q6_K: ("dequantize_row_q6_K", 210, 256)}
"""Formats whose weights can be read: llama.cpp's function, bytes and weights of a block."""


class _OpenParams(ctypes.Structure):
    """`gguf_init_params`."""

    _fields_ = (("no_alloc", c_bool), ("ctx", POINTER(c_void_p)))


_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "gguf_init_from_file": (c_void_p, (c_char_p, _OpenParams)),
    "gguf_init_empty": (c_void_p, ()),
    "gguf_free": (None, (c_void_p,)),
    "gguf_get_n_tensors": (c_int64, (c_void_p,)),
    "gguf_get_tensor_name": (c_char_p, (c_void_p, c_int64)),
    "gguf_get_tensor_type": (c_int, (c_void_p, c_int64)),
    "gguf_get_tensor_offset": (c_size_t, (c_void_p, c_int64)),
    "gguf_get_tensor_size": (c_size_t, (c_void_p, c_int64)),
    "gguf_get_data_offset": (c_size_t, (c_void_p,)),
    "gguf_set_kv": (None, (c_void_p, c_void_p)),
    "gguf_add_tensor": (None, (c_void_p, c_void_p)),
    "gguf_set_tensor_type": (None, (c_void_p, c_char_p, c_int)),
    "gguf_set_tensor_data": (None, (c_void_p, c_char_p, c_void_p)),
    "gguf_write_to_file": (c_bool, (c_void_p, c_char_p, c_bool)),
    "ggml_get_tensor": (c_void_p, (c_void_p, c_char_p)),
    "ggml_free": (None, (c_void_p,)),
    **{name: (None, (c_void_p, c_void_p, c_int64)) for name, _, _ in READABLE.values()},
}


@dataclass(slots=True, frozen=True)
class Tensor:
    name: str
    type: int
    """ggml's number of the format."""
    data: NDArray[np.uint8]
    """As it lies in the file."""


class Gguf:
    """One open file. WeightsError if it is none; close it with `close`."""

    def __init__(self, library: Library, path: Path) -> None:
        self._c = c = library.c
        try:
            for function, (result, arguments) in _SIGNATURES.items():
                bound = getattr(c, function)
                bound.restype, bound.argtypes = result, arguments
        except AttributeError as error:
            raise ModelError(
                f"The llama.cpp build {library.name!r} cannot rewrite weights ({error})."
            ) from error
        self._tensors = c_void_p()
        params = _OpenParams(True, ctypes.pointer(self._tensors))
        self._file = c.gguf_init_from_file(str(path).encode(), params)
        if not self._file:
            raise WeightsError(f"{path} is not a GGUF file; remove it and pull the models again.")
        self._bytes = np.memmap(path, np.uint8, "r")

    def __iter__(self) -> Iterator[Tensor]:
        c, file = self._c, self._file
        base = c.gguf_get_data_offset(file)
        for index in range(len(self)):
            start = base + c.gguf_get_tensor_offset(file, index)
            yield Tensor(
                c.gguf_get_tensor_name(file, index).decode(),
                c.gguf_get_tensor_type(file, index),
                self._bytes[start : start + c.gguf_get_tensor_size(file, index)],
            )

    def __len__(self) -> int:
        return int(self._c.gguf_get_n_tensors(self._file))

    def weights(self, tensor: Tensor) -> NDArray[np.float32]:
        """What a tensor stands for, flat. KeyError if its format is none that can be read."""
        name, size, weights = READABLE[tensor.type]
        count = len(tensor.data) // size * weights
        out = np.empty(count, np.float32)
        data = np.ascontiguousarray(tensor.data)
        getattr(self._c, name)(data.ctypes.data, out.ctypes.data, count)
        return out

    def rewrite(self, target: Path, change: Callable[[Tensor], NDArray[np.uint8] | None]) -> None:
        """Write everything to `target`. `change` gives a tensor's IQ4_NL data, or None to keep
        it. WeightsError if the disk does not take it."""
        c = self._c
        out = c.gguf_init_empty()
        kept = []  # the writer only borrows
        try:
            c.gguf_set_kv(out, self._file)
            for tensor in self:
                name = tensor.name.encode()
                c.gguf_add_tensor(out, c.ggml_get_tensor(self._tensors, name))
                data = change(tensor)
                if data is None:
                    data = np.ascontiguousarray(tensor.data)
                else:
                    c.gguf_set_tensor_type(out, name, IQ4_NL)
                kept.append(data)
                c.gguf_set_tensor_data(out, name, data.ctypes.data)
            if not c.gguf_write_to_file(out, str(target).encode(), False):
                raise WeightsError(f"{target} could not be written; is its disk full?")
        finally:
            c.gguf_free(out)

    def close(self) -> None:
        self._c.gguf_free(self._file)
        self._c.ggml_free(self._tensors)
