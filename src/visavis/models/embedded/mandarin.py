"""How written Mandarin is pronounced, in the symbols that Kokoro was trained on.

Words by jieba, syllables by pypinyin, and a syllable as the International Phonetic Alphabet writes
it (Lee and Zee, "Standard Chinese (Beijing)", JIPA 33, 2003), its tone as an arrow after the vowel.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from typing import Literal

from visavis.errors import ModelError
from visavis.models.weights import cache_dir

_INITIALS = {
    "": "", "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l",
    "g": "k", "k": "kʰ", "h": "x", "j": "ʨ", "q": "ʨʰ", "x": "ɕ", "zh": "ꭧ", "ch": "ꭧʰ",
    "sh": "ʂ", "r": "ɻ", "z": "ʦ", "c": "ʦʰ", "s": "s",
}  # fmt: skip
_FINALS = {
    "a": "a_", "o": "wo_", "e": "ɤ_", "ê": "ɛ_", "i": "i_", "u": "u_", "ü": "y_", "er": "ɚ_",
    "ai": "ai_", "ei": "ei_", "ao": "au_", "ou": "ou_", "ia": "ja_", "ie": "je_", "ua": "wa_",
    "uo": "wo_", "üe": "ɥe_", "iao": "jau_", "iou": "jou_", "uai": "wai_", "uei": "wei_",
    "an": "a_n", "en": "ə_n", "ang": "a_ŋ", "eng": "ə_ŋ", "ian": "jɛ_n", "in": "i_n",
    "iang": "ja_ŋ", "ing": "i_ŋ", "uan": "wa_n", "uen": "wə_n", "uang": "wa_ŋ", "ueng": "wə_ŋ",
    "ong": "ʊ_ŋ", "iong": "jʊ_ŋ", "üan": "ɥɛ_n", "ün": "y_n", "io": "wo_",
    "m": "m_", "n": "n_", "ng": "ŋ_",
}  # fmt: skip
_BARE = {"o": "ɔ_"}
"""Where no initial is before them."""
_APICAL = frozenset(("zh", "ch", "sh", "r", "z", "c", "s"))
"""After these an i is said with the tip of the tongue."""
_TONES = {"1": "→", "2": "↗", "3": "↓", "4": "↘"}
_MARKS = {
    "，": ",", "、": ",", "。": ".", "！": "!", "？": "?", "；": ";", "：": ":", "…": "…",
    "（": "(", "）": ")", "《": "“", "》": "”", "「": "“", "」": "”", "【": "“", "】": "”",
    "—": "—", "“": "“", "”": "”", ",": ",", ".": ".", "!": "!", "?": "?", ";": ";", ":": ":",
}  # fmt: skip
_PARTS = re.compile(
    r"(?P<han>[\u3400-\u9fff]+)"
    r"|(?P<latin>[^\W\d_\u2e80-\uffff](?:[^\W\u2e80-\uffff]|[' -])*)"
    r"|(?P<mark>\S)"
)

Part = tuple[Literal["han", "latin", "mark"], str]


def parts(text: str) -> Iterator[Part]:
    """The text as runs of Chinese characters, runs of Latin words, and single marks."""
    for match in _PARTS.finditer(text):
        if match["han"]:
            yield "han", match["han"]
        elif match["latin"]:
            yield "latin", match["latin"].strip(" -")
        else:
            yield "mark", match["mark"]


def phonemes(han: str) -> str:
    """Of a run of Chinese characters: words divided by blanks. Loads dictionaries the first time.

    Raises `ModelError` if jieba or pypinyin is not installed.
    """
    words, syllables = _libraries()
    return " ".join("".join(map(syllable, syllables(word))) for word in words(han))


@cache
def _libraries() -> tuple[Callable[[str], list[str]], Callable[[str], list[str]]]:
    """Text to words, and a word to syllables in pinyin."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # jieba imports what has been outdated since
            import jieba
            import pypinyin
    except ImportError as error:
        raise ModelError(
            f"Chinese needs {error.name}, which is not installed; "
            "run `pip install 'visavis[chinese]'`"
        ) from error
    jieba.setLogLevel(logging.WARNING)
    words = jieba.Tokenizer()
    # It keeps its dictionary as a file that it trusts; a folder for everybody is no place for that.
    words.tmp_dir = str(cache_dir())

    def syllables(word: str) -> list[str]:
        style = pypinyin.Style.TONE3
        found: list[str] = pypinyin.lazy_pinyin(word, style, neutral_tone_with_five=True)
        return found

    return words.lcut, syllables


def mark(sign: str) -> str:
    """A mark of writing as Kokoro knows it; "" if it is not one."""
    return _MARKS.get(sign, "")


def syllable(pinyin: str) -> str:
    """One syllable in pinyin with its tone as a figure (5 is the light tone), "zhuang1": "ꭧwa→ŋ".

    What is no pinyin gives "".
    """
    initial, final, tone = _divided(pinyin)
    sound = _FINALS.get(final)
    if initial not in _INITIALS or sound is None:
        return ""
    if not initial:
        sound = _BARE.get(final, sound)
    elif final == "i" and initial in _APICAL:
        sound = "ɨ_"
    return _INITIALS[initial] + sound.replace("_", _TONES.get(tone, ""))


def _divided(pinyin: str) -> tuple[str, str, str]:
    """Initial, final and tone, the final as it is without the rules of spelling ("you": "iou")."""
    plain, tone = (pinyin[:-1], pinyin[-1]) if pinyin[-1:].isdigit() else (pinyin, "5")
    plain = plain.replace("v", "ü").replace("u:", "ü")
    initial = plain[:2] if plain[:2] in _INITIALS else plain[:1] if plain[:1] in _INITIALS else ""
    if plain in _FINALS and plain in ("m", "n", "ng"):
        return "", plain, tone
    final = plain[len(initial) :]
    if initial in ("j", "q", "x") and final.startswith("u"):
        final = f"ü{final[1:]}"
    if not initial:
        final = _unspelled(final)
    final = {"iu": "iou", "ui": "uei", "un": "uen"}.get(final, final) if initial else final
    return initial, final, tone


def _unspelled(final: str) -> str:
    """A syllable without an initial, which is written with a y or w in front."""
    if final.startswith("yu"):
        return f"ü{final[2:]}"
    if final.startswith("y"):
        rest = final[1:]
        return rest if rest.startswith("i") else {"ou": "iou"}.get(rest, f"i{rest}")
    if final.startswith("w"):
        rest = final[1:]
        return rest if rest.startswith("u") else f"u{rest}"
    return final
