"""CAM++, a network that tells speakers apart, as an ONNX graph made from its weights.

Wang et al., "CAM++: A Fast and Efficient Network for Speaker Verification Using Context-Aware
Masking" (2023): a small 2-D convolutional front, then densely connected time-delay layers of which
each is masked by what its surroundings sound like. The weights are published for PyTorch only; the
graph is built from them when the model is loaded, so that nothing but onnxruntime runs it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from visavis.models.embedded.torch_file import Tensors

BANDS = 80
SIZE = 192
"""Numbers of an embedding."""
_LAYERS = ((12, 1), (24, 2), (16, 2))
"""Of the three blocks: layers and dilation."""
_SEGMENT = 100
"""Frames over which a layer looks around."""
_EPSILON = 1e-5


def build(weights: Tensors) -> bytes:
    """A model with input `features`, float32 [1, frames, 80], and output `embedding` [1, 192].
    KeyError if a tensor is missing."""
    return _Graph(weights).build()


class _Graph:
    """Nodes in the order they run; a value is the name of its node's output."""

    def __init__(self, weights: Tensors) -> None:
        self._weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def build(self) -> bytes:
        out = self._dense(self._statistics(self._layers(self._front("features"))))
        self._nodes.append(helper.make_node("Identity", [out], ["embedding"]))
        graph = helper.make_graph(
            self._nodes,
            "campplus",
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, "frames", BANDS])],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, SIZE])],
            list(self._constants.values()),
        )
        opset = [helper.make_opsetid("", 17)]
        # The oldest format that knows this operator set: any onnxruntime reads it.
        model = helper.make_model(graph, opset_imports=opset, ir_version=8)
        serialized: bytes = model.SerializeToString()
        return serialized

    # ---- the parts of the network

    def _front(self, x: str) -> str:
        """[1, frames, 80] to [1, 320, frames]."""
        x = self._op("Transpose", x, perm=[0, 2, 1])
        x = self._op("Unsqueeze", x, self._integers(1))
        x = self._normed(self._conv2d(x, "head.conv1", 1), "head.bn1")
        for layer in ("head.layer1", "head.layer2"):
            x = self._residual(self._residual(x, f"{layer}.0", 2), f"{layer}.1", 1)
        x = self._normed(self._conv2d(x, "head.conv2", 2), "head.bn2")
        return self._op("Reshape", x, self._integers(1, 32 * BANDS // 8, -1))

    def _residual(self, x: str, name: str, stride: int) -> str:
        y = self._normed(self._conv2d(x, f"{name}.conv1", stride), f"{name}.bn1")
        y = self._normed(self._conv2d(y, f"{name}.conv2", 1), f"{name}.bn2", relu=False)
        if stride != 1:
            short = self._conv2d(x, f"{name}.shortcut.0", stride)
            x = self._normed(short, f"{name}.shortcut.1", relu=False)
        return self._op("Relu", self._op("Add", y, x))

    def _layers(self, x: str) -> str:
        x = self._conv(x, "xvector.tdnn.linear", strides=[2], pads=[2, 2])
        x = self._normed(x, "xvector.tdnn.nonlinear.batchnorm")
        frames = self._op("Slice", self._op("Shape", x), *map(self._integers, (2, 3)))
        for block, (count, dilation) in enumerate(_LAYERS, start=1):
            for layer in range(1, count + 1):
                name = f"xvector.block{block}.tdnnd{layer}"
                x = self._op("Concat", x, self._masked(x, name, dilation, frames), axis=1)
            name = f"xvector.transit{block}"
            x = self._conv(self._normed(x, f"{name}.nonlinear.batchnorm"), f"{name}.linear")
        return self._normed(x, "xvector.out_nonlinear.batchnorm")

    def _masked(self, x: str, name: str, dilation: int, frames: str) -> str:
        x = self._conv(self._normed(x, f"{name}.nonlinear1.batchnorm"), f"{name}.linear1")
        x = self._normed(x, f"{name}.nonlinear2.batchnorm")
        name = f"{name}.cam_layer"
        y = self._conv(x, f"{name}.linear_local", dilations=[dilation], pads=[dilation, dilation])
        # The mean of everything, and of the segment of a second that a frame is in.
        near = self._op("AveragePool", x, kernel_shape=[_SEGMENT], strides=[_SEGMENT], ceil_mode=1)
        near = self._op("Unsqueeze", near, self._integers(3))
        near = self._op("Expand", near, self._integers(1, 1, 1, _SEGMENT))
        near = self._op("Reshape", near, self._integers(1, 128, -1))
        near = self._op("Slice", near, self._integers(0), frames, self._integers(2))
        around = self._op("Add", self._op("ReduceMean", x, axes=[2], keepdims=1), near)
        mask = self._op("Relu", self._conv(around, f"{name}.linear1"))
        mask = self._op("Sigmoid", self._conv(mask, f"{name}.linear2"))
        return self._op("Mul", y, mask)

    def _statistics(self, x: str) -> str:
        """[1, 512, frames] to [1, 1024, 1]: mean and standard deviation."""
        mean = self._op("ReduceMean", x, axes=[2], keepdims=1)
        away = self._op("Sub", x, mean)
        square = self._op("ReduceSum", self._op("Mul", away, away), self._integers(2), keepdims=1)
        frames = self._op("Slice", self._op("Shape", x), *map(self._integers, (2, 3)))
        others = self._op("Sub", frames, self._integers(1))
        variance = self._op("Div", square, self._op("Cast", others, to=TensorProto.FLOAT))
        return self._op("Concat", mean, self._op("Sqrt", variance), axis=1)

    def _dense(self, x: str) -> str:
        x = self._normed(
            self._conv(x, "xvector.dense.linear"),
            "xvector.dense.nonlinear.batchnorm",
            relu=False,
        )
        return self._op("Reshape", x, self._integers(1, SIZE))

    # ---- what they are made of

    def _op(self, kind: str, *values: str, **attributes: Any) -> str:
        out = f"v{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(values), [out], **attributes))
        return out

    def _conv2d(self, x: str, name: str, stride: int) -> str:
        pad = self._weights[f"{name}.weight"].shape[-1] // 2
        return self._conv(x, name, strides=[stride, 1], pads=[pad] * 4)

    def _conv(self, x: str, name: str, **attributes: Any) -> str:
        parts = [f"{name}.weight", *(n for n in (f"{name}.bias",) if n in self._weights)]
        return self._op("Conv", x, *map(self._weight, parts), **attributes)

    def _normed(self, x: str, name: str, *, relu: bool = True) -> str:
        """Batch normalisation with what was learnt."""
        count = len(self._weights[f"{name}.running_mean"])
        scale, shift = (
            self._weight(f"{name}.{part}")
            if f"{name}.{part}" in self._weights
            else self._constant(f"{part}.{count}", np.full(count, value, np.float32))
            for part, value in (("weight", 1), ("bias", 0))
        )
        learnt = map(self._weight, (f"{name}.running_mean", f"{name}.running_var"))
        x = self._op("BatchNormalization", x, scale, shift, *learnt, epsilon=_EPSILON)
        return self._op("Relu", x) if relu else x

    def _weight(self, name: str) -> str:
        return self._constant(name, self._weights[name])

    def _integers(self, *values: int) -> str:
        return self._constant(f"i{values}", np.array(values, np.int64))

    def _constant(self, name: str, value: NDArray[Any]) -> str:
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(value, name)
        return name
