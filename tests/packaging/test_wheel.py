"""The wheel makes a call where there is no cargo; without the wheel the WebSocket call passes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(shutil.which("cargo") is None, reason="no cargo to build the wheel with"),
]


def run(*command: str | Path, path: str | None = None) -> str:
    environment = {**os.environ, "PATH": path or os.environ["PATH"], "PYTHONPATH": ""}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def test_calls_with_and_without_the_native_module(tmp_path: Path) -> None:
    # maturin is a program of this environment.
    tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    wheel = run("bash", "scripts/build_line.sh", path=tools).strip().splitlines()[-1]
    run(sys.executable, "-m", "venv", tmp_path / "env")
    python = tmp_path / "env/bin/python"
    # Only the system's own programs: rustup's and this environment's are not among them.
    bare = f"{tmp_path / 'env/bin'}:/usr/bin:/bin"
    assert shutil.which("cargo", path=bare) is None
    pip = (python, "-m", "pip", "install", "-q", "--disable-pip-version-check")
    run(*pip, ROOT / wheel, f"{ROOT}[embedded]", path=bare)

    def call() -> dict[str, object]:
        out = run(
            tmp_path / "env/bin/visavis",
            "call",
            "--wav",
            ROOT / "examples/question.wav",
            "--llm",
            "scripted",
            "--json",
            path=bare,
        )
        result: dict[str, object] = json.loads(out)
        return result

    over_webrtc = call()
    assert over_webrtc["transport"] == "webrtc"
    run(python, "-m", "pip", "uninstall", "-q", "-y", "visavis-line", path=bare)
    over_websocket = call()
    assert over_websocket["transport"] == "websocket"
    for result in (over_webrtc, over_websocket):
        turns = result["turns"]
        assert isinstance(turns, list)
        assert turns[0]["reply"], result
        assert turns[0]["voice_to_voice_ms"] is not None
