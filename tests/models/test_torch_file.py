"""Tensors are read out of PyTorch's format, and nothing in it is run."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visavis.errors import WeightsError
from visavis.models.embedded.torch_file import read_tensors


def text(value: str) -> bytes:
    raw = value.encode()
    return pickle.BINUNICODE + len(raw).to_bytes(4, "little") + raw


def integers(*values: int) -> bytes:
    return b"(" + b"".join(b"K" + bytes([v]) for v in values) + b"t"


def one_tensor(shape: tuple[int, ...], stride: tuple[int, ...], offset: int = 0) -> bytes:
    """The pickle of {"w": a tensor of this shape in storage "7" of 6 floats}."""
    storage = (
        b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("7") + text("cpu") + b"K\x06tQ"
    )
    hooks = b"ccollections\nOrderedDict\n)R"
    args = b"(" + storage + b"K" + bytes([offset]) + integers(*shape) + integers(*stride)
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n" + args + b"\x89" + hooks + b"tR"
    return b"\x80\x02}(" + text("w") + tensor + b"u."


def saved(path: Path, index: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", index)
        archive.writestr("archive/data/7", np.arange(6, dtype="<f4").tobytes())
    return path


def test_a_tensor_comes_with_its_shape(tmp_path: Path) -> None:
    found = read_tensors(saved(tmp_path / "m.pt", one_tensor((2, 3), (3, 1))))
    assert found["w"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_part_of_a_storage(tmp_path: Path) -> None:
    found = read_tensors(saved(tmp_path / "m.pt", one_tensor((2,), (1,), offset=3)))
    assert found["w"].tolist() == [3, 4]


@pytest.mark.parametrize(
    "index",
    [
        one_tensor((3, 2), (1, 3)),
        one_tensor((7,), (1,)),
        b"\x80\x02cos\nsystem\n(X\x04\x00\x00\x00truetR.",
        b"\x80\x02K\x01.",
        b"",
    ],
    ids=["turned", "too large", "code", "no dict", "empty"],
)
def test_what_is_not_such_tensors_is_refused(tmp_path: Path, index: bytes) -> None:
    with pytest.raises(WeightsError, match=r"m\.pt"):
        read_tensors(saved(tmp_path / "m.pt", index))


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.pt").write_bytes(b"not a zip")
    with pytest.raises(WeightsError, match=r"m\.pt"):
        read_tensors(tmp_path / "m.pt")


@settings(max_examples=60)
@given(st.binary(max_size=80), st.integers(0, 200))
def test_damage_gives_tensors_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, damage: bytes, at: int
) -> None:
    whole = one_tensor((2, 3), (3, 1))
    index = whole[:at] + damage + whole[at + len(damage) :]
    path = saved(tmp_path_factory.mktemp("damage") / "m.pt", index)
    try:
        found = read_tensors(path)
    except WeightsError:
        return
    assert all(isinstance(value, np.ndarray) for value in found.values())
