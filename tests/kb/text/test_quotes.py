"""What one text took from another is found, however it was changed on the way."""

from __future__ import annotations

import pytest

from kb.text.quotes import Quotes, sayings

SAID = (
    "Hi! My parcel LP4830012957 was left with the neighbour, who is away; ring him? "
    "No. The depot relabelled it by hand → sent on the same day."
)


def _found(text: str, said: str = SAID, language: str = "en") -> list[str]:
    hits = sorted(
        {(quote.start, quote.end) for quote in Quotes(sayings(said, language)).find(text)}
    )
    joined: list[tuple[int, int]] = []
    for start, end in hits:
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return [text[start:end] for start, end in joined]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("> THE DEPOT  relabelled\nit by hand", ["THE DEPOT  relabelled\nit by hand"]),
        ("1. Sent on, the same day.", ["Sent on, the same day"]),
        (
            "It was left with the neighbour, who is away again.",
            ["was left with the neighbour, who is away"],
        ),
        (
            "She said **“My parcel [številka] was left with the neighbour”**.",
            ["My parcel [številka] was left with the neighbour"],
        ),
        ("My parcel was left with the neighbour.", ["My parcel was left with the neighbour"]),
        ("It was left with the neighbour.", []),
        ("Hi! No.", []),
        ("", []),
    ],
)
def test_quotes_are_found_whatever_stands_around_them(text: str, found: list[str]) -> None:
    masked = SAID.replace("LP4830012957", "[number]")
    assert _found(text, f"{SAID}\n{masked}") == found


def test_every_word_of_a_long_quote_is_found() -> None:
    long = "a is it to be or no but so we do not go at all and he is up by us as of me"
    assert _found(f"He: {long}!", long) == [long]
    assert _found(f"He: {long[2:-3]}!", long) == [long[2:-3]]


def test_other_scripts_and_forms_of_letters_are_the_same() -> None:
    assert _found("ＴＨＥ depot relabelled it by hand", SAID)
    assert _found("sosedov pes je bil spet zunaj", "Sosedov pes je bil spet zunaj.", "sl")
    assert not Quotes(())
    assert list(Quotes(()).find("anything")) == []
