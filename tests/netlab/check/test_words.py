"""Which of the words said were heard."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from visavis.netlab.check.words import count_heard, split_words

texts = st.lists(st.sampled_from("abcde"), max_size=12)


def test_marks_and_case_do_not_matter() -> None:
    assert split_words("It’s late, isn't it? -- Über 12") == [
        "it's", "late", "isn't", "it", "über", "12",
    ]  # fmt: skip
    assert split_words("… !") == []


def test_order_matters_and_made_up_words_do_not() -> None:
    said = ["please", "find", "me", "a", "table"]
    assert count_heard(said, ["please", "find", "me", "a", "table"]) == 5
    assert count_heard(said, ["um", "please", "mind", "me", "a", "big", "table"]) == 4
    assert count_heard(said, ["table", "a", "me", "find", "please"]) == 1
    assert count_heard(said, []) == 0


@given(texts, texts)
@settings(max_examples=50)
def test_never_more_than_either_has_and_all_of_a_part(a: list[str], b: list[str]) -> None:
    heard = count_heard(a, b)
    assert heard == count_heard(b, a) <= min(len(a), len(b))
    assert count_heard(a, [*b, *a]) == len(a)
    assert count_heard([*a, *b], b) == len(b)
