"""Diff and three-way merge: nothing lost, nothing overwritten, in bounded time."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kb.text.diff import blocks_of, diff_blocks, diff_text, diff_words
from kb.text.merge import MIDDLE, OURS, THEIRS, merge

LINES = st.lists(st.sampled_from(["one", "two words", "", "Štiri", "five six seven"]), max_size=8)
TEXTS = LINES.map("\n".join)


def joined(spans: object) -> str:
    return "".join(span.text for span in spans)  # type: ignore[attr-defined]


def test_words_are_marked_inside_the_paragraph_that_changed() -> None:
    old = "First.\n\nSend the form within 14 days.\n\nLast."
    new = "First.\n\nSend the form within 30 days.\n\nNew.\n\nLast."
    blocks = diff_blocks(old, new)
    assert [block.kind for block in blocks] == ["equal", "changed", "added", "equal"]
    assert [(s.kind, s.text) for s in blocks[1].spans] == [
        ("equal", "Send the form within "),
        ("removed", "14"),
        ("added", "30"),
        ("equal", " days."),
    ]
    assert joined(blocks[1].old) == "Send the form within 14 days."
    assert joined(blocks[1].new) == "Send the form within 30 days."


def test_another_paragraph_is_not_a_changed_one() -> None:
    kinds = [b.kind for b in diff_blocks("Where is my parcel?", "Refunds take ten days.")]
    assert kinds == ["removed", "added"]


def test_as_text_only_what_is_near_a_change_is_shown() -> None:
    old = "\n\n".join(["a", "b", "c one", "d", "e"])
    assert diff_text(old, old) == ""
    expected = "...\n\nb\n\nc [-one-]{+two+}\n\nd\n\n..."
    assert diff_text(old, old.replace("one", "two")) == expected


@settings(max_examples=100, deadline=None)
@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_off_a_diff(old: str, new: str) -> None:
    blocks = diff_blocks(old, new)
    assert [t for b in blocks if (t := joined(b.old))] == blocks_of(old)
    assert [t for b in blocks if (t := joined(b.new))] == blocks_of(new)
    spans = diff_words(old, new)
    assert joined(s for s in spans if s.kind != "added") == old
    assert joined(s for s in spans if s.kind != "removed") == new


def test_changes_in_different_places_are_put_together() -> None:
    base = "One.\nSend it in 14 days to us.\nLast."
    ours = base.replace("14", "30")
    theirs = base.replace("Last", "Very last").replace("to us", "to the depot")
    merged = merge(base, ours, theirs)
    assert merged.conflicts == 0
    assert merged.text == "One.\nSend it in 30 days to the depot.\nVery last."


def test_changes_in_one_place_are_both_shown() -> None:
    merged = merge("a\n14 days\nb", "a\n30 days\nb", "a\n10 days\nb")
    assert merged.conflicts == 1
    assert merged.text == f"a\n{OURS}\n30 days\n{MIDDLE}\n10 days\n{THEIRS}\nb"
    [conflict] = [piece for piece in merged.pieces if piece.is_conflict]
    assert (conflict.base, conflict.ours, conflict.theirs) == (
        "14 days\n",
        "30 days\n",
        "10 days\n",
    )


@settings(max_examples=100, deadline=None)
@given(TEXTS, TEXTS)
def test_what_one_side_left_alone_is_the_other_sides(base: str, changed: str) -> None:
    assert merge(base, changed, base).text == changed
    assert merge(base, base, changed).text == changed
    assert merge(base, changed, changed).text == changed


@settings(max_examples=100, deadline=None)
@given(TEXTS, TEXTS, TEXTS)
def test_no_word_that_a_side_added_is_lost(base: str, ours: str, theirs: str) -> None:
    merged = merge(base, ours, theirs)
    words = set(merged.text.split())
    assert (set(ours.split()) | set(theirs.split())) - set(base.split()) <= words
    swapped = merge(base, theirs, ours)
    assert swapped.conflicts == merged.conflicts


def test_long_and_monotonous_texts_are_compared_too() -> None:
    same, lines = "la " * 20_000, "\n\n".join("x" for _ in range(20_000))
    assert diff_blocks(same, same + "end")[-1].kind == "changed"
    assert diff_blocks(lines, lines + "\n\ny")[-1].kind == "added"
    assert diff_blocks(lines, lines.replace("x", "y"))
    assert merge(lines, lines + "\nours", "theirs\n" + lines).conflicts == 0
