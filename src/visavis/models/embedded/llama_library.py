"""llama.cpp's C functions, from whichever build is installed, with their layouts verified.

Two builds carry the same C API: `xllamacpp` (a wheel, no compiler needed) and
`llama_cpp` (llama-cpp-python, compiled on the machine, so fitted to its CPU). Their own Python
layers are not used: xllamacpp's opens a local HTTP port and cannot break off the evaluation
of a prompt; the C API does neither harm. `docs/decisions/0002-language-model-runtime.md` has
the reasons and the figures.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
from ctypes import POINTER, c_bool, c_char_p, c_float, c_int8, c_int32, c_uint32, c_void_p
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visavis.errors import ModelError

ABORTED = 2
"""What `llama_decode` returns when the abort flag was raised."""
NO_ROOM = 1
"""What `llama_decode` returns when the context is full."""


class ModelParams(ctypes.Structure):
    """`llama_model_params` as far as it is used; the rest is kept as it came."""

    _fields_ = (
        ("devices", c_void_p),
        ("tensor_buft_overrides", c_void_p),
        ("n_gpu_layers", c_int32),
        ("split_mode", c_int32),
        ("load_mode", c_int32),
        ("lazy_mode", c_int32),
        ("main_gpu", c_int32),
        ("tensor_split", c_void_p),
        ("progress_callback", c_void_p),
        ("progress_callback_user_data", c_void_p),
        ("rest", c_int8 * 64),
    )


class ContextParams(ctypes.Structure):
    """`llama_context_params` as far as it is used; the rest is kept as it came."""

    _fields_ = (
        ("n_ctx", c_uint32),
        ("n_batch", c_uint32),
        ("n_ubatch", c_uint32),
        ("n_seq_max", c_uint32),
        ("n_rs_seq", c_uint32),
        ("n_outputs_max", c_uint32),
        ("n_outputs_max_per_seq", c_uint32),
        ("n_threads", c_int32),
        ("n_threads_batch", c_int32),
        ("ctx_type", c_int32),
        ("rope_scaling_type", c_int32),
        ("pooling_type", c_int32),
        ("attention_type", c_int32),
        ("flash_attn_type", c_int32),
        ("rope_freq_base", c_float),
        ("rope_freq_scale", c_float),
        ("yarn_ext_factor", c_float),
        ("yarn_attn_factor", c_float),
        ("yarn_beta_fast", c_float),
        ("yarn_beta_slow", c_float),
        ("yarn_orig_ctx", c_uint32),
        ("defrag_thold", c_float),
        ("cb_eval", c_void_p),
        ("cb_eval_user_data", c_void_p),
        ("type_k", c_int32),
        ("type_v", c_int32),
        ("rest", c_int8 * 128),
    )


class Batch(ctypes.Structure):
    """`llama_batch`."""

    _fields_ = (
        ("n_tokens", c_int32),
        ("token", POINTER(c_int32)),
        ("embd", c_void_p),
        ("pos", POINTER(c_int32)),
        ("n_seq_id", POINTER(c_int32)),
        ("seq_id", POINTER(POINTER(c_int32))),
        ("logits", POINTER(c_int8)),
    )


LogCallback = ctypes.CFUNCTYPE(None, c_int32, c_char_p, c_void_p)
ProgressCallback = ctypes.CFUNCTYPE(c_bool, c_float, c_void_p)

_SILENCE = LogCallback(lambda level, text, data: None)
"""Kept for ever: the library keeps calling it. Prompts would be in the log otherwise."""

_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "llama_backend_init": (None, ()),
    "llama_log_set": (None, (LogCallback, c_void_p)),
    "llama_print_system_info": (c_char_p, ()),
    "llama_model_default_params": (ModelParams, ()),
    "llama_context_default_params": (ContextParams, ()),
    "llama_model_load_from_file": (c_void_p, (c_char_p, ModelParams)),
    "llama_model_free": (None, (c_void_p,)),
    "llama_model_get_vocab": (c_void_p, (c_void_p,)),
    "llama_init_from_model": (c_void_p, (c_void_p, ContextParams)),
    "llama_free": (None, (c_void_p,)),
    "llama_n_ctx_seq": (c_uint32, (c_void_p,)),
    "llama_get_memory": (c_void_p, (c_void_p,)),
    "llama_memory_seq_rm": (c_bool, (c_void_p, c_int32, c_int32, c_int32)),
    "llama_memory_seq_cp": (None, (c_void_p, c_int32, c_int32, c_int32, c_int32)),
    "llama_memory_seq_add": (None, (c_void_p, c_int32, c_int32, c_int32, c_int32)),
    "llama_vocab_n_tokens": (c_int32, (c_void_p,)),
    "llama_vocab_is_eog": (c_bool, (c_void_p, c_int32)),
    "llama_tokenize": (
        c_int32,
        (c_void_p, c_char_p, c_int32, POINTER(c_int32), c_int32, c_bool, c_bool),
    ),
    "llama_token_to_piece": (
        c_int32,
        (c_void_p, c_int32, c_char_p, c_int32, c_int32, c_bool),
    ),
    "llama_batch_init": (Batch, (c_int32, c_int32, c_int32)),
    "llama_batch_free": (None, (Batch,)),
    "llama_decode": (c_int32, (c_void_p, Batch)),
    "llama_get_logits_ith": (POINTER(c_float), (c_void_p, c_int32)),
    "llama_set_abort_callback": (None, (c_void_p, c_void_p, c_void_p)),
}


@dataclass(slots=True, frozen=True)
class Library:
    """A loaded build of llama.cpp. `c.<function>` calls it; the GIL is released meanwhile."""

    name: str
    """`xllamacpp` or `llama_cpp`."""
    c: Any

    @property
    def system_info(self) -> str:
        """The CPU features this build uses, as llama.cpp words them."""
        return str(self.c.llama_print_system_info().decode())


def installed() -> list[str]:
    """The names of the builds that are installed, the preferred one first."""
    return [name for name in ("xllamacpp", "llama_cpp") if _locate(name) is not None]


def load(name: str | None = None) -> Library:
    """Load the named build, or the preferred one of those installed.

    Raises `ModelError` if none is there, or if its layouts are not the ones written here.
    """
    candidates = [name] if name else installed()
    if not candidates:
        raise ModelError(
            "The embedded language model needs llama.cpp, and neither xllamacpp nor "
            "llama_cpp is installed; run `pip install 'visavis[embedded]'`."
        )
    path = _locate(candidates[0])
    if path is None:
        raise ModelError(
            f"The llama.cpp build {candidates[0]!r} is not installed; installed are: "
            f"{', '.join(installed()) or 'none'}."
        )
    # Threads that wait for each other must neither spin for long (that starves everything
    # else on a small machine) nor sleep at once (waking costs half the speed).
    # libgomp reads these once, when the library is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    try:
        c = ctypes.CDLL(str(path))
        for function, (result, arguments) in _SIGNATURES.items():
            bound = getattr(c, function)
            bound.restype, bound.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise ModelError(
            f"The llama.cpp build {candidates[0]!r} at {path} cannot be used ({error}); "
            "install the version named in visavis's `embedded` extra."
        ) from error
    c.llama_log_set(_SILENCE, None)
    c.llama_backend_init()
    _verify(c, candidates[0])
    return Library(candidates[0], c)


def _locate(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    xllama = name == "xllamacpp"
    patterns = ("*.abi3.so", "*.pyd") if xllama else ("lib/libllama.*", "lib/llama.dll")
    for pattern in patterns:
        for path in sorted(folder.glob(pattern)):
            return path
    return None


def _verify(c: Any, name: str) -> None:
    """A wrong offset would corrupt memory; llama.cpp's own defaults show the layout is right."""
    model, context = c.llama_model_default_params(), c.llama_context_default_params()
    batch = c.llama_batch_init(1, 0, 1)
    right = (
        model.n_gpu_layers == -1
        and model.load_mode == -1
        and not model.progress_callback
        and (context.n_ctx, context.n_batch, context.n_ubatch) == (512, 2048, 512)
        and context.n_seq_max == 1
        and context.n_threads == context.n_threads_batch > 0
        and context.flash_attn_type == -1
        and (context.yarn_ext_factor, context.defrag_thold) == (-1.0, -1.0)
        and (context.type_k, context.type_v) == (1, 1)
        and batch.n_tokens == 0
        and bool(batch.token and batch.pos and batch.n_seq_id and batch.seq_id and batch.logits)
        and not batch.embd
    )
    c.llama_batch_free(batch)
    if not right:
        raise ModelError(
            f"The installed {name} has other parameter layouts than the version visavis was "
            "made for; install the version named in visavis's `embedded` extra."
        )
