"""Generated sentences must say what their sources say."""

from __future__ import annotations

import pytest

from kb.assist.support import backing, facts_of
from kb.ports import Encoder

SOURCES = {
    "en": [
        "If the parcel has not been handed over yet, the sender can correct the postcode.",
        "A change after 22:00 costs £3.",
        "Do not throw the packaging away.",
    ],
    "cs": ["Zásilka na výdejním místě čeká 7 dní."],
    "pl": ["Paczka czeka w automacie 72 godziny."],
}


def backed(generated: list[str], encoder: Encoder, language: str = "en") -> list[int] | None:
    sources = SOURCES[language]
    vectors = encoder.encode([*generated, *sources], "passage")
    count = len(generated)
    return backing(generated, vectors[:count], sources, vectors[count:], language)


GOOD = [
    "The sender can still correct the postcode if the parcel has not been handed over yet.",
    "A change costs £3 after 22:00.",
    "Please do not throw the packaging away.",
]


def test_the_same_in_other_words_is_backed(encoder: Encoder) -> None:
    assert backed(GOOD, encoder) == [0, 1, 2]
    assert backed(["W automacie paczka czeka 72 godziny."], encoder, "pl") == [0]


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        (1, "A change costs £5 after 22:00."),  # another amount
        (1, "A change costs €3 after 22:00."),  # another currency
        (1, "A change costs £3."),  # a condition dropped
        (1, "A change after 22:00 costs three pounds."),  # not the figure of the source
        (1, "A change after 22:00 always costs £3."),  # a claim of its own
        (1, "A change after 22:00 costs £3, see evil.example/pay."),  # an address of its own
        (1, "A change by Lipa after 22:00 costs £3 in Leeds."),  # names of its own
        (2, "Please throw the packaging away."),  # the "not" dropped
        (0, "The sender cannot correct the postcode if the parcel has not been handed over."),
        (0, "Our staff love trees."),  # something else
    ],
)
def test_a_changed_fact_is_not(row: int, wrong: str, encoder: Encoder) -> None:
    changed = [wrong if number == row else said for number, said in enumerate(GOOD)]
    assert backed(changed, encoder) is None


def test_leaving_a_source_out_is_not_backed(encoder: Encoder) -> None:
    assert backed(GOOD[:2], encoder) is None
    assert backed([], encoder) is None


@pytest.mark.parametrize(
    ("sentence", "language", "negated"),
    [
        ("Zásilka nepřišla.", "cs", True),
        ("Zásilka přišla.", "cs", False),
        ("Paczka nie przyszła.", "pl", True),
        ("Paket ni prispel.", "sl", True),
        ("A csomag nem érkezett meg.", "hu", True),
        ("It doesn't open.", "en", True),
        ("It opens.", "en", False),
    ],
)
def test_negation_is_seen_in_every_language(sentence: str, language: str, negated: bool) -> None:
    assert (facts_of(sentence, language).negations > 0) is negated


def test_facts_hold_numbers_codes_units_and_addresses() -> None:
    facts = facts_of(
        "Write to phishing@lipa.example about LP4830012957 before 12.5. for 20 kg.", "en"
    )
    assert {"lp4830012957", "12.5", "20", "kg"} <= facts.numbers
    assert "phishing@lipa.example" in facts.addresses
