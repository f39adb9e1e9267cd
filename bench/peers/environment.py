"""A virtual environment for the peers: their requirements are many, and pin what ours do not."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from turns.packages import CACHE

HERE = Path(__file__).parent
_PROJECT = HERE.parents[1] / "pyproject.toml"


def requirements() -> list[str]:
    """The peers', and those of visavis with its embedded models, which run in their process."""
    project = tomllib.loads(_PROJECT.read_text("utf-8"))["project"]
    lines = (HERE / "requirements.txt").read_text("utf-8").splitlines()
    theirs = [line for line in lines if line and not line.startswith("#")]
    return [*theirs, *project["dependencies"], *project["optional-dependencies"]["embedded"]]


def python() -> Path:
    """The environment's interpreter; made at the first run, and again when what it must hold
    changes. CalledProcessError if it cannot be made."""
    wanted = requirements()
    known = hashlib.sha256("\n".join([sys.version, *wanted]).encode()).hexdigest()[:12]
    folder = CACHE / "peers" / known
    interpreter, done = folder / "bin/python", folder / ".complete"
    if not done.exists():
        print(f"installing {', '.join(wanted[:3])} into {folder}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run(
            [str(interpreter), "-m", "pip", "install", "-q", "--disable-pip-version-check",
             "--no-compile", *wanted],
            check=True,
        )  # fmt: skip
        done.touch()
    return interpreter
