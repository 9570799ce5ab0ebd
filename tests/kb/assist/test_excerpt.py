"""What of a Markdown passage can be quoted, and where it stands."""

from __future__ import annotations

import pytest

from kb.assist.excerpt import Kind, plain, units_of

PASSAGE = """Contact us **straight away**. Correcting is [always free](article:free).

## What to do

Do this:

1. Open your *tracking page*
   and log in.
2. Call `the number` there.

- **Locker:** 72 hours. Not longer.
- Point: 7 days

| Where | Days |
|---|---|
| Point | 7 |

```
code is not quoted
```

---
"""


def test_units_are_whole_and_their_spans_exact() -> None:
    units = units_of(PASSAGE, "en")
    assert [(unit.kind, unit.text) for unit in units] == [
        (Kind.sentence, "Contact us straight away."),
        (Kind.sentence, "Correcting is always free."),
        (Kind.sentence, "Do this:"),
        (Kind.step, "1. Open your tracking page and log in."),
        (Kind.step, "2. Call the number there."),
        (Kind.bullet, "- Locker: 72 hours. Not longer."),
        (Kind.bullet, "- Point: 7 days"),
        (Kind.table, "Where | Days\nPoint | 7"),
    ]
    assert all(plain(PASSAGE[unit.start : unit.end]) == unit.text for unit in units)


def test_steps_share_a_group_with_the_sentence_that_opens_them() -> None:
    groups = {unit.text: unit.group for unit in units_of(PASSAGE, "en")}
    assert groups["Do this:"] == groups["2. Call the number there."] == 1
    assert groups["Contact us straight away."] == 0


def test_bullets_know_what_opens_them_and_links_are_marked() -> None:
    units = units_of("What it costs:\n\n- £3 [later](article:later)\n", "en")
    assert units[1].opener == units[0]
    assert units[1].refers
    assert not units[0].refers


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("**Bold and `code`** stay", "Bold and code stay"),
        ("snake_case_name and 2*3*4", "snake_case_name and 2*3*4"),
        ("a \\*star\\* &amp; co", "a *star* & co"),
        ("see [status](https://lipa.example/status)", "see status (https://lipa.example/status)"),
        ("mail <mailto:phishing@lipa.example>", "mail phishing@lipa.example"),
        ("half of **a pair", "half of a pair"),
        ("![a box](/box.png) here", "a box here"),
        ("<b>html</b> goes", "html goes"),
    ],
)
def test_markdown_is_stripped_and_words_are_kept(markdown: str, text: str) -> None:
    assert plain(markdown) == text


@pytest.mark.parametrize("passage", ["", "\n\n", "# Only a heading", "---", "```\ncode\n"])
def test_nothing_to_quote(passage: str) -> None:
    assert units_of(passage, "en") == []
