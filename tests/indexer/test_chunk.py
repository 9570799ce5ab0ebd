"""Cutting texts: exact spans, whole code and tables, sizes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.chunk import Piece, chunk_markdown, chunk_text, shorten, size_for
from tests.indexer.encoders import WordEncoder

SMALL = WordEncoder(max_tokens=64)  # at most 48 in a piece
LARGE = WordEncoder(max_tokens=512)

LINES = st.sampled_from(
    [
        "",
        "",
        "   ",
        "Some words. And some more words here! Really?",
        "word " * 90,
        "x" * 700,
        "# One",
        "## Two ##",
        "##\tTabbed",
        "### Three / four",
        "#no heading",
        "#",
        "```",
        "````",
        "~~~ python",
        "```foo``` bar",
        "# comment or heading",
        "    indented",
        "- item one",
        "* item",
        "  continued",
        "2. second",
        "> quoted. Twice.",
        "| a | b |",
        "| --- | --- |",
        "a | b",
        "Setext\n---",
        "zażółć\u2028gęślą\u00a0jaźń",
        "\u3000wide",
        "<b>html</b>",
    ]
)
TEXTS = st.one_of(st.lists(LINES, max_size=14).map("\n".join), st.text(max_size=200))


def _texts(text: str, pieces: list[Piece]) -> list[str]:
    return [text[piece.start : piece.end] for piece in pieces]


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_pieces_are_exact_in_order_and_hold_all_but_headings(text: str) -> None:
    pieces = chunk_markdown(text, "en", SMALL)
    last = 0
    for piece in pieces:
        assert last <= piece.start < piece.end <= len(text)
        assert text[piece.start : piece.end].strip() == text[piece.start : piece.end]
        between = text[last : piece.start]
        # What no piece holds is white space and heading lines.
        assert all(re.match(r"#+(\s|$)|\s*$", line) for line in between.split("\n"))
        last = piece.end
    assert all(re.match(r"#+(\s|$)|\s*$", line) for line in text[last:].split("\n"))


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_no_piece_is_larger_than_the_encoder_takes(text: str) -> None:
    most = size_for(SMALL, taken=10).most
    for piece in chunk_markdown(text, "sl", SMALL, taken=10) + chunk_text(text, "sl", SMALL, 10):
        assert SMALL.count_tokens([text[piece.start : piece.end]])[0] <= most


def test_headings_become_paths() -> None:
    text = "Lead.\n\n# A\n\n## B / C ##\n\nIn B.\n\n### D\n\nIn D.\n\n## E\n\nIn E.\n"
    pieces = chunk_markdown(text, "en", LARGE)
    assert [(piece.headings, text[piece.start : piece.end]) for piece in pieces] == [
        ((), "Lead."),
        (("A", "B / C"), "In B."),
        (("A", "B / C", "D"), "In D."),
        (("A", "E"), "In E."),
    ]


def test_a_heading_with_nothing_below_it_is_kept_as_text() -> None:
    text = "## Call us\n\n## Later\n\nText.\n"
    pieces = chunk_markdown(text, "en", LARGE)
    assert _texts(text, pieces) == ["## Call us", "Text."]


@pytest.mark.parametrize("fence", ["```", "~~~", "````"])
def test_code_is_not_cut_and_its_comments_are_no_headings(fence: str) -> None:
    code = f"{fence} sh\n# a comment\n\n" + "run this now\n" * 12 + fence
    text = f"Before. {'Words here. ' * 20}\n\n{code}\n\nAfter."
    pieces = chunk_markdown(text, "en", SMALL)
    assert [piece.headings for piece in pieces] == [()] * len(pieces)
    assert any(code in piece for piece in _texts(text, pieces))


def test_a_table_is_not_cut() -> None:
    table = "| Size | Price |\n| --- | --- |\n" + "| M | 5 |\n" * 5 + "| L | 9 |"
    text = f"{'Words here. ' * 20}\n{table}\n\n{'More words. ' * 20}"
    texts = _texts(text, chunk_markdown(text, "en", SMALL))
    assert sum(table in piece for piece in texts) == 1


def test_a_table_alone_larger_than_the_encoder_is_cut_between_rows() -> None:
    rows = [f"| row {number} | price |" for number in range(60)]
    text = "| a | b |\n| --- | --- |\n" + "\n".join(rows)
    texts = _texts(text, chunk_markdown(text, "en", SMALL))
    assert len(texts) > 1
    assert all(line in text.split("\n") for piece in texts for line in piece.split("\n"))


def test_prose_is_cut_between_sentences() -> None:
    sentence = "The parcel costs approx. 3.50 euros in Ljubljana today."
    text = " ".join([sentence] * 20)
    texts = _texts(text, chunk_markdown(text, "en", SMALL))
    assert len(texts) > 1
    assert all(piece.endswith("today.") and piece.startswith("The parcel") for piece in texts)


def test_lists_are_cut_between_items() -> None:
    items = [f"{number}. Do this thing and that thing too, please." for number in range(1, 20)]
    text = "\n".join(items)
    texts = _texts(text, chunk_markdown(text, "en", SMALL))
    assert len(texts) > 1
    assert [line for piece in texts for line in piece.split("\n")] == items


def test_pieces_are_about_the_target_and_no_tiny_rest_stays() -> None:
    text = "\n\n".join(["Forty words of a paragraph go here. " * 5] * 20)
    counts = LARGE.count_tokens(_texts(text, chunk_markdown(text, "en", LARGE)))
    assert all(100 <= count <= 225 for count in counts)


def test_shorten_keeps_whole_tokens() -> None:
    assert shorten("one two three", 2, SMALL) == "one two"
    assert shorten("one two", 2, SMALL) == "one two"
