"""Pulling weights from a home over HTTP: resumed, verified, falling through to what works."""

import hashlib
import http.server
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from visavis.errors import WeightsError
from visavis.models.manifest import HomeFile, WeightFile
from visavis.models.weights import PullProgress, WeightsStore
from visavis.models.weights_fetch import Fetcher

DATA = bytes(range(256)) * 4096


class Home:
    """A file server that counts, can break off, and can lie."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {"/good": DATA}
        self.break_off_at: int | None = None
        self.ranges: list[str | None] = []
        home = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                home.ranges.append(self.headers["Range"])
                body = home.files.get(self.path)
                if body is None:
                    self.send_error(404)
                    return
                start = 0
                if self.headers["Range"]:
                    start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(body) - start))
                self.end_headers()
                self.wfile.write(body[start : home.break_off_at])

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def home() -> Iterator[Home]:
    server = Home()
    yield server
    server.close()


def weights(*urls: str, name: str = "a.bin") -> WeightFile:
    digest = hashlib.sha256(DATA).hexdigest()
    return WeightFile(name, len(DATA), digest, "MIT", "A model", tuple(map(HomeFile, urls)))


def store(cache: Path, *files: WeightFile) -> WeightsStore:
    return WeightsStore(cache, files=files, fetcher=Fetcher(["home"]))


def closed_port() -> str:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{s.getsockname()[1]}"


def test_pull_fetches_verifies_and_reports(tmp_path: Path, home: Home) -> None:
    seen: list[PullProgress] = []
    cache = tmp_path / "deep" / "cache"
    paths = store(cache, weights(home.url + "/good")).pull(["a.bin"], seen.append)
    assert [p.read_bytes() for p in paths] == [DATA]
    assert seen[-1].done == seen[-1].total == len(DATA)
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert not (cache / "a.bin.partial").exists()


def test_what_is_there_is_not_fetched_again(tmp_path: Path, home: Home) -> None:
    s = store(tmp_path, weights(home.url + "/good"))
    s.pull(["a.bin"])
    s.pull(["a.bin"])
    assert len(home.ranges) == 1


def test_a_broken_download_is_resumed(tmp_path: Path, home: Home) -> None:
    s = store(tmp_path, weights(home.url + "/good"))
    home.break_off_at = 1 << 19
    with pytest.raises(WeightsError, match="broke off"):
        s.pull(["a.bin"])
    have = (tmp_path / "a.bin.partial").stat().st_size
    home.break_off_at = None
    s.pull(["a.bin"])
    assert have > 0 and home.ranges == [None, f"bytes={have}-"]
    assert s.path("a.bin").read_bytes() == DATA


def test_wrong_bytes_are_thrown_away_and_the_next_source_tried(tmp_path: Path, home: Home) -> None:
    home.files["/bad"] = bytes(len(DATA))
    notes: list[str] = []
    s = store(tmp_path, weights(home.url + "/bad", home.url + "/good"))
    s.pull(["a.bin"], lambda p: notes.append(p.note))
    assert any("wrong bytes" in n for n in notes)
    assert s.path("a.bin").read_bytes() == DATA


def test_a_bad_beginning_kept_from_before_is_replaced(tmp_path: Path, home: Home) -> None:
    (tmp_path / "a.bin.partial").write_bytes(b"x" * 1000)
    s = store(tmp_path, weights(home.url + "/good"))
    s.pull(["a.bin"])
    assert s.path("a.bin").read_bytes() == DATA
    assert home.ranges == ["bytes=1000-", None]


def test_a_source_longer_than_pinned_is_refused(tmp_path: Path, home: Home) -> None:
    home.files["/long"] = DATA + b"more"
    with pytest.raises(WeightsError, match="is longer than"):
        store(tmp_path, weights(home.url + "/long")).pull(["a.bin"])
    assert not (tmp_path / "a.bin").exists()


def test_an_unreachable_home_is_passed_over_and_remembered(tmp_path: Path, home: Home) -> None:
    dead = closed_port()
    files = [weights(dead + "/x", home.url + "/good", name=n) for n in ("a.bin", "b.bin")]
    notes: list[str] = []
    s = store(tmp_path, *files)
    s.pull(["a.bin", "b.bin"], lambda p: notes.append(p.note))
    said = [n for n in notes if n]
    assert len(said) == 2 and "cannot be reached" in said[0] and "passed over" in said[1]


def test_when_every_source_fails_each_reason_is_named(tmp_path: Path, home: Home) -> None:
    with pytest.raises(WeightsError, match=r"cannot be reached.*HTTP 404"):
        store(tmp_path, weights(closed_port() + "/x", home.url + "/gone")).pull(["a.bin"])


def test_a_full_disk_is_said_before_fetching(
    tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(WeightsError, match=r"MB of free disk.*VISAVIS_CACHE"):
        store(tmp_path, weights(home.url + "/good")).pull(["a.bin"])
    assert home.ranges == []


def test_two_pulls_at_once_fetch_once(tmp_path: Path, home: Home) -> None:
    file = weights(home.url + "/good")
    results: list[bytes] = []
    threads = [
        threading.Thread(
            target=lambda: results.append(store(tmp_path, file).pull(["a.bin"])[0].read_bytes())
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [DATA, DATA]
    assert len(home.ranges) == 1


def test_an_unknown_kind_of_source_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISAVIS_WEIGHTS_SOURCES", "home,torrent")
    with pytest.raises(WeightsError, match="'torrent'"):
        Fetcher()
