"""Whether somebody speaks of what a phrase names."""

from __future__ import annotations

import pytest

from kb.text.mention import WINDOW, Said, concepts, ways_to_say


@pytest.mark.parametrize(
    ("language", "phrase", "said"),
    [
        ("en", "stuck parcel", "two parcels are stuck"),
        ("pl", "dopłata do paczki", "mam dopłacić za paczkę"),  # another word of the family
        ("cs", "sníh Brno", "napadl sníh u Brna"),
        ("sl", "Brno Dunaj", "cesta med Brnom in Dunajem"),  # forms no dictionary has
        ("hu", "lezárt depó", "a lezárt depóban"),
        ("hu", "adathalászat", "ez ADATHALÁSZAT?"),
    ],
)
def test_forms_of_words_are_found(language: str, phrase: str, said: str) -> None:
    assert _meant(phrase, said, language)


@pytest.mark.parametrize(
    ("language", "phrase", "said"),
    [
        ("en", "stuck parcel", "the parcel came"),
        ("en", "Brno", "brown"),
        ("pl", "śnieg Brno", "śnieg w Krakowie"),
    ],
)
def test_other_words_are_not(language: str, phrase: str, said: str) -> None:
    assert not _meant(phrase, said, language)


def test_synonyms_mean_the_same_also_those_of_several_words() -> None:
    groups = [("scam", "phishing", "fake message")]
    assert _meant("phishing", "I got a message that is fake", "en", groups)
    assert not _meant("phishing", "I got a message", "en", groups)


def test_names_are_capitals_inside_a_sentence() -> None:
    text = "Heavy snow in Brno. Since 16 November the SMS of Lipa waits"
    named = {word.key for word in concepts(text, "en", titled=True) if word.is_name}
    assert named == {"brno", "lipa"}
    [first] = concepts("Vienna", "en")
    assert first.is_name


def test_function_and_question_words_say_nothing() -> None:
    assert concepts("where is the", "en") == ()
    assert [word.key for word in concepts("kje je paket in paketi", "sl")] == ["paket"]


def test_words_must_stand_near_each_other() -> None:
    between = "and so we went on " * WINDOW
    assert _together(f"{between} the snow near Brno {between}")
    assert not _together(f"snow {between} Brno")
    assert not _together("")


def test_words_near_each_other_share_a_window_wherever_they_stand() -> None:
    for before in range(WINDOW * 2):
        words = " ".join(f"w{chr(97 + n % 26)}" for n in range(before))
        assert _together(f"{words} snow in Brno and then some"), before


def _together(said: str) -> bool:
    words = concepts("snow Brno", "en")
    return any(all(map(window.speaks_of, words)) for window in Said([said]).windows("en"))


def test_hints_come_without_lemmas() -> None:
    [word] = concepts("parcel", "en", ways_to_say([("parcel", "package")], "en"))
    assert word.hinted(Said(["two PACKAGES"]).starts)
    assert not word.hinted(Said(["two boxes"]).starts)


def _meant(
    phrase: str, said: str, language: str, groups: list[tuple[str, ...]] | None = None
) -> bool:
    words = concepts(phrase, language, ways_to_say(groups or [], language))
    [window] = Said([said]).windows(language)
    return all(map(window.speaks_of, words))
