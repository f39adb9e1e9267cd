"""One way to open an ONNX session and to run it so that it can be broken off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnxruntime as ort

from visavis.errors import ModelError
from visavis.models.workers import Cancel, Cancelled


def open_session(model: Path | bytes, *, threads: int = 1) -> ort.InferenceSession:
    """A session on the CPU. Raises `ModelError` if the file is not a model.

    Spinning is off: an idle pool that burns a core slows everything else on a small machine.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_mem_pattern = False  # shapes change with every utterance
    options.log_severity_level = 3
    source = str(model) if isinstance(model, Path) else model
    try:
        return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises many unrelated types
        what = model if isinstance(model, Path) else "the model"
        raise ModelError(f"{what} cannot be opened by onnxruntime: {error}") from error


def interruptible(cancel: Cancel) -> ort.RunOptions:
    """Run options whose run ends between two nodes once `cancel` is set."""
    options = ort.RunOptions()
    options.log_severity_level = 4
    cancel.on_set(lambda: setattr(options, "terminate", True))
    return options


def run(cancel: Cancel, what: str, call: Callable[[], Any]) -> Any:
    """`call` a session; raises `Cancelled` if it was broken off, else `ModelError`."""
    cancel.check()
    try:
        return call()
    except Exception as error:  # onnxruntime raises many unrelated types
        if cancel:
            raise Cancelled from error
        raise ModelError(f"{what} failed: {error}") from error
