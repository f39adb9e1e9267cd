"""From tokens' bytes to text: whole characters, stop strings, no junk at the start."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.models.embedded.llama_output import TextOut, starts_speech


def run(pieces: list[bytes], stop: tuple[str, ...] = ()) -> list[str]:
    out = TextOut(stop)
    return [*(out.push(piece) for piece in pieces), out.finish()]


def test_characters_split_between_tokens_come_whole() -> None:
    data = "你👋".encode()
    texts = run([data[i : i + 1] for i in range(len(data))])
    assert "".join(texts) == "你👋"
    assert all("\ufffd" not in text for text in texts)


def test_stops_before_the_stop_string() -> None:
    out = TextOut(("User:",))
    assert out.push(b"Fine. Us") == "Fine. "
    assert out.push(b"er: more") == ""
    assert out.stopped
    assert out.finish() == ""


def test_what_only_looked_like_a_stop_string_comes() -> None:
    assert run([b"Fine. Us", b"ual."], ("User:",)) == ["Fine. ", "Usual.", ""]


def test_blanks_at_the_start_go() -> None:
    assert run([b" \n", b" Hello", b" you"]) == ["", "Hello", " you", ""]


@given(st.text(max_size=60), st.text(alphabet="ab", max_size=3), st.data())
def test_however_it_is_cut_the_text_is_the_same(text: str, stop: str, data: st.DataObject) -> None:
    raw = text.encode("utf-8", "ignore")
    cut = data.draw(st.integers(0, len(raw)))
    stops = (stop,) if stop else ()
    assert "".join(run([raw[:cut], raw[cut:]], stops)) == "".join(run([raw], stops))
    if stop:
        assert stop not in "".join(run([raw[:cut], raw[cut:]], stops))


@pytest.mark.parametrize(
    ("piece", "right"),
    [
        (b"Hello", True),
        (b" I", True),
        ("你".encode(), True),
        ("你".encode()[:2], True),
        (b"", False),
        (b"\n\n", False),
        (b" -", False),
        (b"##", False),
        (b"**", False),
        (b"```", False),
    ],
)
def test_what_may_begin_a_reply(piece: bytes, right: bool) -> None:
    assert starts_speech(piece) is right
