"""Which encoder setting is the cheapest that sounds and reads as well as complexity 5?

The product's own libopus encodes real speech (24 kHz, 20 ms, in-band FEC for 10 % loss) at
several complexities and bitrates; a decoder at 16 kHz hears it clean and with 10 % of the
packets lost (the same ones for all), repaired by FEC. PESQ (wide band), STOI, word error rate of
the embedded recogniser, processor time of the encoder for one frame, and bits.

Paired over utterances: `worse` is the 95 % bootstrap interval of a setting's PESQ minus that of
complexity 5 at the same bitrate. A setting matches if the whole interval lies above -0.05 and
the word errors differ by less than one point.
"""

from __future__ import annotations

import asyncio
import ctypes
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
from numpy.typing import NDArray
from pesq import pesq
from pystoi import stoi

from callscore.build_floor import opus_folder
from harness import arguments, config_hash, finish, table
from visavis.audio import resample
from visavis.models.embedded.moonshine import Moonshine
from visavis.models.weights import WeightsStore

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import recordings

RATE, FRAME = 24_000, 480
HEAR, HEARD = 16_000, 320
VOIP, VOICE = 2048, 3001
BITRATE, COMPLEXITY, FEC, LOSS, SIGNAL = 4002, 4010, 4012, 4014, 4024
SETTINGS = [(32_000, c) for c in (5, 0, 1, 2, 3, 8)] + [(24_000, c) for c in (5, 0, 1)]
EXPECTED_LOSS = 10
DELAY_MS = (2, 30)
"""Where the codec's delay is looked for."""


def opus() -> ctypes.CDLL:
    """libopus as the native module has it, as a shared library."""
    archive = opus_folder() / "lib" / "libopus.a"
    shared = Path(tempfile.mkdtemp()) / "libopus.so"
    subprocess.run(
        ["cc", "-shared", "-o", shared, "-Wl,--whole-archive", archive, "-Wl,--no-whole-archive",
         "-lm"], check=True,
    )  # fmt: skip
    library = ctypes.CDLL(str(shared))
    library.opus_encoder_create.restype = library.opus_decoder_create.restype = ctypes.c_void_p
    return library


class Codec:
    """An encoder of one setting and a decoder."""

    def __init__(self, library: ctypes.CDLL, bitrate: int, complexity: int) -> None:
        error = ctypes.c_int()
        self._library = library
        self._encoder = ctypes.c_void_p(
            library.opus_encoder_create(RATE, 1, VOIP, ctypes.byref(error))
        )
        settings = {BITRATE: bitrate, COMPLEXITY: complexity, FEC: 1, LOSS: EXPECTED_LOSS}
        for request, value in (settings | {SIGNAL: VOICE}).items():
            library.opus_encoder_ctl(self._encoder, request, ctypes.c_int(value))

    def encode(self, pcm: NDArray[np.int16]) -> tuple[list[bytes], float]:
        """Packets of 20 ms, and the seconds of processor time they took."""
        packets, room = [], (ctypes.c_ubyte * 1500)()
        pcm = np.ascontiguousarray(pcm)
        before = time.thread_time()
        for at in range(0, len(pcm) - FRAME + 1, FRAME):
            frame = ctypes.c_void_p(pcm.ctypes.data + 2 * at)
            n = self._library.opus_encode(self._encoder, frame, FRAME, room, 1500)
            packets.append(bytes(room[:n]))
        return packets, time.thread_time() - before

    def decode(self, packets: list[bytes], lost: NDArray[np.bool_]) -> NDArray[np.int16]:
        """Sound at 16 kHz; a lost packet is rebuilt from the next one if that has come."""
        error = ctypes.c_int()
        decoder = ctypes.c_void_p(self._library.opus_decoder_create(HEAR, 1, ctypes.byref(error)))
        out = np.zeros((len(packets), HEARD), np.int16)
        for at, packet in enumerate(packets):
            room = ctypes.c_void_p(out[at].ctypes.data)
            if not lost[at]:
                data, fec = packet, 0
            elif at + 1 < len(packets) and not lost[at + 1]:
                data, fec = packets[at + 1], 1
            else:
                data, fec = None, 0
            size = len(data) if data is not None else 0
            self._library.opus_decode(decoder, data, size, room, HEARD, fec)
        self._library.opus_decoder_destroy(decoder)
        return out.reshape(-1)

    def close(self) -> None:
        self._library.opus_encoder_destroy(self._encoder)


