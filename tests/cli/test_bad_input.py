"""Whatever is wrong with the command line is said in one sentence; nothing shows a traceback."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from visavis.audio import write_mono
from visavis.cli.app import app

RUNNER = CliRunner()


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one file of each kind that is wrong; also the working directory."""
    monkeypatch.chdir(tmp_path)
    write_mono(tmp_path / "silent.wav", np.zeros(16000, np.int16), 16000)
    (tmp_path / "text.wav").write_text("this is not a sound")
    (tmp_path / "cut.wav").write_bytes(b"RIFF\0\0\0\0WAVEfmt ")
    (tmp_path / "notes.json").write_text('{"a": 1}')
    (tmp_path / "broken.json").write_text("[{")
    (tmp_path / "both.json").write_text(json.dumps([{"wav": "silent.wav", "say": "x"}]))
    (tmp_path / "when.json").write_text(json.dumps([{"wav": "silent.wav", "after": -1}]))
    (tmp_path / "odd.json").write_text(json.dumps([{"wav": "silent.wav", "wait": 3}]))
    (tmp_path / "bad.toml").write_text("[http\n")
    (tmp_path / "port.toml").write_text("[http]\nport = 'x'\n")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as file:
        file.writestr("readme", "hi")
    return tmp_path


CALL = ["call", "--server", "http://127.0.0.1:1"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([*CALL, "--wav", "missing.wav"], "cannot read missing.wav"),
        ([*CALL, "--wav", "silent.wav"], "holds no speech"),
        ([*CALL, "--wav", "text.wav"], "text.wav"),
        ([*CALL, "--wav", "cut.wav"], "cut.wav"),
        ([*CALL, "--wav", "."], "cannot read"),
        ([*CALL, "--turns", "missing.json"], "cannot read missing.json"),
        ([*CALL, "--turns", "notes.json"], "list of 1 to"),
        ([*CALL, "--turns", "broken.json"], "not JSON"),
        ([*CALL, "--turns", "both.json"], "either wav or say"),
        ([*CALL, "--turns", "when.json"], "after is -1"),
        ([*CALL, "--turns", "odd.json"], "'wait'"),
        ([*CALL, "--turns", "0"], "0 turns"),
        ([*CALL, "--turns", "x.json", "--wav", "y.wav"], "not both"),
        ([*CALL, "--out", "no/such/folder.wav"], "there is no folder"),
        ([*CALL, "--transport", "pigeon"], "'pigeon'"),
        (["replay", "missing.zip"], "cannot read missing.zip"),
        (["replay", "text.wav"], "not a recorded call"),
        (["replay", "other.zip"], "it lacks"),
        (["serve", "--config", "missing.toml"], "missing.toml"),
        (["serve", "--config", "bad.toml"], "not valid TOML"),
        (["serve", "--config", "port.toml"], "http.port"),
        (["serve", "--llm", "gigantic"], "'gigantic'"),
        (["serve", "--udp-ports", "9-1"], "udp_ports"),
        (["serve", "--public-ip", "here"], "public_ips"),
        (["serve", "--tls-cert", "x.pem"], "tls_cert"),
        (["models", "pull", "gigantic"], "gigantic"),
        (["models", "verify", "gigantic"], "gigantic"),
    ],
)
def test_one_sentence_and_exit_code_2(files: Path, arguments: list[str], words: str) -> None:
    result = RUNNER.invoke(app, arguments)
    assert result.exit_code == 2, result.output
    assert words in result.stderr
    assert result.stderr.startswith("visavis: ")
    assert "Traceback" not in result.output


def test_debug_shows_the_error_itself(files: Path) -> None:
    result = RUNNER.invoke(app, ["--debug", "replay", "missing.zip"])
    assert type(result.exception).__name__ == "RecordingError"


@pytest.mark.parametrize("arguments", [["call", "--wav"], ["serve", "--port", "99999"], ["nope"]])
def test_wrong_usage(arguments: list[str]) -> None:
    result = RUNNER.invoke(app, arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
