"""What the store says of files that are there, missing, partial or broken."""

import hashlib
from pathlib import Path

import pytest

from visavis.errors import WeightsError
from visavis.models.manifest import WeightFile
from visavis.models.weights import WeightsStore, cache_dir

DATA = b"w" * 1000
FILE = WeightFile("a.bin", len(DATA), hashlib.sha256(DATA).hexdigest(), "MIT", "A model", ())


def test_missing_names_the_command(tmp_path: Path) -> None:
    store = WeightsStore(tmp_path, files=(FILE,))
    with pytest.raises(WeightsError, match=r"A model are not on this machine.*visavis models pull"):
        store.path("a.bin")
    assert not store.has("a.bin")
    assert store.missing_bytes(["a.bin"]) == 1000


def test_partial_says_how_far_it_came(tmp_path: Path) -> None:
    (tmp_path / "a.bin.partial").write_bytes(DATA[:400])
    store = WeightsStore(tmp_path, files=(FILE,))
    assert [(s.state, s.bytes_present) for s in store.status()] == [("partial", 400)]
    assert store.missing_bytes(["a.bin"]) == 600
    with pytest.raises(WeightsError, match="partly fetched"):
        store.path("a.bin")


def test_wrong_size_is_broken(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(DATA[:10])
    with pytest.raises(WeightsError, match="wrong size"):
        WeightsStore(tmp_path, files=(FILE,)).path("a.bin")


def test_verify_finds_a_flipped_bit(tmp_path: Path) -> None:
    store = WeightsStore(tmp_path, files=(FILE,))
    (tmp_path / "a.bin").write_bytes(DATA)
    store.verify("a.bin")
    (tmp_path / "a.bin").write_bytes(b"v" + DATA[1:])
    with pytest.raises(WeightsError, match=r"damaged.*Delete it and run"):
        store.verify("a.bin")


def test_cache_dir_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISAVIS_CACHE", "/somewhere/w")
    assert cache_dir() == Path("/somewhere/w")
    monkeypatch.delenv("VISAVIS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_dir() == Path("/xdg/visavis/weights")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/mia")
    assert cache_dir() == Path("/home/mia/.cache/visavis/weights")
