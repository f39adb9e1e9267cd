"""Build `floor/floor.c` with the Opus library that our own native module is built with."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))


class FloorMissing(Exception):
    """The floor cannot be built here; the message says what is missing."""


def opus_folder() -> Path:
    """Where cargo has put libopus.a: the newest build. FloorMissing if there is none."""
    # As scripts/cargo.sh has it.
    target = Path(os.environ.get("CARGO_TARGET_DIR", CACHE / "visavis/target"))
    found = sorted(
        target.glob("release/build/opusic-sys-*/out/lib/libopus.a"),
        key=lambda path: path.stat().st_mtime,
    )
    if not found:
        raise FloorMissing(f"no libopus.a under {target}: run `scripts/cargo.sh build --release`")
    return found[-1].parents[1]


def build_floor() -> Path:
    """The program, built anew if the source is newer. FloorMissing if it cannot be."""
    source = ROOT / "bench" / "floor" / "floor.c"
    opus = opus_folder()
    program = opus.parent / "floor"
    if program.exists() and program.stat().st_mtime > source.stat().st_mtime:
        return program
    made = subprocess.run(
        ["cc", "-O3", "-march=native", "-Wall", "-I", str(opus / "include" / "opus"), str(source),
         str(opus / "lib" / "libopus.a"), "-lsrtp2", "-lm", "-o", str(program)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        raise FloorMissing(f"cc failed (libsrtp2-dev installed?): {made.stderr[-500:]}")
    return program
