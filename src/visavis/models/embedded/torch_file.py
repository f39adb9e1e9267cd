"""Tensors out of a file that PyTorch saved, without PyTorch and without running what is in it.

Such a file is a zip archive: `data.pkl`, a pickle that says which tensor lies where, and a member
for each storage. Of the pickle only what builds tensors is let through; anything else that it
names, and so any code, is refused (Python's documentation, "Restricting globals").
"""

from __future__ import annotations

import math
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from visavis.errors import WeightsError

Tensors = dict[str, NDArray[Any]]
_TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def read_tensors(path: Path) -> Tensors:
    """The tensors of a saved `state_dict`, by name. WeightsError if it is something else."""
    try:
        with zipfile.ZipFile(path) as archive:
            (index,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
            with archive.open(index) as file:
                found = _Reader(file, archive, index.removesuffix("data.pkl")).load()
    except Exception as error:  # a broken pickle raises of any kind
        raise WeightsError(
            f"{path} does not hold the tensors of a model: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(found, dict) or not all(isinstance(v, np.ndarray) for v in found.values()):
        raise WeightsError(f"{path} holds something else than tensors by name")
    return dict(found)


class _Reader(pickle.Unpickler):
    def __init__(self, file: IO[bytes], archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(file)
        self._archive = archive
        self._folder = folder

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}, which is no tensor")

    def persistent_load(self, pid: Any) -> NDArray[Any]:
        _, dtype, key, _, count = pid
        raw = self._archive.read(f"{self._folder}data/{key}")
        return np.frombuffer(raw, dtype, count)


def _tensor(
    storage: NDArray[Any], offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: Any
) -> NDArray[Any]:
    """Of a storage's items. All tensors of these models are contiguous."""
    size = math.prod(shape)
    expected = tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))
    if stride != expected and size > 1:
        raise ValueError(f"a tensor of shape {shape} has strides {stride}, not {expected}")
    return storage[offset : offset + size].reshape(shape)
