"""The page's pure parts under node, and its types under tsc."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "web"


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=WEB, capture_output=True, text=True, timeout=300)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_units() -> None:
    files = sorted(str(path) for path in (ROOT / "tests/web/unit").glob("*.test.js"))
    done = run(["node", "--test", *files])
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_types() -> None:
    version = json.loads((WEB / "package.json").read_text())["devDependencies"]["typescript"]
    npx = ["npx", "--yes", "-p", f"typescript@{version}", "tsc"]
    done = run([*npx, "--noEmit", "-p", "jsconfig.json"])
    if done.returncode != 0 and run([*npx, "--version"]).returncode != 0:
        pytest.skip("npm cannot provide typescript here")
    assert done.returncode == 0, done.stdout[-4000:]
