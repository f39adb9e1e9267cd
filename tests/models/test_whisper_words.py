"""From Whisper's tokens to words with confidence."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.models.embedded.whisper_model import chinese_of, joined, tokens_of, words_of

texts = st.text(st.sampled_from("你好，今天。天气怎么样？ab C'3 "), max_size=20)


def test_a_character_of_several_tokens_is_as_sure_as_its_least() -> None:
    raw = "龙".encode()
    words = words_of(["你好".encode(), raw[:1], raw[1:], "。".encode()], [0.9, 0.8, 0.4, 1.0], 1.0)
    assert [(w.text, w.confidence) for w in words] == [("你", 0.9), ("好", 0.9), ("龙。", 0.4)]


def test_latin_words_are_whole_and_keep_their_blanks() -> None:
    pieces = ["我用".encode(), b" Py", b"thon", b" 3", "写".encode()]
    words = words_of(pieces, [1.0, 0.5, 0.9, 0.8, 1.0], 0.5)
    assert [w.text for w in words] == ["我", "用", "Python", "3", "写"]
    assert [w.confidence for w in words] == [0.5, 0.5, 0.25, 0.4, 0.5]
    assert joined(words) == "我用Python 3写"


@given(texts, st.data())
def test_wherever_tokens_are_divided_the_words_are_the_same(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    cuts = data.draw(st.lists(st.integers(0, len(raw)), max_size=30))
    ends = sorted({0, len(raw), *cuts})
    pieces = [raw[a:b] for a, b in pairwise(ends)]
    words = words_of(pieces, [0.5] * len(pieces), 1.0)
    assert "".join(w.text for w in words) == "".join(text.split())
    assert all(w.confidence == 0.5 for w in words)


@given(st.lists(st.tuples(st.binary(max_size=5), st.floats(0, 1)), max_size=20))
def test_any_bytes_give_words(tokens: list[tuple[bytes, float]]) -> None:
    words = words_of([raw for raw, _ in tokens], [p for _, p in tokens], 1.0)
    assert all(w.text and 0 <= w.confidence <= 1 for w in words)


def test_the_longest_tokens_spell_a_text() -> None:
    ids = {bytes([byte]): byte for byte in range(256)} | {"你".encode(): 300, "你好".encode(): 301}
    assert tokens_of("你你好", ids) == [300, 301]
    with pytest.raises(KeyError):
        tokens_of("好", {b"a": 1})


@given(st.dictionaries(st.sampled_from(["<|zh|>", "<|en|>", "<|yue|>", "<|ja|>"]), st.floats(0, 1)))
def test_chinese_is_a_probability(languages: dict[str, float]) -> None:
    assert 0 <= chinese_of(languages) <= 1
