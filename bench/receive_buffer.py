"""The client's receive buffer over many networks, beside the delay that NetEq would aim at.

Everything runs in virtual time inside the line's own test support, so this only builds and runs
it: `--traces DIR` adds rtpdump files of 20 ms packets (libwebrtc's NetEq test vectors, say),
`--wav FILE` takes a recording (24 kHz mono) instead of the speech-like signal.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> int:
    command = [
        str(ROOT / "scripts" / "cargo.sh"),
        *("run", "--quiet", "--release", "-p", "visavis-line", "--example", "receive_buffer"),
        *("--", *sys.argv[1:]),
    ]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
