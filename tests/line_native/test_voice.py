"""The native voice activity detector says what the model says."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from visavis.models.embedded.akiki_vad import AkikiVad
from visavis.seam import Mark, Pcm

pytest.importorskip("akiki", reason="akiki is not installed (visavis[embedded])")
pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def vad() -> AkikiVad:
    return AkikiVad.load()


def sounds() -> list[Pcm]:
    """Noise, a tone that comes and goes, silence; 16 kHz."""
    rng = np.random.default_rng(3)
    t = np.arange(32_000) / 16_000
    tone = 9000 * np.sin(2 * np.pi * 220 * t) * (np.sin(2 * np.pi * 3 * t) > 0)
    return [
        rng.normal(0, 2000, 32_000).astype(np.int16),
        tone.astype(np.int16),
        np.zeros(32_000, np.int16),
    ]


def test_many_streams_at_once_are_heard_as_onnxruntime_hears_each(
    native: ModuleType, vad: AkikiVad
) -> None:
    voice, got = native.Voice(vad.weights()), {0: [], 1: [], 2: []}
    for at in range(0, 32_000, 320):
        pieces = [(i, pcm[at : at + 320].tobytes()) for i, pcm in enumerate(sounds())]
        for stream, probability in voice.push(pieces):
            got[stream].append(probability)
    for stream, pcm in enumerate(sounds()):
        want = vad.stream().push(pcm)
        assert len(got[stream]) == len(want) == 125
        np.testing.assert_allclose(got[stream], want, atol=1e-4)


def test_weights_of_another_model_are_refused(native: ModuleType) -> None:
    with pytest.raises(ValueError, match="those of the voice activity model have"):
        native.Voice(bytes(400))
    with pytest.raises(ValueError, match="have 400 bytes"):
        native.Engine().listen(bytes(400))


def test_every_received_frame_of_a_call_is_heard(native: ModuleType, vad: AkikiVad) -> None:
    client = native.Stepped(seed=1, address="10.0.0.1:5000")
    server = native.Stepped(seed=2, address="10.0.0.2:6000")
    server.listen(vad.weights())
    ours, offer = client.offer()
    _, answer = server.accept(offer)
    client.answer(ours, answer)
    received, voices = [np.zeros(0, np.int16)], []
    for tick in range(1, 250):
        now = tick * 0.02
        for _, packet in client.packets():
            server.receive(now, "10.0.0.1:5000", packet)
        for _, packet in server.packets():
            client.receive(now, "10.0.0.2:6000", packet)
        if tick == 60:
            client.play(ours, 1, np.repeat(sounds()[0], 2).tobytes())
        assert client.step(now).voices == b""
        batch = server.step(now)
        rows = np.frombuffer(batch.pcm, np.int16).reshape(-1, 320)
        marks = np.frombuffer(batch.marks, np.uint8)
        assert len(batch.voices) == len(rows) * 2 * 4
        received += list(rows[marks == Mark.RECEIVED])
        heard = np.frombuffer(batch.voices, np.float32)
        voices += heard[~np.isnan(heard)].tolist()
    want = vad.stream().push(np.concatenate(received))
    assert len(want) > 100
    np.testing.assert_allclose(voices, want, atol=1e-4)
