"""Mandarin in Kokoro's symbols."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visavis.models.embedded.kokoro import clauses
from visavis.models.embedded.kokoro_voice import VOCABULARY
from visavis.models.embedded.mandarin import mark, parts, phonemes, syllable


@pytest.mark.parametrize(
    ("pinyin", "symbols"),
    [
        ("ma1", "ma→"), ("hao3", "xau↓"), ("de5", "tɤ"), ("shi4", "ʂɨ↘"), ("zhuang4", "ꭧwa↘ŋ"),
        ("yi1", "i→"), ("you3", "jou↓"), ("yan2", "jɛ↗n"), ("yong4", "jʊ↘ŋ"), ("yue4", "ɥe↘"),
        ("yuan2", "ɥɛ↗n"), ("wen2", "wə↗n"), ("wei4", "wei↘"), ("wu3", "u↓"), ("jiu3", "ʨjou↓"),
        ("xu1", "ɕy→"), ("quan2", "ʨʰɥɛ↗n"), ("lv4", "ly↘"), ("dui4", "twei↘"), ("lun2", "lwə↗n"),
        ("er2", "ɚ↗"), ("o1", "ɔ→"), ("bo1", "pwo→"), ("qiong2", "ʨʰjʊ↗ŋ"), ("si4", "sɨ↘"),
    ],
)  # fmt: skip
def test_syllables(pinyin: str, symbols: str) -> None:
    assert syllable(pinyin) == symbols


@given(st.text(st.sampled_from("abcdefghijklmnopqrstuwxyzüv12345"), max_size=8))
def test_any_letters_give_symbols_that_the_voice_knows(pinyin: str) -> None:
    assert set(syllable(pinyin)) <= set(VOCABULARY)


@given(st.text(max_size=40))
def test_parts_leave_out_blanks_and_figures_only(text: str) -> None:
    kept = "".join(part for _, part in parts(text))
    assert set(kept) <= set(text)
    assert all(set(mark(part)) <= set(VOCABULARY) for kind, part in parts(text) if kind == "mark")


def test_latin_words_end_where_chinese_begins() -> None:
    assert list(parts("我用Python 3写代码。")) == [
        ("han", "我用"), ("latin", "Python 3"), ("han", "写代码"), ("mark", "。")
    ]  # fmt: skip


def test_words_are_divided_and_read_in_their_context() -> None:
    pytest.importorskip("jieba", reason="jieba is not installed (visavis[chinese])")
    pytest.importorskip("pypinyin", reason="pypinyin is not installed (visavis[chinese])")
    assert phonemes("重要的银行") == "ꭧʊ↘ŋjau↘ tɤ i↗nxa↗ŋ"
    assert phonemes("㐀") == "" or set(phonemes("㐀")) <= set(VOCABULARY)


@settings(max_examples=200)
@given(st.text(st.sampled_from("你好，。！a b\n"), max_size=200))
def test_clauses_hold_all_of_the_text(text: str) -> None:
    found = clauses(text)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(piece == piece.strip() and piece for piece in found)
