"""A sound card for machines that have none: PulseAudio with a loudspeaker nobody hears.

Firefox runs no Web Audio, and PortAudio finds no device, where there is no card at all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def available() -> bool:
    return shutil.which("pulseaudio") is not None


@contextmanager
def sound_card() -> Iterator[dict[str, str]]:
    """Yields the environment in which programs find the card. Its microphone hears what its
    loudspeaker plays."""
    with tempfile.TemporaryDirectory(prefix="visavis-pulse-") as folder:
        socket = Path(folder, "native")
        environment = {
            **os.environ,
            "XDG_RUNTIME_DIR": folder,
            "XDG_CONFIG_HOME": folder,
            "PULSE_SERVER": f"unix:{socket}",
        }
        process = subprocess.Popen(
            ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
             f"--load=module-native-protocol-unix socket={socket} auth-anonymous=1",
             "--load=module-null-sink sink_name=out"],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            subprocess.run(
                ["bash", "-c", f"until [ -S {socket} ]; do sleep 0.05; done"],
                check=True, timeout=20,
            )  # fmt: skip
            yield environment
        finally:
            process.terminate()
            process.wait(10)