@dataclass
class Score:
    """One setting, each list by utterance."""

    pesq: list[float] = field(default_factory=list)
    pesq_loss: list[float] = field(default_factory=list)
    stoi: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    read_loss: list[str] = field(default_factory=list)
    frames: int = 0
    seconds: float = 0.0
    bytes: int = 0


def aligned(
    clean: NDArray[np.int16], heard: NDArray[np.int16]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both without the codec's delay, found once by correlation."""
    x, y = clean.astype(np.float64), heard.astype(np.float64)
    low, high = (ms * HEAR // 1000 for ms in DELAY_MS)
    n = min(len(x), len(y)) - high
    lag = max(range(low, high), key=lambda lag: float(np.dot(x[:n], y[lag : lag + n])))
    return x[:n] / 32768, y[lag : lag + n] / 32768


async def read(model: Moonshine, pcm: NDArray[np.int16]) -> str:
    stream = model.stream(language="en")
    stream.push(pcm)
    found = await stream.decode(final=True)
    await stream.aclose()
    return found.text


def words(text: str) -> str:
    return " ".join("".join(c if c.isalnum() or c == "'" else " " for c in text.lower()).split())


async def measure(prompts: list[recordings.Prompt]) -> dict[tuple[int, int], Score]:
    library = opus()
    model = Moonshine.load(WeightsStore())
    scores: dict[tuple[int, int], Score] = {setting: Score() for setting in SETTINGS}
    for number, prompt in enumerate(prompts):
        pcm = resample(prompt.pcm, HEAR, RATE)
        rng = np.random.default_rng(number)
        lost = rng.random(len(pcm) // FRAME + 1) < EXPECTED_LOSS / 100
        for setting, score in scores.items():
            codec = Codec(library, *setting)
            packets, seconds = codec.encode(pcm)
            clean = codec.decode(packets, np.zeros_like(lost))
            rough = codec.decode(packets, lost)
            codec.close()
            reference, heard = aligned(prompt.pcm, clean)
            score.pesq.append(float(pesq(HEAR, reference, heard, "wb")))
            score.stoi.append(float(stoi(reference, heard, HEAR)))
            reference, heard = aligned(prompt.pcm, rough)
            score.pesq_loss.append(float(pesq(HEAR, reference, heard, "wb")))
            score.said.append(words(prompt.text))
            score.read.append(words(await read(model, clean)))
            score.read_loss.append(words(await read(model, rough)))
            score.frames += len(packets)
            score.seconds += seconds
            score.bytes += sum(map(len, packets))
    await model.aclose()
    return scores


def interval(differences: NDArray[np.float64]) -> tuple[float, float]:
    """95 % bootstrap interval of the mean."""
    rng = np.random.default_rng(0)
    means = rng.choice(differences, (2000, len(differences))).mean(axis=1)
    return float(np.percentile(means, 2.5)), float(np.percentile(means, 97.5))


def rows_of(scores: dict[tuple[int, int], Score]) -> list[dict[str, Any]]:
    rows = []
    for (bitrate, complexity), score in scores.items():
        base = scores[bitrate, 5]
        wer, wer_base = jiwer.wer(score.said, score.read), jiwer.wer(base.said, base.read)
        rough, rough_base = (jiwer.wer(s.said, s.read_loss) for s in (score, base))
        low, high = interval(np.array(score.pesq) - np.array(base.pesq))
        low_loss, _ = interval(np.array(score.pesq_loss) - np.array(base.pesq_loss))
        matches = min(low, low_loss) > -0.05 and max(wer - wer_base, rough - rough_base) < 0.01
        rows.append(
            {
                "kbps_asked": bitrate // 1000,
                "complexity": complexity,
                "encode_us": round(score.seconds / score.frames * 1e6),
                "kbps": round(score.bytes * 8 / (score.frames * 0.02) / 1000, 1),
                "pesq": round(float(np.mean(score.pesq)), 3),
                "worse": f"{low:+.3f} to {high:+.3f}",
                "stoi": round(float(np.mean(score.stoi)), 4),
                "wer": round(wer, 4),
                "pesq_10_lost": round(float(np.mean(score.pesq_loss)), 3),
                "wer_10_lost": round(rough, 4),
                "matches_5": matches,
            }
        )
    return rows


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--n", type=int, default=60)
    given = parser.parse_args()
    prompts = recordings.sentences(6 if given.quick else given.n)
    rows = rows_of(asyncio.run(measure(prompts)))
    figures = {
        "n": len(prompts),
        "rows": rows,
        "config_hash": config_hash({"settings": SETTINGS, "loss": EXPECTED_LOSS}),
    }
    finish(given, "encoder_settings", table(rows), figures)


if __name__ == "__main__":
    main()
