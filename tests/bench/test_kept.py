"""What a broken-off run measured is there for the next one, and only for the same question."""

from __future__ import annotations

from pathlib import Path

from lineloss.kept import Kept

KEY = {"network": "clean", "n": 4}


def test_the_next_run_finds_it(tmp_path: Path) -> None:
    Kept(tmp_path / "kept").put(KEY, [1, None])
    assert Kept(tmp_path / "kept").get(KEY) == [1, None]
    assert Kept(tmp_path / "kept").get({**KEY, "n": 5}) is None


def test_without_a_folder_nothing_is_kept() -> None:
    kept = Kept(None)
    kept.put(KEY, 1)
    assert kept.get(KEY) is None


def test_half_a_file_is_no_result(tmp_path: Path) -> None:
    Kept(tmp_path).put(KEY, 1)
    for file in tmp_path.glob("*.json"):
        file.rename(file.with_suffix(".part"))
    assert Kept(tmp_path).get(KEY) is None
