"""The commands that need neither models nor a server."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from visavis.cli.app import app

RUNNER = CliRunner()


def test_version() -> None:
    result = RUNNER.invoke(app, ["version"])
    assert result.exit_code == 0
    assert result.stdout.startswith("visavis 0.")


@pytest.mark.parametrize("command", ["serve", "call", "talk", "doctor", "replay", "models"])
def test_every_command_explains_itself(command: str) -> None:
    result = RUNNER.invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from visavis.cli.app import app; "
        "heavy = {'numpy', 'onnxruntime', 'starlette', 'pydantic', 'sqlalchemy'}; "
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_models_list_knows_every_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISAVIS_CACHE", str(tmp_path))
    rows = json.loads(RUNNER.invoke(app, ["models", "list", "--json"]).stdout)
    assert {row["state"] for row in rows} == {"missing"}
    assert {name for row in rows for name in row["sets"]} >= {"speech", "llm-1.5b", "llm-0.5b"}


def test_serving_without_weights_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VISAVIS_CACHE", str(tmp_path))
    result = RUNNER.invoke(app, ["serve", "--port", "0", "--no-pull"])
    assert result.exit_code == 2
    assert "visavis models pull speech llm-" in result.stderr
    assert " MB)" in result.stderr


def test_verify_without_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISAVIS_CACHE", str(tmp_path))
    result = RUNNER.invoke(app, ["models", "verify"])
    assert result.exit_code == 2
    assert "visavis models pull" in result.stderr


def test_doctor_finds_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VISAVIS_CACHE", str(tmp_path))
    result = RUNNER.invoke(app, ["doctor", "--no-speed", "--json"])
    assert result.exit_code == 0, result.output
    checks = {check["name"]: check for check in json.loads(result.stdout)["checks"]}
    assert checks["weights speech"]["state"] == "lacks"
    assert checks["weights speech"]["advice"] == "visavis models pull speech"
    assert checks["processor"]["found"]


def test_doctor_calls_a_damaged_file_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VISAVIS_CACHE", str(tmp_path))
    (tmp_path / "smart-turn-v3.2-cpu.onnx").write_bytes(b"not a model")
    result = RUNNER.invoke(app, ["doctor", "--no-speed"])
    assert result.exit_code == 1
    assert "has the wrong size" in " ".join(result.stdout.split())


def test_help_is_quick() -> None:
    times = []
    for _ in range(3):
        before = time.process_time()
        usage = _children()
        subprocess.run([sys.executable, "-m", "visavis.cli", "--help"], capture_output=True)
        times.append(_children() - usage + time.process_time() - before)
    assert min(times) < 0.5


def _children() -> float:
    import resource

    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
