"""Every language says everything."""

from __future__ import annotations

import pytest

from kb.text.phrases import get_phrases, phrase_languages

LANGUAGES = ("cs", "en", "hu", "pl", "sl")


def test_five_languages_have_phrases() -> None:
    assert phrase_languages() == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_worded(language: str) -> None:
    phrases = get_phrases(language)
    assert phrases.language == language
    assert all((phrases.greeting, phrases.lead, phrases.closing, phrases.offers, phrases.fillers))
    assert set(phrases.reasons) == {"empty", "asks_nothing", "nothing_found", "not_sure"}
    assert tuple(sorted(phrases.names)) == LANGUAGES
    assert len({phrases.notice(source) for source in (*LANGUAGES, "de")}) == 6
    assert "de" in phrases.notice("de")


def test_regions_have_their_language_and_unknown_languages_english() -> None:
    assert get_phrases("pl-PL") == get_phrases("pl")
    assert get_phrases("de").language == "en"
    assert get_phrases("../../etc/passwd").language == "en"
