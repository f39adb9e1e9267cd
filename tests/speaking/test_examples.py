"""What is written, and what people say for it: the two lists beside this file."""

from pathlib import Path

import pytest

from visavis.speaking import ClauseSplitter, Reader


def say(text: str) -> str:
    """As a voice gets it, in pieces that begin with four words."""
    splitter, reader = ClauseSplitter(4), Reader()
    pieces = splitter.feed(text) + splitter.close()
    return " ".join(reader.read(piece).text for piece in pieces)


def examples(name: str) -> list[tuple[str, ...]]:
    lines = (Path(__file__).parent / name).read_text("utf-8").splitlines()
    return [tuple(line.split(" => ")) for line in lines]


@pytest.mark.parametrize(("written", "spoken"), examples("english.txt"))
def test_english(written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), examples("chinese.txt"))
def test_chinese(written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(
    ("first", "then", "spoken"),
    [
        ("It went up.", "3.5%.", "three point five percent."),
        ("涨了。", "3.5%。", "百分之三点五。"),
        ("涨了。", "The word is 3.5%.", "The word is three point five percent."),
    ],
)
def test_figures_alone_are_read_as_what_was_before(first: str, then: str, spoken: str) -> None:
    splitter, reader = ClauseSplitter(1), Reader()
    for piece in splitter.feed(f"{first}\n"):
        reader.read(piece)
    rest = splitter.feed(then) + splitter.close()
    assert " ".join(reader.read(piece).text for piece in rest) == spoken
