"""Confidence from a hit's figures, with the packaged weights."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kb.search.calibrate import Figures, packaged_calibration

GOOD = Figures(score=1.3, body=0.6, title=0.6, words=1.0, margin=0.1)


@pytest.mark.parametrize("language", ["en", "pl", "cs", "sl", "hu"])
def test_an_article_far_ahead_of_all_others_is_surer(language: str) -> None:
    calibration = packaged_calibration("article", is_first=True)
    near, ahead = (
        calibration.confidence(replace(GOOD, margin=margin), language, language)
        for margin in (0.02, 0.3)
    )
    assert near + 0.2 < ahead < 1


@pytest.mark.parametrize("pool", ["article", "case"])
@pytest.mark.parametrize("is_first", [True, False])
def test_figures_beyond_what_was_learned_change_nothing(pool: str, is_first: bool) -> None:
    calibration = packaged_calibration(pool, is_first)
    most, beyond = (
        calibration.confidence(replace(GOOD, title=title, words=words, margin=margin), "en", "en")
        for title, words, margin in ((0.7, 1.5, 0.4), (1.0, 2.2, 3.0))
    )
    assert most == beyond


def test_what_comes_after_the_first_is_less_sure_and_not_written_off() -> None:
    first = packaged_calibration("article", is_first=True).confidence(GOOD, "en", "en")
    second = packaged_calibration("article", is_first=False).confidence(
        replace(GOOD, margin=-0.05), "en", "en"
    )
    assert 0.1 < second < first


def test_languages_nothing_was_learned_of_have_a_confidence_too() -> None:
    calibration = packaged_calibration("article", is_first=True)
    assert 0 < calibration.confidence(GOOD, "de", "de") < 1
    assert calibration.confidence(GOOD, "de", "fr") < calibration.confidence(GOOD, "de", "de")
