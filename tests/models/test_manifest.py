"""The manifest is consistent with itself."""

import re

import pytest

from visavis.errors import WeightsError
from visavis.models.manifest import FILES, SETS, HomeFile, PackageParts, WeightFile, resolve


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_every_file_is_pinned_and_has_a_mirror_after_its_home(file: WeightFile) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
    assert file.licence in ("MIT", "Apache-2.0", "BSD-2-Clause")
    *homes, mirror = file.sources
    assert all(isinstance(home, HomeFile) for home in homes)
    assert isinstance(mirror, PackageParts)
    assert sum(part.size for part in mirror.parts) == file.size
    assert all(part.size > 0 for part in mirror.parts)


def test_names_are_unique_and_sets_name_files() -> None:
    names = [file.name for file in FILES]
    assert len(set(names)) == len(names)
    assert {member for members in SETS.values() for member in members} == set(names)


def test_resolve_gives_each_file_once() -> None:
    files = resolve(["speech", "smart-turn-v3.2-cpu.onnx", "llm-test"])
    assert [f.name for f in files] == [*SETS["speech"], *SETS["llm-test"]]


def test_resolve_names_what_there_is() -> None:
    with pytest.raises(WeightsError, match=r"no weights called 'llm-7b'.*llm-1\.5b"):
        resolve(["llm-7b"])
