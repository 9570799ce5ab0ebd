"""The made-up texts: the same each time, enough of them, and their truths where they say."""

from __future__ import annotations

from unicodedata import normalize

import pytest
from stdnum import iban, luhn
from stdnum.pl import pesel

from eval.personal.fill import LANGUAGES, make_texts
from kb.text.redact import PersonalKind


def values(language: str, kind: PersonalKind) -> list[str]:
    """What stands in the spans of that kind."""
    return [
        text.text[truth.span.start : truth.span.end]
        for text in make_texts(language, "test")
        for truth in text.truths
        if truth.span.kind is kind
    ]


def test_there_are_enough_texts_of_every_language() -> None:
    counts = [len(make_texts(language, "test")) for language in LANGUAGES]
    assert min(counts) >= 100
    assert sum(counts) >= 700


def test_the_same_seed_gives_the_same_texts() -> None:
    assert make_texts("sl", "test", 2) == make_texts("sl", "test", 2)
    assert make_texts("sl", "test", 2) != make_texts("sl", "test", 2, seed=1)


def test_halves_share_no_template_and_no_person() -> None:
    for language in LANGUAGES:
        halves = [make_texts(language, half, 2) for half in ("dev", "test")]
        names = [{name for text in made for name in text.names} for made in halves]
        assert not names[0] & names[1]
        assert not {t.text for t in halves[0]} & {t.text for t in halves[1]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_spans_lie_in_their_texts(language: str) -> None:
    for text in make_texts(language, "dev", 2):
        place = 0
        for truth in text.truths:
            assert place <= truth.span.start < truth.span.end <= len(text.text)
            place = truth.span.end


def test_numbers_pass_their_checks() -> None:
    def plain(number: str) -> str:
        return "".join(c for c in normalize("NFKC", number) if c.isalnum()).upper()

    ibans = [iban.is_valid(plain(n)) for n in values("sl", PersonalKind.iban)]
    assert sum(ibans) >= len(ibans) / 2  # the others are mistyped on purpose
    assert all(luhn.is_valid(plain(number)) for number in values("en", PersonalKind.card))
    assert any(pesel.is_valid(plain(n)) for n in values("pl", PersonalKind.national_id))
