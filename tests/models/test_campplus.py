"""The graph of the speaker network takes any length, and its features any loudness."""

from __future__ import annotations

from functools import cache

import numpy as np
import onnxruntime as ort
import pytest

from visavis.models.embedded.campplus import BANDS, SIZE, build
from visavis.models.embedded.onnx import open_session
from visavis.models.embedded.speaker import CampPlus, features
from visavis.models.embedded.torch_file import Tensors
from visavis.models.workers import Cancel
from visavis.seam import RATE_IN, Pcm


class Weights(Tensors):
    """Of the right shapes, and random."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(1)

    def conv(self, name: str, *shape: int, bias: bool = False) -> None:
        scale = (2 / np.prod(shape[1:])) ** 0.5
        self[f"{name}.weight"] = (scale * self._random.normal(size=shape)).astype(np.float32)
        if bias:
            self[f"{name}.bias"] = np.zeros(shape[0], np.float32)

    def norm(self, name: str, count: int) -> None:
        for part, value in {"weight": 1, "bias": 0, "running_mean": 0, "running_var": 1}.items():
            self[f"{name}.{part}"] = np.full(count, value, np.float32)


def network() -> Weights:
    w = Weights()
    for name, count in (("conv1", 1), ("conv2", 32)):
        w.conv(f"head.{name}", 32, count, 3, 3)
        w.norm(f"head.bn{name[-1]}", 32)
    for layer in ("layer1.0", "layer1.1", "layer2.0", "layer2.1"):
        for part in "12":
            w.conv(f"head.{layer}.conv{part}", 32, 32, 3, 3)
            w.norm(f"head.{layer}.bn{part}", 32)
        if layer.endswith("0"):
            w.conv(f"head.{layer}.shortcut.0", 32, 32, 1, 1)
            w.norm(f"head.{layer}.shortcut.1", 32)
    w.conv("xvector.tdnn.linear", 128, 320, 5)
    w.norm("xvector.tdnn.nonlinear.batchnorm", 128)
    width = 128
    for block, count in ((1, 12), (2, 24), (3, 16)):
        for layer in range(1, count + 1):
            name = f"xvector.block{block}.tdnnd{layer}"
            w.norm(f"{name}.nonlinear1.batchnorm", width)
            w.conv(f"{name}.linear1", 128, width, 1)
            w.norm(f"{name}.nonlinear2.batchnorm", 128)
            w.conv(f"{name}.cam_layer.linear_local", 32, 128, 3)
            w.conv(f"{name}.cam_layer.linear1", 64, 128, 1, bias=True)
            w.conv(f"{name}.cam_layer.linear2", 32, 64, 1, bias=True)
            width += 32
        w.norm(f"xvector.transit{block}.nonlinear.batchnorm", width)
        w.conv(f"xvector.transit{block}.linear", width // 2, width, 1)
        width //= 2
    w.norm("xvector.out_nonlinear.batchnorm", width)
    w.conv("xvector.dense.linear", SIZE, 2 * width, 1)
    w["xvector.dense.nonlinear.batchnorm.running_mean"] = np.zeros(SIZE, np.float32)
    w["xvector.dense.nonlinear.batchnorm.running_var"] = np.ones(SIZE, np.float32)
    return w


@cache
def session() -> ort.InferenceSession:
    return open_session(build(network()))


def sound(seconds: float, seed: int = 0) -> Pcm:
    random = np.random.default_rng(seed)
    return random.normal(0, 2000, round(seconds * RATE_IN)).astype(np.int16)


@pytest.mark.parametrize("seconds", [0.5, 2.0, 5.17])
def test_any_length_gives_a_direction(seconds: float) -> None:
    found = CampPlus(session()).compute(Cancel(), sound(seconds))
    assert found.shape == (SIZE,)
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-4)


def test_different_sounds_give_different_directions() -> None:
    bursts = (sound(2.0) * (np.arange(2 * RATE_IN) // 2000 % 2)).astype(np.int16)
    model = CampPlus(session())
    one, again, other = (model.compute(Cancel(), x) for x in (sound(2.0), sound(2.0), bursts))
    assert one @ again == pytest.approx(1, abs=1e-4)
    assert one @ other < 0.99


def test_a_missing_tensor_is_named() -> None:
    weights = network()
    del weights["xvector.transit2.linear.weight"]
    with pytest.raises(KeyError, match="transit2"):
        build(weights)


def test_features_do_not_depend_on_loudness() -> None:
    quiet = sound(1.0)
    found = features(quiet)
    assert found.shape == (98, BANDS)
    assert np.abs(features((quiet * 3).astype(np.int16)) - found).max() < 1e-3


def test_a_tone_is_in_its_band() -> None:
    t = np.arange(RATE_IN) / RATE_IN
    # The first half silent, so that the mean of every band is not the tone itself.
    tone = (8000 * np.sin(2 * np.pi * 1000 * t) * (t > 0.5)).astype(np.int16)
    loudest = int((features(tone)[-10:].mean(0)).argmax())
    edges = np.linspace(31.75, 2840.04, BANDS + 2)
    centre = 700 * (np.exp(edges[loudest + 1] / 1127) - 1)
    assert centre == pytest.approx(1000, rel=0.06)
